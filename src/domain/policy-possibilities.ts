import { type Cell, type OpenTruth, type Piece, RANGE_OF } from './policy-cells.ts'
import { outcomeOfRules, type RuleOfEither } from './policy-pair.ts'
import type { Outcome } from './policy-strictness.ts'
import type { MarginDemand } from './policy-witness.ts'
import type { Bps } from './units.ts'

/** A rule of either policy, with its truth as far as a cell decides it. */
export interface RuleInCell extends RuleOfEither {
  readonly truth: OpenTruth
}

export const isInBase = (entry: RuleOfEither): boolean => entry.inBase
export const isInCandidate = (entry: RuleOfEither): boolean => entry.inCandidate

export type MarginPiece = Extract<Piece, { kind: 'range' }>

/** What one policy may do with the quotes of a cell. */
export interface Possibility {
  readonly outcome: Outcome
  /** The cap where it binds in the whole cell, Infinity where the requested discount is granted, NaN where a cap is absent. */
  readonly cap: Bps
  /** The margin it takes; null where the margin does not matter. */
  readonly demand: MarginDemand | null
}

/** Whether one quote can show both: at the same grant both policies see the same margin. */
export const mayMeet = (base: Possibility, candidate: Possibility): boolean =>
  base.cap !== candidate.cap || base.demand?.margin === candidate.demand?.margin

const WHOLE_REQUEST = { kind: 'range', ...RANGE_OF.requested_discount_bps } as MarginPiece

/** Each outcome of the rules of one policy in a cell that has a piece for whatever they depend on. */
export function possibilitiesIn(
  cell: Cell,
  rules: readonly RuleInCell[],
  marginPieces: readonly MarginPiece[],
): readonly Possibility[] {
  const caps = rules.filter(entry => entry.rule.kind === 'discount_cap')
  if (caps.some(entry => entry.truth === 'absent')) {
    return [{ outcome: { kind: 'undecided' }, cap: Number.NaN, demand: null }]
  }
  const limits = caps.map(entry => (entry.truth === true ? (entry.rule.limitBps as Bps) : Infinity))
  const requested = (cell.get('requested_discount_bps') ?? WHOLE_REQUEST) as MarginPiece
  const smallest = Math.min(...limits)
  const cap = smallest >= requested.max ? Infinity : smallest
  const others = rules.filter(entry => entry.rule.kind !== 'discount_cap')
  const possibility = (marginBps: Bps | null, demand: MarginDemand | null): Possibility => ({
    outcome: outcomeOfRules(others, cell, Math.min(requested.min, cap), marginBps),
    cap,
    demand,
  })
  // Whatever depends on the margin has asked for the cost, see `needsOf`.
  if (cell.get('cost_cents')?.kind !== 'range' || marginPieces.length === 0) return [possibility(null, null)]
  return marginPieces.map(margin => possibility(margin.min, { cap, margin }))
}
