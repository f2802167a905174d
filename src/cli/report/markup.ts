/** Text that is HTML already; everything else is escaped when it enters a template. */
export class Markup {
  readonly text: string
  constructor(text: string) {
    this.text = text
  }
}

export type Content = Markup | string | number | null | readonly Content[]

/** Template of HTML: values are escaped, markup is kept, lists are joined, null is nothing. */
export function html(parts: TemplateStringsArray, ...values: readonly Content[]): Markup {
  return new Markup(
    parts.map((part, at) => part + (at < values.length ? said(values[at] ?? null) : '')).join(''),
  )
}

function said(content: Content): string {
  if (content === null) return ''
  if (content instanceof Markup) return content.text
  if (typeof content === 'string') return escaped(content)
  if (typeof content === 'number') return String(content)
  return content.map(said).join('')
}

/** A message of the tool for a page: what stands in backticks becomes code, the first letter is a capital, and it ends in a stop. */
export function prose(message: string): Markup {
  const sentence = message.charAt(0).toUpperCase() + message.slice(1)
  const stopped = /[.!?:]$/.test(sentence) ? sentence : `${sentence}.`
  return new Markup(escaped(stopped).replace(/`([^`]+)`/g, '<code>$1</code>'))
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

export const escaped = (text: string): string => text.replace(/[&<>"']/g, mark => ENTITIES[mark] as string)
