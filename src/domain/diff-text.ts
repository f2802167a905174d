import { parseDocument } from 'yaml'
import { z } from 'zod'
import type { CandidateDiff } from './policy.ts'
import { ruleShape } from './policy-text.ts'
import { done, type Result, refuse } from './refusal.ts'
import { shapeFault } from './shape-fault.ts'

const side = z.union([ruleShape, z.string(), z.int(), z.null()])
const shape = z.strictObject({
  base_policy_version: z.int().min(1),
  rule_diffs: z.array(
    z.strictObject({
      rule_id: z.string().min(1),
      operation: z.enum(['add', 'update', 'remove']),
      field: z.string().min(1),
      from: side,
      to: side,
      rationale: z.string().max(2000).default(''),
    }),
  ),
})

/** Reads a candidate diff that somebody hands in, JSON or YAML. Refuses `bad_input`, naming every field that is wrong. */
export function readDiffText(text: string): Result<CandidateDiff> {
  const document = parseDocument(text)
  const unreadable = document.errors[0]
  if (unreadable !== undefined) {
    return refuse('bad_input', `the diff is neither JSON nor YAML: ${firstLine(unreadable.message)}`, REMEDY)
  }
  const parsed = shape.safeParse(document.toJS({ maxAliasCount: 0 }))
  if (parsed.success) return done(parsed.data)
  const findings = parsed.error.issues.map(issue => shapeFault(issue, 'the diff'))
  return refuse('bad_input', 'the diff has not the form of one', REMEDY, { findings })
}

const firstLine = (message: string): string => message.split('\n')[0] as string

const REMEDY =
  'hand in `{"base_policy_version": N, "rule_diffs": [{"rule_id", "operation", "field", "from", "to", "rationale"}]}`'
