import { attributesOf, type Cell } from './policy-cells.ts'
import type { RuleOfEither } from './policy-pair.ts'
import {
  isInBase,
  isInCandidate,
  type MarginPiece,
  mayMeet,
  type Possibility,
  possibilitiesIn,
  type RuleInCell,
} from './policy-possibilities.ts'
import { judge } from './policy-strictness.ts'

const isCap = ({ rule }: RuleOfEither): boolean => rule.kind === 'discount_cap'
const isShared = (entry: RuleOfEither): boolean => entry.inBase && entry.inCandidate

/** Caps and differing rules: what the two grants and the differences at equal grant follow from. */
export const isDecisive = (entry: RuleOfEither): boolean => isCap(entry) || !isShared(entry)

/**
 * Whether a cell need not be split any further, given that it has a piece for whatever its decisive rules depend on: the shared
 * rules, whatever they do in it, leave the candidate not looser. `different`: whether a quote is known that tells the policies
 * apart; until then a cell where the candidate is stricter has still to give one.
 *
 * At equal grant and equal margin a shared rule does the same under both policies. It adds the same approvals and violations to
 * both, so a candidate that is not looser by the differing rules alone is not looser with it; and where it ends absent, neither
 * decides. Where the candidate grants less it is stricter, unless the base cannot decide a quote that the candidate can.
 */
export function isExcluded(
  cell: Cell,
  entries: readonly RuleInCell[],
  marginPieces: readonly MarginPiece[],
  different: boolean,
): boolean {
  const decisive = entries.filter(isDecisive)
  const candidates = possibilitiesIn(cell, decisive.filter(isInCandidate), marginPieces)
  // Asked at most once: a cell can have as many pairs of possibilities as there are pairs of margins.
  let known: boolean | null = null
  const baseMayFail = (): boolean => {
    known ??= mayFailForBaseAlone(cell, entries)
    return known
  }
  return possibilitiesIn(cell, decisive.filter(isInBase), marginPieces).every(base =>
    candidates.every(candidate => {
      if (!mayMeet(base, candidate)) return true
      const standing = standingOf(base, candidate, baseMayFail)
      return standing === 'same' || (standing === 'stricter' && different)
    }),
  )
}

function standingOf(
  base: Possibility,
  candidate: Possibility,
  baseMayFail: () => boolean,
): 'same' | 'stricter' | 'open' {
  // A cap that ends absent keeps its policy from deciding, whatever the shared rules do.
  if (Number.isNaN(candidate.cap)) return 'stricter'
  if (Number.isNaN(base.cap)) return 'open'
  if (base.cap === candidate.cap) {
    const judgement = judge(base.outcome, candidate.outcome)
    return judgement === 'looser' ? 'open' : judgement
  }
  return candidate.cap < base.cap && !baseMayFail() ? 'stricter' : 'open'
}

/**
 * Whether, where the candidate grants less, some quote of the cell may be one that the base cannot decide and the candidate can.
 * Errs on the side of yes.
 */
function mayFailForBaseAlone(cell: Cell, entries: readonly RuleInCell[]): boolean {
  const costIsGiven = cell.get('cost_cents')?.kind === 'range'
  return entries.some(entry => {
    const { rule, truth } = entry
    if (!entry.inBase || isCap(entry) || truth === false) return false
    const names = attributesOf(rule.condition)
    const seesGrant = names.includes('discount_bps') || names.includes('margin_bps')
    // Apart from the grant, a shared rule sees the same under both policies and fails under both or none.
    if (isShared(entry) && !(truth === 'open' && seesGrant)) return false
    const needsCost =
      rule.kind === 'margin_floor' || names.includes('cost_cents') || names.includes('margin_bps')
    return (needsCost && !costIsGiven) || (truth !== true && names.some(name => name.startsWith('attr.')))
  })
}
