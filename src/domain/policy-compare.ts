import { type Decision, decide, type NotReplayable, type Request } from './decision.ts'
import type { AttributeName } from './expression.ts'
import type { CheckedPolicy } from './policy.ts'
import { type Cell, type OpenTruth, type Piece, RANGE_OF } from './policy-cells.ts'
import {
  effectNeeds,
  outcomeOfRules,
  piecesFor,
  type RuleOfEither,
  rulesOfEither,
  truthIn,
} from './policy-pair.ts'
import { judge, type Outcome, outcomeOf } from './policy-strictness.ts'
import { findWitness, type MarginDemand } from './policy-witness.ts'
import type { Bps } from './units.ts'

export { type LoosenedRule, loosenedProtectedRules } from './policy-protection.ts'

/** A quote on which the candidate is looser, with both decisions. */
export interface Counterexample {
  readonly quote: Request
  readonly base: Decision | NotReplayable
  readonly candidate: Decision | NotReplayable
}

export interface PolicyComparison {
  readonly verdict: 'equal' | 'never_looser' | 'looser'
  readonly counterexample: Counterexample | null
  /** `unsettled` when the budget ended, or a quote was neither found nor excluded, before an answer was certain. */
  readonly reason: 'unsettled' | null
}

/** Cells looked at before a comparison gives up; a few seconds. */
export const COMPARISON_BUDGET_CELLS = 1_000_000

/**
 * Compares two policies on all possible quotes, by splitting them into cells in which no rule can tell two quotes apart. Cells
 * in which no differing rule matches are left at once, so that the work grows with the difference and not with the policies.
 * Never answers `equal` or `never_looser` without having settled every cell.
 */
export function comparePolicies(
  base: CheckedPolicy,
  candidate: CheckedPolicy,
  budget = COMPARISON_BUDGET_CELLS,
): PolicyComparison {
  return new Comparison(base, candidate, budget).run()
}

interface Possibility {
  readonly outcome: Outcome
  /** The cap where it binds in the whole cell, Infinity where the requested discount is granted. */
  readonly cap: Bps
  /** The margin it takes; null where the margin does not matter. */
  readonly demand: MarginDemand | null
}

class Comparison {
  readonly #base: CheckedPolicy
  readonly #candidate: CheckedPolicy
  readonly #rules: readonly RuleOfEither[]
  readonly #pieces: ReadonlyMap<AttributeName, readonly Piece[]>
  readonly #marginPieces: readonly Extract<Piece, { kind: 'range' }>[]
  #budget: number
  #different = false
  #unsettled = false

  constructor(base: CheckedPolicy, candidate: CheckedPolicy, budget: number) {
    this.#base = base
    this.#candidate = candidate
    this.#budget = budget
    this.#rules = rulesOfEither(base, candidate)
    this.#pieces = piecesFor(this.#rules.map(entry => entry.rule))
    // Sound margins first, so that a counterexample is a quote one could meet.
    this.#marginPieces = (this.#pieces.get('margin_bps') ?? [])
      .filter(piece => piece.kind === 'range')
      .toReversed()
  }

