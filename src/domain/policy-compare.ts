import { type Decision, decide, type NotReplayable, type Request } from './decision.ts'
import type { AttributeName } from './expression.ts'
import type { CheckedPolicy } from './policy.ts'
import type { Cell, OpenTruth, Piece } from './policy-cells.ts'
import { isDecisive, isExcluded } from './policy-exclusion.ts'
import { effectNeeds, piecesFor, type RuleOfEither, rulesOfEither, truthIn } from './policy-pair.ts'
import {
  isInBase,
  isInCandidate,
  mayMeet,
  type Possibility,
  possibilitiesIn,
  type RuleInCell,
} from './policy-possibilities.ts'
import { judge, outcomeOf } from './policy-strictness.ts'
import { isTightening } from './policy-tightening.ts'
import { findWitness } from './policy-witness.ts'

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

/** Rules looked at, over all cells, before a comparison gives up: some seconds, however many rules there are. */
const COMPARISON_BUDGET_RULES = 2_500_000

/**
 * Compares two policies on all possible quotes, by splitting them into cells in which no rule can tell two quotes apart. Cells
 * in which no differing rule matches are left at once, and so are those in which rules that both policies share can no longer
 * make the candidate looser; so the work grows with the difference and not with the policies.
 * Never answers `equal` without having settled every cell, nor `never_looser` unless it did, or saw it rule by rule.
 */
export function comparePolicies(
  base: CheckedPolicy,
  candidate: CheckedPolicy,
  budget = COMPARISON_BUDGET_RULES,
): PolicyComparison {
  return new Comparison(base, candidate, budget).run()
}

const NEVER_LOOSER: PolicyComparison = { verdict: 'never_looser', counterexample: null, reason: null }

class Comparison {
  readonly #base: CheckedPolicy
  readonly #candidate: CheckedPolicy
  readonly #rules: readonly RuleOfEither[]
  readonly #pieces: ReadonlyMap<AttributeName, readonly Piece[]>
  readonly #marginPieces: readonly Extract<Piece, { kind: 'range' }>[]
  #budget: number
  /** Whether the candidate is known never to be looser, so that one quote on which it differs says the rest. */
  readonly #tightens: boolean
  #different = false
  #unsettled = false

  constructor(base: CheckedPolicy, candidate: CheckedPolicy, budget: number) {
    this.#base = base
    this.#candidate = candidate
    this.#budget = budget
    this.#rules = rulesOfEither(base, candidate)
    this.#tightens = isTightening(this.#rules)
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
    if (this.#tightens && this.#different) return NEVER_LOOSER
    if (this.#unsettled) return { verdict: 'looser', counterexample: null, reason: 'unsettled' }
    return this.#different ? NEVER_LOOSER : { verdict: 'equal', counterexample: null, reason: null }
  }

  #visit(cell: Cell, before: readonly OpenTruth[]): Counterexample | null {
    if (this.#tightens && this.#different) return null
    this.#budget -= this.#rules.length
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
    const attribute = this.#nextAttribute(cell, truths, isDecisive)
    if (attribute !== null) return this.#split(cell, truths, attribute, this.#piecesOf(attribute))
    const entries = this.#rules.map((entry, index) => ({ ...entry, truth: truths[index] as OpenTruth }))
    if (isExcluded(cell, entries, this.#marginPieces, this.#different)) return null
    const another = this.#nextAttribute(cell, truths, () => true)
    if (another === null) return this.#settle(cell, entries)
    return this.#split(cell, truths, another, this.#quietestFirst(cell, truths, another))
  }

  #piecesOf(attribute: AttributeName): readonly Piece[] {
    const pieces = this.#pieces.get(attribute) as readonly Piece[]
    // Large requests first: there caps bind, and so there policies differ.
    return attribute === 'requested_discount_bps' ? pieces.toReversed() : pieces
  }

  /** A shared rule that matches, or fails, can only hide what the differing rules do; so the counterexample lies where none does. */
  #quietestFirst(cell: Cell, truths: readonly OpenTruth[], attribute: AttributeName): readonly Piece[] {
    const asking = this.#rules.filter(
      (entry, index) => truths[index] === 'open' && entry.needs.includes(attribute),
    )
    return this.#piecesOf(attribute)
      .map(piece => {
        const within = new Map([...cell, [attribute, piece]])
        const loud = asking.filter(({ rule }) => isLoud(truthIn(within, rule)))
        return { piece, loud: loud.length }
      })
      .toSorted((left, right) => left.loud - right.loud)
      .map(({ piece }) => piece)
  }

  #split(
    cell: Cell,
    truths: readonly OpenTruth[],
    attribute: AttributeName,
    pieces: readonly Piece[],
  ): Counterexample | null {
    for (const piece of pieces) {
      const found = this.#visit(new Map([...cell, [attribute, piece]]), truths)
      if (found !== null) return found
      if (this.#budget < 0) return null
    }
    return null
  }

  /** What to split by next for some of the rules, null when nothing is left that matters to them. */
  #nextAttribute(
    cell: Cell,
    truths: readonly OpenTruth[],
    among: (entry: RuleOfEither) => boolean,
  ): AttributeName | null {
    for (const [index, entry] of this.#rules.entries()) {
      if (truths[index] === false || !among(entry)) continue
      // A rule that surely matches still needs what its effect depends on.
      const needs = truths[index] === 'open' ? entry.needs : effectNeeds(entry.rule)
      const missing = needs.find(attribute => !cell.has(attribute))
      if (missing !== undefined) return missing
    }
    return null
  }

  /** Compares the outcomes in a cell where only the margin is still open. */
  #settle(cell: Cell, entries: readonly RuleInCell[]): Counterexample | null {
    const candidates = possibilitiesIn(cell, entries.filter(isInCandidate), this.#marginPieces)
    for (const base of possibilitiesIn(cell, entries.filter(isInBase), this.#marginPieces)) {
      for (const candidate of candidates) {
        if (!mayMeet(base, candidate)) continue
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
}

const isLoud = (truth: OpenTruth): boolean => truth === true || truth === 'absent'
