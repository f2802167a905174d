import { marginBps, netCents } from './arithmetic.ts'
import { type AttributeName, type AttributeValue, evaluate } from './expression.ts'
import type { CheckedPolicy, CheckedRule } from './policy.ts'
import type { Quote } from './quote.ts'
import type { Bps, Cents } from './units.ts'

/** What a decision may look at: everything about a quote that is known before it. */
export type Request = Pick<
  Quote,
  'segment' | 'region' | 'productFamily' | 'listCents' | 'costCents' | 'requestedDiscountBps' | 'attributes'
>

/** What a policy does with a quote. */
export interface Decision {
  readonly kind: 'decided'
  readonly grantedDiscountBps: Bps
  readonly netCents: Cents
  /** null where the quote has no cost. */
  readonly marginBps: Bps | null
  readonly approvalRequired: boolean
  readonly approvers: readonly string[]
  /** Ids of matching floors that are undercut and of matching prohibitions, in document order. */
  readonly violations: readonly string[]
  /** Matching rules in document order. */
  readonly matched: readonly string[]
  /** The first rule in document order with the smallest matching cap, if that cap lowered the grant. */
  readonly bindingCap: string | null
}

/**
 * Why a quote cannot be replayed. `attribute_absent` (a rule's condition ends absent) goes before `cost_absent` (a matching
 * floor lacks cost), so that the reason does not depend on the order of rules.
 */
export const NOT_REPLAYABLE_REASONS = ['attribute_absent', 'cost_absent'] as const
export type NotReplayableReason = (typeof NOT_REPLAYABLE_REASONS)[number]

export interface NotReplayable {
  readonly kind: 'not_replayable'
  readonly reason: NotReplayableReason
}

/** Decides one quote. Pure, integers only; DESIGN section 4 has the formulas. */
export function decide(policy: CheckedPolicy, request: Request): Decision | NotReplayable {
  const requested = request.requestedDiscountBps
  const caps = matching(policy, request, rule => rule.kind === 'discount_cap', {
    discountBps: requested,
    marginBps: null,
  })
  if (caps === 'absent') return { kind: 'not_replayable', reason: 'attribute_absent' }

  let granted = requested
  let bindingCap: string | null = null
  for (const cap of caps) {
    if (cap.limitBps !== null && cap.limitBps < granted) {
      granted = cap.limitBps
      bindingCap = cap.id
    }
  }

  const net = netCents(request.listCents, granted)
  const margin = request.costCents === null ? null : marginBps(net, request.costCents)
  const others = matching(policy, request, rule => rule.kind !== 'discount_cap', {
    discountBps: granted,
    marginBps: margin,
  })
  if (others === 'absent') return { kind: 'not_replayable', reason: 'attribute_absent' }
  if (margin === null && others.some(rule => rule.kind === 'margin_floor')) {
    return { kind: 'not_replayable', reason: 'cost_absent' }
  }

  const approvals = others.filter(rule => rule.kind === 'approval')
  const matchedIds = new Set([...caps, ...others].map(rule => rule.id))
  return {
    kind: 'decided',
    grantedDiscountBps: granted,
    netCents: net,
    marginBps: margin,
    approvalRequired: approvals.length > 0,
    approvers: [...new Set(approvals.flatMap(rule => rule.approver ?? []))],
    violations: others.filter(rule => isViolated(rule, margin)).map(rule => rule.id),
    matched: policy.rules.filter(rule => matchedIds.has(rule.id)).map(rule => rule.id),
    bindingCap,
  }
}

const isViolated = (rule: CheckedRule, margin: Bps | null): boolean =>
  rule.kind === 'prohibit' ||
  (rule.kind === 'margin_floor' && margin !== null && rule.limitBps !== null && margin < rule.limitBps)

function matching(
  policy: CheckedPolicy,
  request: Request,
  chosen: (rule: CheckedRule) => boolean,
  decided: { readonly discountBps: Bps; readonly marginBps: Bps | null },
): readonly CheckedRule[] | 'absent' {
  const lookUp = (attribute: AttributeName): AttributeValue => attributeOf(request, attribute, decided)
  const matched: CheckedRule[] = []
  for (const rule of policy.rules) {
    if (!chosen(rule)) continue
    const truth = evaluate(rule.condition, lookUp)
    if (truth === 'absent') return 'absent'
    if (truth) matched.push(rule)
  }
  return matched
}

/** The value of an attribute for a condition; `discount_bps` and `margin_bps` depend on what is being decided. */
export function attributeOf(
  request: Request,
  attribute: AttributeName,
  decided: { readonly discountBps: Bps; readonly marginBps: Bps | null },
): AttributeValue {
  switch (attribute) {
    case 'segment':
      return request.segment
    case 'region':
      return request.region
    case 'product_family':
      return request.productFamily
    case 'list_cents':
      return request.listCents
    case 'cost_cents':
      return request.costCents
    case 'requested_discount_bps':
      return request.requestedDiscountBps
    case 'discount_bps':
      return decided.discountBps
    case 'margin_bps':
      return decided.marginBps
    default: {
      // Own keys only: `attr.constructor` is absent, not a function of Object's prototype.
      const key = attribute.slice('attr.'.length)
      return Object.hasOwn(request.attributes, key) ? (request.attributes[key] ?? null) : null
    }
  }
}
