import { type Decision, decide, type NotReplayable, type Request } from '../domain/decision.ts'
import type { CheckedPolicy, CheckedRule, PolicyDocument, RuleDiff } from '../domain/policy.ts'
import { attributesOf } from '../domain/policy-cells.ts'
import { comparePolicies, type PolicyComparison } from '../domain/policy-compare.ts'
import { diffPolicies } from '../domain/policy-diff.ts'
import { done, type Result, refuse } from '../domain/refusal.ts'
import { requestJson } from '../domain/request-text.ts'
import type { Digest, Json, JsonObject, PolicyVersion } from '../domain/units.ts'
import { digestOf } from '../evidence/canonical.ts'
import { activePolicy, policyOfVersion } from './active.ts'
import type { Ports } from './ports.ts'

export interface PolicyChecked {
  readonly ok: true
  readonly digest: Digest
  readonly rules: number
  readonly findings: readonly []
}

/** What a policy that passed its check is called from now on. */
export const checkedPolicy = (policy: CheckedPolicy): PolicyChecked => ({
  ok: true,
  digest: digestOf(policy.document as unknown as Json),
  rules: policy.rules.length,
  findings: [],
})

export interface PolicyShown {
  readonly version: PolicyVersion
  readonly epoch: number
  readonly digest: Digest
  readonly document: PolicyDocument
}

/** The active policy. */
export const showPolicy = (ports: Ports): Promise<Result<PolicyShown>> =>
  ports.store.read(async tx => {
    const { version, epoch, digest, document } = await activePolicy(tx)
    return done({ version, epoch, digest, document })
  })

/** A policy by its version number. Refuses `not_found`. */
export const policyByVersion = (ports: Ports, version: PolicyVersion): Promise<Result<CheckedPolicy>> =>
  ports.store.read(async tx => {
    if ((await tx.last('policy_version', { version })) === null) {
      return refuse(
        'not_found',
        `there is no policy version \`${version}\``,
        'see `quotey policy show` for the active one',
      )
    }
    return done((await policyOfVersion(tx, version)).policy)
  })

export interface PolicyDiffed {
  readonly rule_diffs: readonly RuleDiff[]
  /** null where no proof was asked for. */
  readonly verdict: PolicyComparison['verdict'] | null
  readonly counterexample: {
    readonly quote: JsonObject
    readonly base: JsonObject
    readonly candidate: JsonObject
  } | null
  readonly reason: PolicyComparison['reason']
}

/** The difference of two policies, and if asked for the proof whether the second is ever looser. */
export function diffOfPolicies(base: CheckedPolicy, candidate: CheckedPolicy, prove: boolean): PolicyDiffed {
  const rule_diffs = diffPolicies(base.document, candidate.document)
  if (!prove) return { rule_diffs, verdict: null, counterexample: null, reason: null }
  const { verdict, counterexample, reason } = comparePolicies(base, candidate)
  return {
    rule_diffs,
    verdict,
    counterexample:
      counterexample === null
        ? null
        : {
            quote: requestJson(counterexample.quote),
            base: decisionJson(counterexample.base),
            candidate: decisionJson(counterexample.candidate),
          },
    reason,
  }
}

const decisionJson = (decision: Decision | NotReplayable): JsonObject =>
  decision.kind === 'not_replayable' ? { not_replayable: decision.reason } : { ...decisionColumns(decision) }

const decisionColumns = (decision: Decision) => ({
  granted_discount_bps: decision.grantedDiscountBps,
  net_cents: decision.netCents,
  margin_bps: decision.marginBps,
  approval_required: decision.approvalRequired,
  approvers: decision.approvers,
  violations: decision.violations,
})

/** What a rule did to a quote. */
export type RuleEffect = 'none' | 'limits_grant' | 'requires_approval' | 'violated'

export type QuoteDecided = ReturnType<typeof decisionColumns> & {
  readonly policy_version: PolicyVersion
  readonly rules: readonly {
    readonly rule_id: string
    readonly matched: boolean
    readonly effect: RuleEffect
  }[]
}

/** Decides a quote under the active policy. Refuses `bad_input` where the quote lacks what a rule needs to know. */
export const decideQuote = (ports: Ports, request: Request): Promise<Result<QuoteDecided>> =>
  ports.store.read(async tx => {
    const { version, policy } = await activePolicy(tx)
    const decision = decide(policy, request)
    if (decision.kind === 'not_replayable') return undecidable(policy, request, decision)
    return done({
      policy_version: version,
      ...decisionColumns(decision),
      rules: policy.rules.map(rule => ({
        rule_id: rule.id,
        matched: decision.matched.includes(rule.id),
        effect: effectOf(rule, decision),
      })),
    })
  })

function effectOf(rule: CheckedRule, decision: Decision): RuleEffect {
  if (!decision.matched.includes(rule.id)) return 'none'
  if (rule.kind === 'approval') return 'requires_approval'
  if (rule.kind === 'discount_cap') return decision.bindingCap === rule.id ? 'limits_grant' : 'none'
  return decision.violations.includes(rule.id) ? 'violated' : 'none'
}

function undecidable(policy: CheckedPolicy, request: Request, { reason }: NotReplayable) {
  const given: JsonObject = requestJson(request)
  const needed = policy.rules.flatMap(rule => {
    const named = attributesOf(rule.condition).map(name => (name === 'margin_bps' ? 'cost_cents' : name))
    return rule.kind === 'margin_floor' ? [...named, 'cost_cents'] : named
  })
  const missing = [...new Set(needed)].filter(
    name => (name === 'cost_cents' || name.startsWith('attr.')) && (given[name] ?? null) === null,
  )
  return refuse(
    'bad_input',
    'the quote lacks what a rule needs to know',
    `give ${missing.map(name => `\`${name}\``).join(', ')}`,
    { reason, missing },
  )
}
