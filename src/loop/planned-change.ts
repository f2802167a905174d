import type { Proposal } from '../domain/appraisal.ts'
import { judgeGain } from '../domain/judgement.ts'
import { overturningShareBps } from '../domain/overturning.ts'
import type { RuleDiff } from '../domain/policy.ts'
import { checkPolicy } from '../domain/policy-check.ts'
import { loosenedProtectedRules } from '../domain/policy-compare.ts'
import { applyDiffs } from '../domain/policy-diff.ts'
import { type ProposalSource, type ProposedCandidate, proposalSummary } from '../domain/proposal.ts'
import { proposalFigures } from '../domain/proposal-figures.ts'
import { done, type Result, refuse } from '../domain/refusal.ts'
import type { ReplayEngine } from '../domain/replay.ts'
import type { Json } from '../domain/units.ts'
import { createCandidate } from './create-candidate.ts'
import { replay } from './optimise.ts'
import type { Ports } from './ports.ts'
import { groundOf, type ProposalEvidence } from './proposal-evidence.ts'

/** A change on its way to be a candidate. */
export interface PlannedChange {
  readonly source: ProposalSource
  readonly chosenFor: Proposal['kind'] | null
  readonly ruleDiffs: readonly RuleDiff[]
  /** Parts searched or brought at once; sets the level of the robust lower bound. */
  readonly tunables: number
  readonly revertsApplyRecordId: string | null
}

/**
 * Applies a change to the base, measures the result by replay, and makes it a candidate. Refuses bad_input and invalid_policy
 * where it does not apply, and protected_rule.
 */
export async function proposeChange(
  ports: Ports,
  engine: ReplayEngine,
  evidence: ProposalEvidence,
  planned: PlannedChange,
): Promise<Result<ProposedCandidate>> {
  const applied = applyDiffs(evidence.base.document, planned.ruleDiffs)
  if (!applied.ok) return applied
  const checked = checkPolicy(applied.value)
  if (!checked.ok) return checked
  const loosened = loosenedProtectedRules(evidence.base.policy, checked.value)
  if (loosened.length > 0) {
    return refuse(
      'protected_rule',
      `the change loosens the protected rule \`${loosened[0]?.rule_id}\``,
      'leave protected rules as they are; only a new policy made by people can change them',
      { rules: loosened as unknown as Json },
    )
  }
  const [sums] = await replay(engine, groundOf(evidence), [checked.value])
  if (sums === undefined) throw new Error('the engine gave no sums')
  const { thresholds } = evidence.thresholds
  const model = evidence.model?.model ?? null
  const overturning = await overturningShareBps(model, async shifted => {
    const [over] = await replay(engine, { ...groundOf(evidence), model: shifted }, [checked.value])
    return over === undefined
      ? null
      : (judgeGain(over, shifted, planned.tunables)?.robustLowerMicroCents ?? null)
  })
  const figures = proposalFigures(sums, model, thresholds, planned.tunables, overturning)
  const created = await createCandidate(ports, evidence, { ...planned, document: applied.value, figures })
  if (!created.ok) return created
  const row = created.value
  const { guardrail_codes: _, ...shown } = figures
  return done({
    candidate_id: row.id,
    base_policy_version: row.base_policy_version,
    proposed_policy_version: row.proposed_policy_version,
    status: row.status,
    chosen_for: planned.chosenFor,
    rule_diffs: planned.ruleDiffs,
    policy: applied.value,
    ...shown,
    confidence_score: row.confidence_score,
    summary: proposalSummary(
      planned.ruleDiffs,
      figures,
      evidence.fitness.audit,
      evidence.columns.currency.toUpperCase(),
    ),
  })
}
