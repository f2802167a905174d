import { parse } from 'yaml'
import { z } from 'zod'
import { ATTACK_NAMES, type AttackName } from './attack.ts'
import type { CorpusHistory } from './corpus-history.ts'
import type { Rule, RuleDiff } from './policy.ts'
import { ruleShape } from './policy-text.ts'
import { done, type Result, refuse } from './refusal.ts'

/** What a candidate is attacked on. A report that was made of other material than the candidate's is told by `report_of`. */
export interface CorpusScene {
  readonly base: readonly Rule[]
  readonly diff: readonly RuleDiff[]
  readonly history: CorpusHistory
  /** Limits that differ from the default thresholds, by part and name. */
  readonly thresholds: Readonly<Record<string, unknown>>
  /** Other candidates in review on the same base. */
  readonly others: readonly { readonly candidate_id: string; readonly diff: readonly RuleDiff[] }[]
  /** `fitted`: with the response model of the history; `none`: win rate and expected margin are unknown. */
  readonly model: 'fitted' | 'none'
  /** Of what the report at hand was really made, as far as it is not the candidate's own material. */
  readonly report_of: Partial<Pick<CorpusScene, 'base' | 'diff' | 'history' | 'thresholds' | 'model'>> & {
    readonly candidate_id?: string
    readonly engine_version?: string
  }
}

/** One attack as somebody would try it, what stops it, and the same move made harmlessly: schema `clo_attack_case.v1`. */
export interface CorpusCase {
  readonly name: string
  readonly attack: AttackName
  readonly story: string
  readonly scene: CorpusScene
  readonly expected: {
    readonly measured: number
    /** Quote ids, rules, inputs or candidates; empty where the block is on an aggregate. */
    readonly smallest_set: readonly string[]
    /** Keys of the greatest contributors in order; empty where the block is on single ones. */
    readonly contributors: readonly string[]
  }
  /** The scene with what makes it harmless. */
  readonly twin: CorpusScene
}

const key = z.string().min(1)
const bps = z.int().min(-10_000).max(10_000)
const diffs = z.array(
  z
    .strictObject({
      rule_id: key,
      operation: z.enum(['add', 'update', 'remove']),
      field: key,
      from: z.union([ruleShape, z.string(), z.int(), z.null()]),
      to: z.union([ruleShape, z.string(), z.int(), z.null()]),
    })
    .transform(diff => ({ ...diff, rationale: 'an attack' })),
)
const run = z.strictObject({
  count: z.int().min(1).max(100_000),
  segment: z.string().default('smb'),
  region: z.string().default('na'),
  list_cents: z.int().min(1).default(10_000_000),
  cost_cents: z.int().min(0).nullable().default(5_000_000),
  requested_discount_bps: bps.default(500),
  granted_discount_bps: bps.nullable().default(null),
  won_bps: z.int().min(0).max(10_000).default(5000),
  approvals: z.enum(['recorded', 'unrecorded']).default('recorded'),
  attributes: z.record(key, z.union([z.string(), z.int()])).default({}),
})
const history = z.union([
  z.strictObject({ quotes: z.array(run).min(1) }),
  z.strictObject({
    market: z.strictObject({
      seed: z.int().min(0),
      quotes: z.int().min(1).max(100_000),
      approvals: z.enum(['recorded', 'unrecorded']).default('recorded'),
    }),
  }),
])
const parts = {
  base: z.array(ruleShape).min(1),
  diff: diffs,
  history,
  thresholds: z.record(key, z.unknown()),
  others: z.array(z.strictObject({ candidate_id: key, diff: diffs })),
  model: z.enum(['fitted', 'none']),
}
const { others: _, ...made } = parts
const reportOf = z.strictObject({ ...made, candidate_id: key, engine_version: key }).partial()
const shape = z.strictObject({
  schema: z.literal('clo_attack_case.v1'),
  name: z.string().regex(/^[a-z0-9-]+$/),
  attack: z.enum(ATTACK_NAMES),
  story: key,
  ...parts,
  thresholds: parts.thresholds.default({}),
  others: parts.others.default([]),
  model: parts.model.default('none'),
  report_of: reportOf.default({}),
  expected: z.strictObject({
    measured: z.int(),
    smallest_set: z.array(key).default([]),
    contributors: z.array(key).default([]),
  }),
  twin: z.strictObject({ ...parts, report_of: reportOf }).partial(),
})

/** Reads one case, YAML or JSON. Refuses bad_input with every fault. */
export function readCorpusCase(text: string): Result<CorpusCase> {
  const read = shape.safeParse(parse(text))
  if (!read.success) {
    const faults = read.error.issues.map(issue => `${issue.path.join('.')}: ${issue.message}`)
    return refuse(
      'bad_input',
      `the attack case has ${faults.length} fault(s): ${faults[0]}`,
      'mend the file',
      {
        faults,
      },
    )
  }
  const { name, attack, story, expected, twin, schema: _, ...written } = read.data
  const scene = written as CorpusScene
  return done({ name, attack, story, expected, scene, twin: { ...scene, ...(twin as Partial<CorpusScene>) } })
}
