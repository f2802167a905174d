import { type AttributeName, type AttributeValue, evaluate } from './expression.ts'
import type { CheckedPolicy, CheckedRule } from './policy.ts'
import {
  attributesOf,
  type Cell,
  Cuts,
  comparisonsOf,
  type OpenTruth,
  type Piece,
  standIn,
  truthSoFar,
} from './policy-cells.ts'
import type { Outcome } from './policy-strictness.ts'
import type { Bps } from './units.ts'

/** A rule of base, candidate or both; rules of the same effect are one, whatever their ids. */
export interface RuleOfEither {
  readonly rule: CheckedRule
  readonly inBase: boolean
  readonly inCandidate: boolean
  /** Attributes to split by until the rule's truth and effect are known. */
  readonly needs: readonly AttributeName[]
}

/** The rules of both policies, those that differ first. */
export function rulesOfEither(base: CheckedPolicy, candidate: CheckedPolicy): readonly RuleOfEither[] {
  const unmatched = [...candidate.rules]
  const differing: RuleOfEither[] = []
  const common: RuleOfEither[] = []
  for (const rule of base.rules) {
    const twin = unmatched.findIndex(other => effectText(other) === effectText(rule))
    if (twin < 0) differing.push({ rule, inBase: true, inCandidate: false, needs: needsOf(rule) })
    else {
      unmatched.splice(twin, 1)
      common.push({ rule, inBase: true, inCandidate: true, needs: needsOf(rule) })
    }
  }
  for (const rule of unmatched)
    differing.push({ rule, inBase: false, inCandidate: true, needs: needsOf(rule) })
  return [...differing, ...common]
}

/** What a rule does, apart from its name and its protection; rules of equal text do the same. */
export const effectText = (rule: CheckedRule): string =>
  JSON.stringify([rule.kind, rule.condition, rule.limitBps, rule.approver])

/** The granted discount follows from the requested one, the margin from cost and grant. */
function needsOf(rule: CheckedRule): readonly AttributeName[] {
  const named = attributesOf(rule.condition).map(attribute =>
    attribute === 'discount_bps'
      ? 'requested_discount_bps'
      : attribute === 'margin_bps'
        ? 'cost_cents'
        : attribute,
  )
  return [...new Set<AttributeName>([...named, ...effectNeeds(rule)])]
}

/** What the effect of a matching rule depends on. */
export function effectNeeds(rule: CheckedRule): readonly AttributeName[] {
  switch (rule.kind) {
    case 'discount_cap':
      return ['requested_discount_bps']
    case 'margin_floor':
      return ['cost_cents']
    case 'approval':
    case 'prohibit':
      return []
  }
}

/**
 * The pieces of every attribute that matters. Where the requested discount is granted, a limit on the granted one is a limit on
 * the requested one, so both have the same cuts.
 */
export function piecesFor(rules: readonly CheckedRule[]): ReadonlyMap<AttributeName, readonly Piece[]> {
  const cuts = new Map<AttributeName, Cuts>()
  const of = (attribute: AttributeName): Cuts => {
    const known = cuts.get(attribute) ?? new Cuts()
    cuts.set(attribute, known)
    return known
  }
  for (const rule of rules) {
    for (const comparison of comparisonsOf(rule.condition)) {
      const { attribute } = comparison
      of(attribute === 'discount_bps' ? 'requested_discount_bps' : attribute).addComparisons([comparison])
    }
    for (const attribute of needsOf(rule)) of(attribute)
    if (rule.limitBps !== null && rule.kind === 'discount_cap')
      of('requested_discount_bps').addStart(rule.limitBps + 1)
    if (rule.limitBps !== null && rule.kind === 'margin_floor') of('margin_bps').addStart(rule.limitBps)
  }
  return new Map([...cuts].map(([attribute, cut]) => [attribute, cut.pieces(attribute)]))
}

/** Truth of a rule's condition as far as the cell decides it, before grant and margin are known. */
export function truthIn(cell: Cell, rule: CheckedRule): OpenTruth {
  return truthSoFar(rule.condition, attribute => {
    if (attribute === 'margin_bps') return cell.get('cost_cents')?.kind === 'absent' ? null : undefined
    if (attribute === 'discount_bps') {
      return rule.kind === 'discount_cap' ? valueIn(cell, 'requested_discount_bps') : undefined
    }
    return valueIn(cell, attribute)
  })
}

const valueIn = (cell: Cell, attribute: AttributeName): AttributeValue | undefined => {
  const piece = cell.get(attribute)
  return piece === undefined ? undefined : standIn(piece)
}

/** What floors, approvals and prohibitions make of a cell, given grant and margin (null where there is no cost). */
export function outcomeOfRules(
  rules: readonly { readonly rule: CheckedRule; readonly truth: OpenTruth }[],
  cell: Cell,
  grantedBps: Bps,
  marginBps: Bps | null,
): Outcome {
  const approvers = new Set<string>()
  let approvalRequired = false
  let violations = 0
  for (const { rule, truth: before } of rules) {
    const truth = before === 'open' ? evaluate(rule.condition, lookUp) : before
    if (truth === 'absent') return { kind: 'undecided' }
    if (!truth) continue
    if (rule.kind === 'approval') {
      approvalRequired = true
      if (rule.approver !== null) approvers.add(rule.approver)
    } else if (rule.kind === 'prohibit') violations += 1
    else if (marginBps === null) return { kind: 'undecided' }
    else if (rule.limitBps !== null && marginBps < rule.limitBps) violations += 1
  }
  return { kind: 'decided', grantedBps, approvalRequired, approvers: [...approvers], violations }

  function lookUp(attribute: AttributeName): AttributeValue {
    if (attribute === 'discount_bps') return grantedBps
    if (attribute === 'margin_bps') return marginBps
    return valueIn(cell, attribute) ?? null
  }
}
