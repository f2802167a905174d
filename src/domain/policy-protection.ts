import { marginBps, netCents } from './arithmetic.ts'
import { attributeOf, type Request } from './decision.ts'
import { type AttributeName, type AttributeValue, type Expression, evaluate } from './expression.ts'
import type { CheckedPolicy, CheckedRule } from './policy.ts'
import {
  type Cell,
  Cuts,
  comparisonsOf,
  type Piece,
  standIn,
  truthSoFar,
  undecidedAttributesOf,
} from './policy-cells.ts'
import { guarding, stopping } from './policy-guards.ts'
import { effectText } from './policy-pair.ts'
import { findWitness, type MarginDemand, pairsToTry, type Witness } from './policy-witness.ts'
import type { Bps } from './units.ts'

/** A protected rule that a candidate loosens. */
export interface LoosenedRule {
  readonly rule_id: string
  /** A quote and a grant that the base's rule stops and no protected rule of the candidate does; null where unsettled. */
  readonly witness: { readonly quote: Request; readonly grantedDiscountBps: Bps } | null
  /** `unsettled` when the budget ended, or a quote was neither found nor excluded: that counts as loosened. */
  readonly reason: 'unsettled' | null
}

/** Comparisons looked at, over all cells of all protected rules, before giving up: a few seconds at most. */
const BUDGET_COMPARISONS = 20_000_000
/** A pair of list price and discount for which a cost is solved takes as long as so many. */
const COMPARISONS_PER_PAIR = 20

/**
 * The protected rules of the base that stop something, at some grant, which the candidate's protected rules let pass at the same
 * grant: the rule was removed, narrowed, disabled, given a weaker limit or another approver, or lost its protection. Only what
 * is protected in the candidate counts as stopping, else the next candidate could take it away. A condition that ends
 * absent stops nothing: it would only move the quote out of sight.
 */
export function loosenedProtectedRules(
  base: CheckedPolicy,
  candidate: CheckedPolicy,
): readonly LoosenedRule[] {
  const guards = candidate.rules.filter(rule => rule.protected)
  const kept = new Set(guards.map(effectText))
  const changed = base.rules.filter(rule => rule.protected && !kept.has(effectText(rule)))
  let budget = BUDGET_COMPARISONS
  return changed.flatMap((rule, at): readonly LoosenedRule[] => {
    const share = Math.floor(budget / (changed.length - at))
    const passage = new Passage(rule, guards, share)
    const found = passage.find()
    budget -= share - Math.max(passage.budget, 0)
    if (found === 'none') return []
    return found === 'unsettled'
      ? [{ rule_id: rule.id, witness: null, reason: 'unsettled' }]
      : [{ rule_id: rule.id, witness: found, reason: null }]
  })
}

/** The search for something that `rule` stops and none of the guards does. */
class Passage {
  readonly #isCap: boolean
  readonly #stops: Sized
  readonly #guards: readonly Sized[]
  readonly #pieces: ReadonlyMap<AttributeName, readonly Piece[]>
  /** Comparisons that may still be looked at; below zero once it was not enough. */
  budget: number
  #unsettled = false

  constructor(rule: CheckedRule, guards: readonly CheckedRule[], budget: number) {
    this.budget = budget
    this.#isCap = rule.kind === 'discount_cap'
    this.#stops = sized(stopping(rule))
    this.#guards = guards.flatMap(guard => guarding(rule, guard) ?? []).map(sized)
    this.#pieces = piecesOf([this.#stops, ...this.#guards])
  }

  find(): NonNullable<LoosenedRule['witness']> | 'none' | 'unsettled' {
    return this.#visit(new Map(), this.#guards) ?? (this.#unsettled ? 'unsettled' : 'none')
  }

