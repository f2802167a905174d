import type { z } from 'zod'

/** One fault of a document's shape in a reader's words: where it is, in backticks, and what is wrong. `whole` names the document itself. */
export const shapeFault = (issue: z.core.$ZodIssue, whole: string): string =>
  `\`${issue.path.map(String).join('.') || whole}\`: ${shapeFaultText(issue)}`

/** What is wrong, without the place. */
export function shapeFaultText({ message }: z.core.$ZodIssue): string {
  const plain = message
    .replace(/^Invalid input: /, '')
    .replace(/, received undefined$/, ', and it is missing')
  return plain.slice(0, 1).toLowerCase() + plain.slice(1)
}
