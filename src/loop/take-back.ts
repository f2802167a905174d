import type { CandidateDiff, RuleDiff } from '../domain/policy.ts'
import { done, type Result, refuse } from '../domain/refusal.ts'
import { inverseDiffs } from '../domain/revert.ts'
import { type ActivePolicy, policyOfVersion } from './active.ts'
import type { Ports } from './ports.ts'

/**
 * The diff that takes an earlier apply back, against the active version. Refuses `not_found`, `illegal_move` where it was
 * rolled back already, and `base_version_moved` where later changes touched the same rules.
 */
export const diffTakingBack = (
  ports: Ports,
  active: ActivePolicy,
  applyRecordId: string,
): Promise<Result<CandidateDiff>> =>
  ports.store.read(async tx => {
    const applied = await tx.last('policy_apply_record', { id: applyRecordId })
    if (applied === null) {
      return refuse('not_found', `no apply record \`${applyRecordId}\``, 'see `quotey audit log`')
    }
    const rolledBack = await tx.last('policy_rollback_record', { apply_record_id: applyRecordId })
    if (rolledBack !== null) {
      return refuse(
        'illegal_move',
        `\`${applyRecordId}\` was rolled back already`,
        'there is nothing to take back',
        {
          rollback_record_id: rolledBack.id,
        },
      )
    }
    const candidate = await tx.last('policy_candidate', { id: applied.candidate_id })
    if (candidate === null) throw new Error(`no candidate ${applied.candidate_id} of ${applyRecordId}`)
    const diffs = JSON.parse(candidate.policy_diff_json) as RuleDiff[]
    const after = await policyOfVersion(tx, applied.applied_policy_version)
    const inverse = inverseDiffs(active.document, after.document, diffs)
    if (!inverse.ok) return inverse
    return done({ base_policy_version: active.version, rule_diffs: inverse.value })
  })