  /** Looks through a cell in which the rule may stop something. `guards`: those that may still be true in it. */
  #visit(cell: Cell, guards: readonly Sized[]): LoosenedRule['witness'] {
    const lookUp = (attribute: AttributeName): AttributeValue | undefined => valueIn(cell, attribute)
    if (!this.#affords(this.#stops.comparisons.length + 1)) return null
    const stops = truthSoFar(this.#stops.expression, lookUp)
    if (stops === false || stops === 'absent') return null
    const open: Sized[] = []
    for (const guard of guards) {
      if (!this.#affords(guard.comparisons.length)) return null
      const truth = truthSoFar(guard.expression, lookUp)
      if (truth === true) return null
      if (truth === 'open') open.push(guard)
    }
    const [next] = nearest(stops === 'open' ? [this.#stops] : open, lookUp)
    if (next === undefined) return this.#realise(cell)
    for (const piece of this.#pieces.get(next) as readonly Piece[]) {
      const inside = withPiece(cell, next, piece)
      const found = inside === null ? null : this.#visit(inside, open)
      if (found !== null) return found
      if (this.budget < 0) return null
    }
    return null
  }

  /** Takes this much off the budget; false, and unsettled, where it is not there. */
  #affords(comparisons: number): boolean {
    this.budget -= comparisons
    if (this.budget < 0) this.#unsettled = true
    return this.budget >= 0
  }

  #realise(cell: Cell): LoosenedRule['witness'] {
    const grants = grantsIn(cell)
    for (const { cap, placed, standsForAll } of grants) {
      const margin = cell.get('margin_bps')
      const demands: readonly MarginDemand[] = margin?.kind === 'range' ? [{ cap, margin }] : []
      if (!this.#affords(COMPARISONS_PER_PAIR * pairsToTry(placed))) return null
      const quote: Witness = findWitness(placed, demands)
      if (typeof quote === 'string') {
        if (quote === 'not_found' || !standsForAll) this.#unsettled = true
        continue
      }
      const witness = { quote, grantedDiscountBps: Math.min(quote.requestedDiscountBps, cap) }
      if (this.#confirms(witness)) return witness
      this.#unsettled = true
    }
    return null
  }

  #confirms({ quote, grantedDiscountBps }: NonNullable<LoosenedRule['witness']>): boolean {
    const discountBps = this.#isCap ? quote.requestedDiscountBps : grantedDiscountBps
    const net = netCents(quote.listCents, discountBps)
    const decided = {
      discountBps,
      marginBps: quote.costCents === null ? null : marginBps(net, quote.costCents),
    }
    const truth = (expression: Expression) =>
      evaluate(expression, attribute => attributeOf(quote, attribute, decided))
    return (
      truth(this.#stops.expression) === true && !this.#guards.some(guard => truth(guard.expression) === true)
    )
  }
}

/** An expression with its comparisons, which is what looking at it costs. */
interface Sized {
  readonly expression: Expression
  readonly comparisons: ReturnType<typeof comparisonsOf>
}

const sized = (expression: Expression): Sized => ({ expression, comparisons: comparisonsOf(expression) })

/**
 * What is left to know of the expression that the fewest attributes keep open: it is the soonest to be settled, and with it
 * most often the cell. A rule that was split is covered by its own parts, which what splits them alone keeps open, however many
 * other rules there are.
 */
const nearest = (
  open: readonly Sized[],
  lookUp: (attribute: AttributeName) => AttributeValue | undefined,
): readonly AttributeName[] =>
  open
    .map(({ expression }) => undecidedAttributesOf(expression, lookUp))
    .reduce((fewest, next) => (fewest.length > 0 && fewest.length <= next.length ? fewest : next), [])

function piecesOf(expressions: readonly Sized[]): ReadonlyMap<AttributeName, readonly Piece[]> {
  const cuts = new Map<AttributeName, Cuts>()
  for (const comparison of expressions.flatMap(({ comparisons }) => comparisons)) {
    const known = cuts.get(comparison.attribute) ?? new Cuts()
    cuts.set(comparison.attribute, known.addComparisons([comparison]))
  }
  return new Map([...cuts].map(([attribute, cut]) => [attribute, cut.pieces(attribute)]))
}

const valueIn = (cell: Cell, attribute: AttributeName): AttributeValue | undefined => {
  const piece = cell.get(attribute)
  return piece === undefined ? undefined : standIn(piece)
}

/** The cell with one more piece, null where it contradicts: the margin is absent exactly where the cost is. */
function withPiece(cell: Cell, attribute: AttributeName, piece: Piece): Cell | null {
  const other: AttributeName | null =
    attribute === 'margin_bps' ? 'cost_cents' : attribute === 'cost_cents' ? 'margin_bps' : null
  const partner = other === null ? undefined : cell.get(other)
  if (partner !== undefined && (partner.kind === 'absent') !== (piece.kind === 'absent')) return null
  const next = new Map([...cell, [attribute, piece] as const])
  if (other !== null && piece.kind === 'absent') next.set(other, piece)
  return next
}

/** A way to choose requested and granted discount in a cell. */
interface Grant {
  /** The requested discount is granted, but at most this. */
  readonly cap: Bps
  readonly placed: Cell
  /** Whether no other choice in the cell could do what this one cannot. */
  readonly standsForAll: boolean
}

/** The grants to try; none where the cell has no request as large as its grant, since a grant never exceeds the request. */
function grantsIn(cell: Cell): readonly Grant[] {
  const granted = cell.get('discount_bps')
  const requested = cell.get('requested_discount_bps')
  const asAsked = (placed: Cell): Grant => ({ cap: Infinity, placed, standsForAll: true })
  if (granted?.kind !== 'range') return [asAsked(cell)]
  if (requested?.kind !== 'range') {
    return [asAsked(new Map([...cell, ['requested_discount_bps', granted] as const]))]
  }
  const largest = Math.min(granted.max, requested.max)
  if (largest < granted.min) return []
  return [...new Set([granted.min, largest])].map(grant => {
    const above: Piece = { kind: 'range', min: Math.max(requested.min, grant), max: requested.max }
    return {
      cap: grant,
      placed: new Map([...cell, ['requested_discount_bps', above] as const]),
      standsForAll: largest - granted.min <= 1,
    }
  })
}
