import { isAlias, isScalar, LineCounter, type Node, parseDocument, visit } from 'yaml'
import { z } from 'zod'
import type { CheckedPolicy, PolicyDocument } from './policy.ts'
import { RULE_KINDS } from './policy.ts'
import {
  type DocumentPlace,
  examinePolicy,
  invalidPolicy,
  type PolicyFault,
  type PolicyFinding,
} from './policy-check.ts'
import type { Result } from './refusal.ts'
import { shapeFaultText } from './shape-fault.ts'

const parameterName = z
  .string()
  .regex(/^(?!__)[A-Za-z_][A-Za-z0-9_]*$/, 'a parameter is named like `above_bps`')
const integer = z.int({ error: 'an integer within 2^53 - 1 is needed' })
/** Half a surrogate pair has no UTF-8 bytes, so no canonical form and no digest. */
const text = (limits: z.ZodString) =>
  limits.refine(value => value.isWellFormed(), 'the text is not valid Unicode')
const shape = z.strictObject({
  schema: z.literal('clo_policy.v1'),
  name: text(z.string().min(1).max(200)),
  rules: z.array(
    z.strictObject({
      id: z
        .string()
        .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/, 'an id has letters, digits, `.`, `_` and `-`'),
      kind: z.enum(RULE_KINDS),
      when: text(z.string({ error: 'a condition is text: put it in quotes' })),
      params: z.record(parameterName, integer).exactOptional(),
      tune: z
        .record(parameterName, z.strictObject({ min: integer, max: integer, step: integer }))
        .exactOptional(),
      protected: z.boolean().exactOptional(),
      approver: text(z.string().min(1).max(200)).exactOptional(),
      rationale: text(z.string().max(2000)).exactOptional(),
    }),
  ),
})

/** The shape of a policy document, for whoever takes one inside another document. */
export const policyShape: z.ZodType<PolicyDocument> = shape
/** The shape of one rule. */
export const ruleShape = shape.shape.rules.element

/** Reads YAML or JSON as a policy document, its shape alone. Refuses `invalid_policy` with line and column. */
export function readPolicyText(text: string): Result<PolicyDocument> {
  const read = readPlaced(text)
  return read.findings.length === 0 ? { ok: true, value: read.document } : invalidPolicy(read.findings)
}

/** Reads and checks in one, so that faults of a condition have line and column of the document too. */
export function checkPolicyText(text: string): Result<CheckedPolicy> {
  const read = readPlaced(text)
  if (read.findings.length > 0) return invalidPolicy(read.findings)
  const { policy, faults } = examinePolicy(read.document)
  if (faults.length === 0) return { ok: true, value: policy }
  const findings = faults.map(fault => placed(fault, read.locate(fault.place)))
  return invalidPolicy(findings.toSorted(inReadingOrder))
}

interface Position {
  readonly line: number
  readonly column: number
}
type Locate = (place: DocumentPlace) => Position

const placed = (fault: Omit<PolicyFault, 'place'>, at: Position): PolicyFinding => ({
  code: fault.code,
  message: fault.message,
  line: at.line,
  column: at.column,
  rule_id: fault.rule_id,
})

const inReadingOrder = (left: PolicyFinding, right: PolicyFinding): number =>
  (left.line ?? 0) - (right.line ?? 0) || (left.column ?? 0) - (right.column ?? 0)

function readPlaced(text: string): {
  readonly document: PolicyDocument
  readonly findings: readonly PolicyFinding[]
  readonly locate: Locate
} {
  const counter = new LineCounter()
  const source = parseDocument(text, { lineCounter: counter, prettyErrors: false, version: '1.2' })
  const positionAt = (offset: number): Position => {
    const { line, col } = counter.linePos(offset)
    return { line: Math.max(line, 1), column: Math.max(col, 1) }
  }
  const locate: Locate = place => positionAt(offsetOf(text, source, place))
  const findings: PolicyFinding[] = [...source.errors, ...source.warnings].map(error =>
    placed(
      {
        code: error.code === 'DUPLICATE_KEY' ? 'duplicate_key' : 'syntax',
        message: error.message.slice(0, 1).toLowerCase() + error.message.slice(1),
        rule_id: null,
      },
      positionAt(error.pos[0]),
    ),
  )
  // An alias would let one line stand for many, which neither a reader nor a diff could follow.
  visit(source, (_key, node) => {
    if (isAlias(node)) {
      const message = `the alias \`*${node.source}\` is not allowed: write the value out`
      findings.push(placed({ code: 'alias', message, rule_id: null }, positionAt(node.range?.[0] ?? 0)))
    }
  })
  if (findings.length > 0) return { document: NO_DOCUMENT, findings, locate }

  const shaped = shape.safeParse(source.toJS())
  if (shaped.success) return { document: shaped.data, findings, locate }
  const faults = shaped.error.issues.map(issue => {
    const path = issue.path.filter(key => typeof key !== 'symbol')
    const deepest = issue.code === 'unrecognized_keys' ? [...path, issue.keys[0] as string] : path
    return placed(
      {
        code: 'shape',
        message: `\`${deepest.join('.') || 'the document'}\`: ${issueText(issue)}`,
        rule_id: ruleIdAt(source.toJS(), path),
      },
      locate({ path: deepest, offset: 0 }),
    )
  })
  return { document: NO_DOCUMENT, findings: faults, locate }
}

const NO_DOCUMENT: PolicyDocument = { schema: 'clo_policy.v1', name: '', rules: [] }

const issueText = (issue: z.core.$ZodIssue): string =>
  issue.code === 'unrecognized_keys' ? 'no such key in a policy' : shapeFaultText(issue)

function ruleIdAt(document: unknown, path: readonly (string | number)[]): string | null {
  const [first, index] = path
  if (first !== 'rules' || typeof index !== 'number') return null
  const id: unknown = (document as { rules: readonly { id?: unknown }[] }).rules[index]?.id
  return typeof id === 'string' ? id : null
}

/** Offset of a place in the document's text; of its nearest parent that exists where the place itself does not. */
function offsetOf(text: string, source: ReturnType<typeof parseDocument>, place: DocumentPlace): number {
  for (let depth = place.path.length; depth >= 0; depth -= 1) {
    const node = (depth === 0 ? source.contents : source.getIn(place.path.slice(0, depth), true)) as
      | Node
      | null
      | undefined
    const start = node?.range?.[0]
    if (start === undefined) continue
    return start + (depth === place.path.length ? withinScalar(text, node as Node, place.offset) : 0)
  }
  return 0
}

/**
 * How far a character of a scalar's value lies from the scalar's start in the document. Exact for plain, quoted and literal
 * text without escapes or folding; otherwise the start of the scalar, which is still the right line to look at.
 */
function withinScalar(text: string, node: Node, offset: number): number {
  if (!isScalar(node) || typeof node.value !== 'string' || !node.range) return 0
  const [start, end] = node.range
  const written = text.slice(start, end)
  const opening = /^["']/.test(written) ? 1 : 0
  if (written.startsWith(node.value, opening)) return opening + offset
  if (node.type !== 'BLOCK_LITERAL') return 0
  const linesBefore = node.value.slice(0, offset).split('\n')
  const lines = written.split('\n')
  const indent = /^ */.exec(lines[1] ?? '')?.[0].length ?? 0
  const skipped = lines.slice(0, linesBefore.length).reduce((sum, line) => sum + line.length + 1, 0)
  return skipped + indent + (linesBefore.at(-1) as string).length
}
