import { type Attack, type AttackCase, topContributors } from './attack.ts'
import { newOrChangedRules } from './changed-rules.ts'
import { attributesOf } from './policy-cells.ts'
import { type LoosenedRule, loosenedProtectedRules } from './policy-compare.ts'
import { isProtectedAttribute } from './protected-attributes.ts'

/** A protected rule loosened: something it would have stopped at equal grant is no longer stopped, or that is not settled. */
export const policyBypass: Attack = ({ base, candidate }) => {
  const loosened = loosenedProtectedRules(base, candidate)
  return {
    outcome: loosened.length > 0 ? 'blocked' : 'passed',
    measured: loosened.length,
    limit: 0,
    reason:
      loosened[0] !== undefined
        ? `a protected rule no longer stops what it would have stopped: ${witnessText(loosened[0])}`
        : 'every protected rule stops what it stopped before',
    contributors: [],
    smallest_set: loosened.map(rule => rule.rule_id),
  }
}

/** One quote is enough to show it. */
function witnessText({ rule_id, witness }: LoosenedRule): string {
  if (witness === null) return `\`${rule_id}\` could not be settled`
  const { segment, listCents, costCents } = witness.quote
  const named = segment === '' ? '' : ` in \`${segment}\``
  return `\`${rule_id}\` at ${witness.grantedDiscountBps} bps off ${listCents} cents${named}${costCents === null ? '' : `, cost ${costCents}`}`
}

/**
 * A rule that the candidate brings in or changes decides by age, gender and the like (its limit is zero such rules), or by what
 * stands in for them: whom it meets goes together with the attribute beyond `max_association_bps` of Cramér's V. Measured is the
 * strongest association; a rule that names the attribute itself counts as 10000. The default limit 3000 is a medium effect in
 * Cohen (1988), Statistical Power Analysis, section 7.2.
 */
export const protectedAttribute: Attack = attacked => {
  const limit = attacked.thresholds.attacks.protected_attribute.max_association_bps
  const naming = rulesThatName(attacked)
  const { proxies } = attacked.scan
  const standingIn = proxies.filter(proxy => proxy.association_bps > limit)
  const offending = [...new Set([...naming, ...standingIn.map(proxy => proxy.rule_id)])].sort()
  return {
    outcome: offending.length > 0 ? 'blocked' : 'passed',
    measured: naming.length > 0 ? 10_000 : (proxies[0]?.association_bps ?? 0),
    limit,
    reason: protectedReason(naming, attacked.scan, limit),
    contributors: topContributors(
      proxies.map(({ rule_id, attribute, association_bps }) => ({
        key: `${rule_id} with ${attribute}`,
        measured: association_bps,
      })),
    ),
    smallest_set: offending,
  }
}

const rulesThatName = ({ base, candidate, thresholds }: AttackCase): readonly string[] =>
  newOrChangedRules(base, candidate)
    .filter(rule =>
      attributesOf(rule.condition).some(name =>
        isProtectedAttribute(name, thresholds.evidence.protected_attributes),
      ),
    )
    .map(rule => rule.id)

function protectedReason(naming: readonly string[], { proxies }: AttackCase['scan'], limit: number): string {
  const [strongest] = proxies
  if (naming.length > 0) return 'a new or changed rule decides by what a price must not depend on'
  if (strongest === undefined) return 'no new or changed rule decides by a protected attribute'
  const measured = `\`${strongest.rule_id}\` goes together with \`${strongest.attribute}\` by ${strongest.association_bps} bps of Cramér's V`
  return strongest.association_bps > limit ? `${measured}: it stands in for it` : measured
}
