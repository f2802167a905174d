import type { Proposal } from '../domain/appraisal.ts'
import { div } from '../domain/arithmetic.ts'
import type { FitnessFinding, FitnessVerdict } from '../domain/fitness-finding.ts'
import { moneyText } from '../domain/money-text.ts'
import { type NotProposedReport, withRemedy } from '../domain/not-proposed.ts'
import type { CandidateDiff } from '../domain/policy.ts'
import type { ProposalSource, ProposedCandidate } from '../domain/proposal.ts'
import { done, type Result, refuse } from '../domain/refusal.ts'
import type { ReplayEngine } from '../domain/replay.ts'
import { ruleHabits } from '../domain/rule-habits.ts'
import type { SearchOutcome } from '../domain/search.ts'
import { diffsOf, type Setting, type Tunable } from '../domain/tunables.ts'
import type { Json, PolicyVersion } from '../domain/units.ts'
import { optimise } from './optimise.ts'
import { proposeChange } from './planned-change.ts'
import type { Ports } from './ports.ts'
import { gatherEvidence, groundOf, type ProposalEvidence } from './proposal-evidence.ts'
import { diffTakingBack } from './take-back.ts'

export interface ProposeInput {
  readonly actorId: string
  /** Id, digest or the beginning of either; null is the newest snapshot. */
  readonly snapshot: string | null
  /** A change somebody brings; null lets the optimizer search, unless `revertApply` names an apply record to take back. */
  readonly fromDiff: CandidateDiff | null
  readonly revertApply: string | null
}

/** `policy-opt propose`, JSON names. */
export interface ProposeOutput {
  readonly snapshot_id: string
  readonly base_policy_version: PolicyVersion
  readonly searched: number
  readonly candidates: readonly ProposedCandidate[]
  readonly frontier: readonly FrontierPoint[]
  readonly not_proposed: readonly NotProposedReport[]
  readonly fitness: { readonly verdict: FitnessVerdict; readonly findings: readonly FitnessFinding[] }
}

export interface FrontierPoint {
  readonly expected_margin_delta_cents_per_quote: number
  readonly robust_lower_bound_cents_per_quote: number
  readonly win_rate_delta_bps: number | null
  readonly approval_load_delta_bps: number | null
  readonly impacted_quote_count: number
  /** The candidate that this setting became; null where it became none. */
  readonly candidate_id: string | null
}

/**
 * Proposes changes of the active policy as draft candidates: the optimizer's own, a diff that somebody brings, or the inverse
 * of an earlier apply. Refuses not_authorised, key_expired, not_found (snapshot, apply), unfit_history (the optimizer's own
 * only), base_version_moved, protected_rule, invalid_policy and bad_input. When nothing can be proven there are no candidates,
 * and `not_proposed` says why.
 */
export async function propose(ports: Ports, input: ProposeInput): Promise<Result<ProposeOutput>> {
  const gathered = await gatherEvidence(ports, input)
  if (!gathered.ok) return gathered
  const evidence = gathered.value
  const engine = await ports.engine('columnar')
  try {
    if (input.fromDiff !== null)
      return await proposeDiff(ports, engine, evidence, 'diff', input.fromDiff, null)
    if (input.revertApply !== null) {
      const diff = await diffTakingBack(ports, evidence.base, input.revertApply)
      if (!diff.ok) return diff
      return await proposeDiff(ports, engine, evidence, 'revert', diff.value, input.revertApply)
    }
    return await proposeOwn(ports, engine, evidence)
  } finally {
    await engine.close()
  }
}

async function proposeOwn(
  ports: Ports,
  engine: ReplayEngine,
  evidence: ProposalEvidence,
): Promise<Result<ProposeOutput>> {
  if (evidence.model === null) return unfit(evidence)
  const found = await optimise(engine, groundOf(evidence), ports.progress)
  const habits = found.proposals.length === 0 ? NO_HABITS : ruleHabits(evidence.columns, evidence.base.policy)
  const candidates: ProposedCandidate[] = []
  // The best is made last, so that it is the one `latest` means.
  for (const proposal of [...found.proposals].reverse()) {
    const ruleDiffs = diffsOf(
      found.tunables,
      proposal.appraisal.setting,
      rationaleOf(proposal, found.tunables, habits, evidence.columns.currency),
    )
    const candidate = await proposeChange(ports, engine, evidence, {
      source: 'optimizer',
      chosenFor: proposal.kind,
      ruleDiffs,
      tunables: found.tunables.length,
      revertsApplyRecordId: null,
    })
    if (!candidate.ok) return candidate
    candidates.unshift(candidate.value)
  }
  return done({
    ...frame(evidence),
    searched: found.searched,
    candidates,
    frontier: frontierPoints(found, candidates),
    not_proposed: found.notProposed.map(withRemedy),
  })
}