  run(): PolicyComparison {
    const open = this.#rules.map((): OpenTruth => 'open')
    const counterexample = this.#visit(new Map(), open)
    if (counterexample !== null) return { verdict: 'looser', counterexample, reason: null }
    if (this.#unsettled) return { verdict: 'looser', counterexample: null, reason: 'unsettled' }
    return { verdict: this.#different ? 'never_looser' : 'equal', counterexample: null, reason: null }
  }

  #visit(cell: Cell, before: readonly OpenTruth[]): Counterexample | null {
    this.#budget -= 1
    if (this.#budget < 0) {
      this.#unsettled = true
      return null
    }
    const truths = this.#rules.map((entry, index) =>
      before[index] === 'open' ? truthIn(cell, entry.rule) : (before[index] as OpenTruth),
    )
    const differs = this.#rules.some(
      (entry, index) => entry.inBase !== entry.inCandidate && truths[index] !== false,
    )
    // A rule of both that ends absent keeps both from deciding.
    const bothUndecided = this.#rules.some(
      (entry, index) => entry.inBase && entry.inCandidate && truths[index] === 'absent',
    )
    if (!differs || bothUndecided) return null
    const attribute = this.#nextAttribute(cell, truths)
    if (attribute === null) return this.#settle(cell, truths)
    for (const piece of this.#pieces.get(attribute) as readonly Piece[]) {
      const found = this.#visit(new Map([...cell, [attribute, piece]]), truths)
      if (found !== null) return found
      if (this.#budget < 0) return null
    }
    return null
  }

  /** What to split by next, null when nothing is left that matters. */
  #nextAttribute(cell: Cell, truths: readonly OpenTruth[]): AttributeName | null {
    for (const [index, entry] of this.#rules.entries()) {
      if (truths[index] === false) continue
      // A rule that surely matches still needs what its effect depends on.
      const needs = truths[index] === 'open' ? entry.needs : effectNeeds(entry.rule)
      const missing = needs.find(attribute => !cell.has(attribute))
      if (missing !== undefined) return missing
    }
    return null
  }

  /** Compares the outcomes in a cell where only the margin is still open. */
  #settle(cell: Cell, truths: readonly OpenTruth[]): Counterexample | null {
    const candidates = this.#possibilities(cell, truths, entry => entry.inCandidate)
    for (const base of this.#possibilities(cell, truths, entry => entry.inBase)) {
      for (const candidate of candidates) {
        // At the same grant both policies see the same margin.
        if (base.cap === candidate.cap && base.demand?.margin !== candidate.demand?.margin) continue
        const found = this.#weigh(cell, base, candidate)
        if (found !== null) return found
      }
    }
    return null
  }

  #weigh(cell: Cell, base: Possibility, candidate: Possibility): Counterexample | null {
    const judgement = judge(base.outcome, candidate.outcome)
    if (judgement === 'same' || (judgement === 'stricter' && this.#different)) return null
    const demands = [base.demand, candidate.demand].filter(demand => demand !== null)
    const witness = findWitness(cell, demands)
    if (witness === 'impossible') return null
    if (judgement === 'stricter') {
      this.#different = true
      return null
    }
    const confirmed = witness === 'not_found' ? null : this.#confirm(witness)
    if (confirmed === null) this.#unsettled = true
    return confirmed
  }

  #confirm(quote: Request): Counterexample | null {
    const base = decide(this.#base, quote)
    const candidate = decide(this.#candidate, quote)
    return judge(outcomeOf(base), outcomeOf(candidate)) === 'looser' ? { quote, base, candidate } : null
  }

  /** Each outcome of one policy in a cell. */
  #possibilities(
    cell: Cell,
    truths: readonly OpenTruth[],
    chosen: (entry: RuleOfEither) => boolean,
  ): readonly Possibility[] {
    const own = this.#rules
      .map((entry, index) => ({ rule: entry.rule, chosen: chosen(entry), truth: truths[index] as OpenTruth }))
      .filter(entry => entry.chosen)
    const caps = own.filter(entry => entry.rule.kind === 'discount_cap')
    if (caps.some(entry => entry.truth === 'absent')) {
      return [{ outcome: { kind: 'undecided' }, cap: Number.NaN, demand: null }]
    }
    const limits = caps.map(entry => (entry.truth === true ? (entry.rule.limitBps as Bps) : Infinity))
    const requested = (cell.get('requested_discount_bps') ?? WHOLE_REQUEST) as typeof WHOLE_REQUEST
    const smallest = Math.min(...limits)
    const cap = smallest >= requested.max ? Infinity : smallest
    const others = own.filter(entry => entry.rule.kind !== 'discount_cap')
    const possibility = (marginBps: Bps | null, demand: MarginDemand | null): Possibility => ({
      outcome: outcomeOfRules(others, cell, Math.min(requested.min, cap), marginBps),
      cap,
      demand,
    })
    // Whatever depends on the margin has asked for the cost, see `needsOf`.
    if (cell.get('cost_cents')?.kind !== 'range' || this.#marginPieces.length === 0)
      return [possibility(null, null)]
    return this.#marginPieces.map(margin => possibility(margin.min, { cap, margin }))
  }
}

const WHOLE_REQUEST = { kind: 'range', ...RANGE_OF.requested_discount_bps } as Extract<
  Piece,
  { kind: 'range' }
>
