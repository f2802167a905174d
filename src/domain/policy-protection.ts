import { marginBps, netCents } from './arithmetic.ts'
import { attributeOf, type Request } from './decision.ts'
import { type AttributeName, type AttributeValue, type Expression, evaluate } from './expression.ts'
import type { CheckedPolicy, CheckedRule } from './policy.ts'
import {
  attributesOf,
  type Cell,
  Cuts,
  comparisonsOf,
  type Piece,
  standIn,
  truthSoFar,
} from './policy-cells.ts'
import { effectText } from './policy-pair.ts'
import { findWitness, type MarginDemand, type Witness } from './policy-witness.ts'
import type { Bps } from './units.ts'

/** A protected rule that a candidate loosens. */
export interface LoosenedRule {
  readonly rule_id: string
  /** A quote and a grant that the base's rule stops and no protected rule of the candidate does; null where unsettled. */
  readonly witness: { readonly quote: Request; readonly grantedDiscountBps: Bps } | null
  /** `unsettled` when the budget ended, or a quote was neither found nor excluded: that counts as loosened. */
  readonly reason: 'unsettled' | null
}

/** Cells looked at for one rule before giving up. */
const BUDGET_CELLS_PER_RULE = 50_000

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
  return base.rules
    .filter(rule => rule.protected)
    .filter(rule => !guards.some(guard => effectText(guard) === effectText(rule)))
    .flatMap((rule): readonly LoosenedRule[] => {
      const found = new Passage(rule, guards).find()
      if (found === 'none') return []
      return found === 'unsettled'
        ? [{ rule_id: rule.id, witness: null, reason: 'unsettled' }]
        : [{ rule_id: rule.id, witness: found, reason: null }]
    })
}

/** The search for something that `rule` stops and none of the guards does. */
class Passage {
  readonly #isCap: boolean
  readonly #stops: Expression
  readonly #guards: readonly Expression[]
  readonly #pieces: ReadonlyMap<AttributeName, readonly Piece[]>
  #budget = BUDGET_CELLS_PER_RULE
  #unsettled = false

  constructor(rule: CheckedRule, guards: readonly CheckedRule[]) {
    this.#isCap = rule.kind === 'discount_cap'
    this.#stops = stopping(rule)
    this.#guards = guards.flatMap(guard => guarding(rule, guard) ?? [])
    this.#pieces = piecesOf([this.#stops, ...this.#guards])
  }

  find(): NonNullable<LoosenedRule['witness']> | 'none' | 'unsettled' {
    return this.#visit(new Map()) ?? (this.#unsettled ? 'unsettled' : 'none')
  }

  #visit(cell: Cell): LoosenedRule['witness'] {
    this.#budget -= 1
    if (this.#budget < 0) {
      this.#unsettled = true
      return null
    }
    const lookUp = (attribute: AttributeName): AttributeValue | undefined => valueIn(cell, attribute)
    const stops = truthSoFar(this.#stops, lookUp)
    if (stops === false || stops === 'absent') return null
    const guards = this.#guards.map(expression => ({ expression, truth: truthSoFar(expression, lookUp) }))
    if (guards.some(guard => guard.truth === true)) return null
    const open = [
      ...(stops === 'open' ? attributesOf(this.#stops) : []),
      ...guards.flatMap(guard => (guard.truth === 'open' ? attributesOf(guard.expression) : [])),
    ].find(attribute => !cell.has(attribute))
    if (open === undefined) return this.#realise(cell)
    for (const piece of this.#pieces.get(open) as readonly Piece[]) {
      const next = withPiece(cell, open, piece)
      const found = next === null ? null : this.#visit(next)
      if (found !== null) return found
      if (this.#budget < 0) return null
    }
    return null
  }

  #realise(cell: Cell): LoosenedRule['witness'] {
    const grants = grantsIn(cell)
    for (const { cap, placed, standsForAll } of grants) {
      const margin = cell.get('margin_bps')
      const demands: readonly MarginDemand[] = margin?.kind === 'range' ? [{ cap, margin }] : []
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
    return truth(this.#stops) === true && !this.#guards.some(guard => truth(guard) === true)
  }
}

/** When a rule stops something: an approval and a prohibition by matching, a limit by being passed. */
function stopping(rule: CheckedRule): Expression {
  const limit = rule.limitBps ?? 0
  switch (rule.kind) {
    case 'discount_cap':
      return all(ofRequest(rule.condition), {
        kind: 'comparison',
        attribute: 'requested_discount_bps',
        operator: '>',
        value: limit,
      })
    case 'margin_floor':
      return all(rule.condition, { kind: 'comparison', attribute: 'margin_bps', operator: '<', value: limit })
    case 'approval':
    case 'prohibit':
      return rule.condition
  }
}

/** When a guard stops what `rule` stops, null if it never does. */
function guarding(rule: CheckedRule, guard: CheckedRule): Expression | null {
  switch (rule.kind) {
    case 'discount_cap': {
      const asStrict = guard.kind === 'discount_cap' && (guard.limitBps ?? 0) <= (rule.limitBps ?? 0)
      return asStrict ? ofRequest(guard.condition) : null
    }
    case 'approval':
      return guard.kind === 'approval' && (rule.approver === null || rule.approver === guard.approver)
        ? guard.condition
        : null
    // Both count as violations, so one can stand in for the other.
    case 'margin_floor':
    case 'prohibit':
      return guard.kind === 'margin_floor' || guard.kind === 'prohibit' ? stopping(guard) : null
  }
}

const all = (...of: readonly Expression[]): Expression => ({ kind: 'and', of })

/** Inside a cap `discount_bps` is the requested discount. */
function ofRequest(expression: Expression): Expression {
  switch (expression.kind) {
    case 'constant':
      return expression
    case 'comparison':
    case 'membership':
      return expression.attribute === 'discount_bps'
        ? { ...expression, attribute: 'requested_discount_bps' }
        : expression
    case 'not':
      return { kind: 'not', of: ofRequest(expression.of) }
    case 'and':
    case 'or':
      return { kind: expression.kind, of: expression.of.map(ofRequest) }
  }
}

function piecesOf(expressions: readonly Expression[]): ReadonlyMap<AttributeName, readonly Piece[]> {
  const cuts = new Map<AttributeName, Cuts>()
  for (const comparison of expressions.flatMap(comparisonsOf)) {
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