/** The optimizer's own search alone refuses; what people bring becomes a candidate all the same. */
function unfit({ fitness, unfittable, snapshot }: ProposalEvidence): Result<never> {
  const { verdict } = fitness.audit
  const findings = fitness.audit.findings.filter(
    ({ severity }) => verdict !== 'unfit' || severity === 'unfit',
  )
  return refuse(
    'unfit_history',
    `the snapshot \`${snapshot.snapshot_id}\` cannot tell what a policy change would do`,
    findings[0]?.remedy ?? 'import a history with wins and losses at different prices',
    {
      verdict,
      no_model_reason: unfittable,
      findings: findings as unknown as Json,
    },
  )
}

async function proposeDiff(
  ports: Ports,
  engine: ReplayEngine,
  evidence: ProposalEvidence,
  source: ProposalSource,
  diff: CandidateDiff,
  revertsApplyRecordId: string | null,
): Promise<Result<ProposeOutput>> {
  if (diff.base_policy_version !== evidence.base.version) {
    return refuse(
      'base_version_moved',
      `the diff is for policy version \`${diff.base_policy_version}\`, active is ${evidence.base.version}`,
      'make the diff against the active version, see `quotey policy show`',
      { base_policy_version: diff.base_policy_version, active_policy_version: evidence.base.version },
    )
  }
  if (diff.rule_diffs.length === 0) {
    return refuse('bad_input', 'the diff changes nothing', 'name at least one change in `rule_diffs`')
  }
  const candidate = await proposeChange(ports, engine, evidence, {
    source,
    chosenFor: null,
    ruleDiffs: diff.rule_diffs,
    tunables: diff.rule_diffs.length,
    revertsApplyRecordId,
  })
  if (!candidate.ok) return candidate
  return done({
    ...frame(evidence),
    searched: 1,
    candidates: [candidate.value],
    frontier: [],
    not_proposed: [],
  })
}

const frame = ({ snapshot, base, fitness }: ProposalEvidence) => ({
  snapshot_id: snapshot.snapshot_id,
  base_policy_version: base.version,
  fitness: { verdict: fitness.audit.verdict, findings: fitness.audit.findings },
})

const NO_HABITS: ReadonlyMap<string, string> = new Map()

/** Why each change is part of a proposal: what it adds to the others, to how many quotes, and what history shows of its rule. */
function rationaleOf(
  proposal: Proposal,
  tunables: readonly Tunable[],
  habits: ReadonlyMap<string, string>,
  currency: string,
): (tunable: Tunable) => string {
  return tunable => {
    const change = proposal.changes.find(({ at }) => tunables[at] === tunable)
    if (change === undefined) return ''
    const { pointMicroCents, robustLowerMicroCents, impacted } = change.added
    const habit = habits.get(tunable.ruleId)
    return (
      `adds ${moneyText(cents(pointMicroCents), currency)} of expected margin a quote to the rest, ` +
      `at least ${moneyText(cents(robustLowerMicroCents), currency)} by the robust lower bound; decides ${impacted} past quotes differently${habit === undefined ? '' : `. In this history ${habit}`}`
    )
  }
}

function frontierPoints(
  found: SearchOutcome,
  candidates: readonly ProposedCandidate[],
): readonly FrontierPoint[] {
  const became = (setting: Setting): string | null =>
    candidates[found.proposals.findIndex(({ appraisal }) => appraisal.setting.join() === setting.join())]
      ?.candidate_id ?? null
  return found.frontier.map(point => ({
    expected_margin_delta_cents_per_quote: cents(point.pointMicroCents),
    robust_lower_bound_cents_per_quote: cents(point.robustLowerMicroCents),
    win_rate_delta_bps: point.winRateDeltaBps,
    approval_load_delta_bps: point.approvalLoadDeltaBps,
    impacted_quote_count: point.impacted,
    candidate_id: became(point.setting),
  }))
}

const cents = (microCents: number | null): number => div(microCents ?? 0, 1_000_000)
