import type { QuoteColumns } from './quote.ts'
import type { Instant, PolicyVersion } from './units.ts'

/** Why a quote does not speak for an applied version. */
export const FOREIGN_REASONS = [
  'other_policy_version',
  'before_activation',
  'after_replacement',
  'undated',
] as const
export type ForeignReason = (typeof FOREIGN_REASONS)[number]

/** When a version was in force: [from, to), `to` null while it is. */
export interface InForce {
  readonly version: PolicyVersion
  readonly from: Instant
  readonly to: Instant | null
}

export interface OutcomeRows {
  readonly rows: readonly number[]
  readonly foreign: Readonly<Record<ForeignReason, number>>
}

/**
 * The rows decided under a version, and the others counted by reason. The recorded version decides; where none is recorded,
 * the moment of quoting does.
 */
export function outcomeRows(columns: QuoteColumns, inForce: InForce): OutcomeRows {
  const foreign = { other_policy_version: 0, before_activation: 0, after_replacement: 0, undated: 0 }
  const rows: number[] = []
  const fromMs = Date.parse(inForce.from)
  const toMs = inForce.to === null ? Number.POSITIVE_INFINITY : Date.parse(inForce.to)
  for (let row = 0; row < columns.rows; row += 1) {
    const version = columns.policyVersion[row] as number
    const quotedAt = columns.quotedAt[row] as number
    if (version === inForce.version) rows.push(row)
    else if (!Number.isNaN(version)) foreign.other_policy_version += 1
    else if (Number.isNaN(quotedAt)) foreign.undated += 1
    else if (quotedAt < fromMs) foreign.before_activation += 1
    else if (quotedAt >= toMs) foreign.after_replacement += 1
    else rows.push(row)
  }
  return { rows, foreign }
}
