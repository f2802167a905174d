import { readFileSync } from 'node:fs'
import type { CheckedPolicy, PolicyDocument, Rule } from '../src/domain/policy.ts'
import { checkPolicy } from '../src/domain/policy-check.ts'
import { readPolicyText } from '../src/domain/policy-text.ts'

/** Added to the ten rules of the starter policy. The peers written by hand (`peers/`) spell out all twelve. */
const EXTRA_RULES: readonly Rule[] = [
  {
    id: 'web-cap',
    kind: 'discount_cap',
    when: 'quote.attr.channel == "web" && quote.attr.term <= 12',
    params: { cap_bps: 1600 },
  },
  {
    id: 'long-term-approval',
    kind: 'approval',
    when: 'quote.attr.term >= 48 || quote.margin_bps < 500',
    approver: 'finance',
  },
]

/** The policy of 12 rules that everything is timed on. */
export const twelveRules = (): CheckedPolicy => withRules(starter(), rules => [...rules, ...EXTRA_RULES])

function starter(): CheckedPolicy {
  const document = readPolicyText(readFileSync(new URL('../policies/starter.yaml', import.meta.url), 'utf8'))
  if (!document.ok) throw new Error(document.refusal.message)
  // Without ranges, so that a candidate may stand at any number.
  return withRules({ document: document.value, rules: [] }, rules =>
    rules.map(({ tune: _, ...rule }) => rule),
  )
}

export function withRules(
  policy: CheckedPolicy,
  change: (rules: readonly Rule[]) => readonly Rule[],
): CheckedPolicy {
  const document: PolicyDocument = { ...policy.document, rules: change(policy.document.rules) }
  const checked = checkPolicy(document)
  if (!checked.ok) throw new Error(checked.refusal.message)
  return checked.value
}

/** The policy with other parameters, by rule id and name; the rest stays. */
export const withParams = (
  policy: CheckedPolicy,
  params: Readonly<Record<string, Readonly<Record<string, number>>>>,
): CheckedPolicy =>
  withRules(policy, rules =>
    rules.map(rule =>
      params[rule.id] === undefined ? rule : { ...rule, params: { ...rule.params, ...params[rule.id] } },
    ),
  )

/** The policy of 12 rules with two of its caps lower. */
export const capsLoweredBy = (policy: CheckedPolicy, bps: number): CheckedPolicy =>
  withParams(policy, {
    'discount-cap-enterprise': { cap_bps: 3_000 - bps },
    'discount-cap-smb': { cap_bps: 1_800 - bps },
  })
