import type { Rule, RuleDiff } from '../domain/policy.ts'
import { policyYaml } from '../domain/policy-yaml.ts'
import type { JsonObject } from '../domain/units.ts'
import type { PolicyChecked, PolicyDiffed, PolicyShown, QuoteDecided } from '../loop/policy.ts'

export const checkedText = ({ digest, rules }: PolicyChecked): string =>
  [`the policy is sound: ${rules} rules`, `digest  ${digest}`].join('\n')

/** The policy as YAML, so that the output is itself a policy file; what is not part of it stands in comments. */
export const shownText = ({ version, epoch, digest, document }: PolicyShown): string =>
  [`# version ${version}, active under epoch ${epoch}`, `# ${digest}`, policyYaml(document)].join('\n')

export function diffedText({ rule_diffs, verdict, counterexample, reason }: PolicyDiffed): string {
  const changes = rule_diffs.length === 0 ? ['no rule differs'] : rule_diffs.map(changeText)
  if (verdict === null)
    return [...changes, '', 'next: add --prove to learn whether the candidate is ever looser'].join('\n')
  const proof =
    reason === 'unsettled'
      ? 'looser, as far as could be settled: neither a quote that shows it nor the proof that there is none'
      : VERDICT_TEXT[verdict]
  const shown =
    counterexample === null
      ? []
      : [
          '',
          `quote      ${pairs(counterexample.quote)}`,
          `base       ${pairs(counterexample.base)}`,
          `candidate  ${pairs(counterexample.candidate)}`,
        ]
  return [...changes, '', `verdict: ${proof}`, ...shown].join('\n')
}

const VERDICT_TEXT = {
  equal: 'equal on every possible quote',
  never_looser: 'never looser: on no possible quote does the candidate allow more',
  looser: 'looser, for example on this quote',
} as const

function changeText({ operation, rule_id, field, from, to }: RuleDiff): string {
  switch (operation) {
    case 'add':
      return `add     ${rule_id}  ${ruleText(to as Rule)}`
    case 'remove':
      return `remove  ${rule_id}  ${ruleText(from as Rule)}`
    case 'update':
      return `update  ${rule_id}  ${field}: ${from} -> ${to}`
  }
}

const ruleText = (rule: Rule): string => {
  const params = Object.entries(rule.params ?? {}).map(([name, value]) => `${name} ${value}`)
  const after = [...params, ...(rule.approver === undefined ? [] : [`approver ${rule.approver}`])]
  return [`${rule.kind} when ${rule.when}`, ...after].join(', ')
}

const pairs = (object: JsonObject): string =>
  Object.entries(object)
    .filter(([, value]) => value !== '' && value !== null)
    .map(([name, value]) => `${name} ${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join(', ')

export function decidedText(decided: QuoteDecided): string {
  const width = Math.max(...decided.rules.map(rule => rule.rule_id.length), 0)
  const rules = decided.rules
    .filter(rule => rule.matched)
    .map(rule => `  ${rule.rule_id.padEnd(width)}  ${EFFECT_TEXT[rule.effect]}`)
  const margin = decided.margin_bps === null ? 'unknown, the quote has no cost' : `${decided.margin_bps} bps`
  return [
    `policy version    ${decided.policy_version}`,
    `granted discount  ${decided.granted_discount_bps} bps`,
    `net price         ${decided.net_cents} cents`,
    `margin            ${margin}`,
    `approval          ${decided.approval_required ? `needed: ${decided.approvers.join(', ') || 'anyone'}` : 'not needed'}`,
    `violations        ${decided.violations.join(', ') || 'none'}`,
    '',
    rules.length === 0 ? 'no rule matches' : 'matching rules',
    ...rules,
  ].join('\n')
}

const EFFECT_TEXT = {
  none: 'no effect here',
  limits_grant: 'limits the grant',
  requires_approval: 'asks for approval',
  violated: 'violated',
} as const
