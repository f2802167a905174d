import { ROLES, type Role } from '../domain/controls.ts'
import { drillThresholds, NO_HISTORY } from '../domain/drill-history.ts'
import { DEFAULT_WINDOW_LENGTH, reportingWindow } from '../domain/kpi-window.ts'
import type { RuleDiff } from '../domain/policy.ts'
import { applyDiffs } from '../domain/policy-diff.ts'
import { done, type Result } from '../domain/refusal.ts'
import { WHOLE_SNAPSHOT } from '../domain/replay.ts'
import type { Digest, Instant, JsonObject } from '../domain/units.ts'
import { canonicalText, digestOfText } from '../evidence/canonical.ts'
import { snapshotDigest } from '../evidence/snapshot-digest.ts'
import { activePolicy, currentThresholds } from './active.ts'
import { addActor } from './actor.ts'
import type { Fork, Ports } from './ports.ts'
import { record } from './record.ts'
import type { CandidateRow, KpiSnapshotRow } from './tables.ts'

/** The people of a drill; they exist in the fork alone, with keys that go away with it. */
export const DRILL_ACTORS = {
  builder: { id: 'drill.builder', role: 'revenue_ops' },
  approver: { id: 'drill.approver', role: 'safety_owner' },
  applier: { id: 'drill.applier', role: 'runtime_owner' },
} as const satisfies Readonly<Record<string, { readonly id: string; readonly role: Role }>>

/** What is written in a fork before any drill actor exists is the drill's own doing. */
const DRILL = { type: 'system', id: ROLES[3] } as const

/** The fork's ports, with people who may act in it, thresholds that no quote needs to answer, and no history. */
export async function peopledFork(fork: Fork): Promise<Result<Ports>> {
  const ports: Ports = {
    ...fork.ports,
    snapshots: { ...fork.ports.snapshots, load: async () => done(NO_HISTORY) },
  }
  for (const { id, role } of Object.values(DRILL_ACTORS)) {
    const added = await addActor(ports, {
      id,
      roles: [role],
      service: false,
      publicKey: null,
      validUntil: null,
    })
    if (!added.ok) return added
  }
  await ports.store.change(async tx => {
    const at = ports.clock.now()
    const { thresholds } = await currentThresholds(tx)
    const text = canonicalText(drillThresholds(thresholds))
    const version = await tx.nextNumber('thresholds_version')
    const row = {
      version,
      digest: digestOfText(text),
      document_json: text,
      envelopes_json: '[]',
      created_at: at,
    }
    await record(tx, ports, {
      eventType: 'thresholds_changed',
      actor: DRILL,
      payload: { thresholds_version: version, thresholds_digest: row.digest },
      idempotencyKey: `thresholds:${version}`,
      occurredAt: at,
      inserts: [{ table: 'thresholds_version', row }],
    })
  })
  return done(ports)
}

/** A candidate in the fork with these changes of the version that is active there. */
export async function drillCandidate(
  ports: Ports,
  ruleDiffs: readonly RuleDiff[],
): Promise<Result<CandidateRow & { readonly proposed_policy_digest: Digest }>> {
  return ports.store.change(async tx => {
    const at = ports.clock.now()
    const base = await activePolicy(tx)
    const proposed = applyDiffs(base.document, ruleDiffs)
    if (!proposed.ok) return proposed
    const text = canonicalText(proposed.value as unknown as JsonObject)
    const policyDigest = digestOfText(text)
    const version = await tx.nextNumber('policy_version')
    const id = ports.randomness.id('cand')
    const { digest: thresholdsDigest } = await currentThresholds(tx)
    const provenance = {
      source: 'diff',
      snapshot_digest: snapshotDigest(NO_HISTORY),
      model_digest: null,
      fitness_digest: null,
      fitness_verdict: 'unknown',
      thresholds_digest: thresholdsDigest,
      base_policy_digest: base.digest,
      proposed_policy_digest: policyDigest,
      rationale: 'drill',
    }
    const candidate = draftOf(id, base.version, version, ruleDiffs, provenance, at)
    await record(tx, ports, {
      eventType: 'candidate_created',
      actor: { type: 'user', id: DRILL_ACTORS.builder.id },
      payload: { candidate_id: id, base_policy_version: base.version, proposed_policy_version: version },
      idempotencyKey: id,
      occurredAt: at,
      links: { candidate_id: id },
      inserts: [
        { table: 'policy_candidate', row: candidate },
        {
          table: 'policy_version',
          row: {
            version,
            policy_digest: policyDigest,
            document_json: text,
            candidate_id: id,
            created_at: at,
          },
        },
      ],
    })
    return done({ ...candidate, proposed_policy_digest: policyDigest })
  })
}

const draftOf = (
  id: string,
  baseVersion: number,
  proposedVersion: number,
  ruleDiffs: readonly RuleDiff[],
  provenance: JsonObject,
  at: Instant,
): CandidateRow => ({
  id,
  base_policy_version: baseVersion,
  proposed_policy_version: proposedVersion,
  status: 'draft',
  policy_diff_json: canonicalText(ruleDiffs as unknown as JsonObject[]),
  provenance_json: canonicalText(provenance),
  confidence_score: 0,
  cohort_scope_json: canonicalText(WHOLE_SNAPSHOT as unknown as JsonObject),
  latest_replay_checksum: null,
  idempotency_key: id,
  created_by_actor_id: DRILL_ACTORS.builder.id,
  created_at: at,
  updated_at: at,
  review_ready_at: null,
  approved_at: null,
  applied_at: null,
  monitoring_started_at: null,
  rolled_back_at: null,
})

/** A KPI snapshot of the fork in which nothing burns, so that the fork's pause can be released whatever the live KPIs say. */
export const recordCalm = (ports: Ports, metrics: readonly string[]): Promise<void> =>
  ports.store.change(async tx => {
    const at = ports.clock.now()
    const window = reportingWindow({ length: DEFAULT_WINDOW_LENGTH, from: null, to: null }, at)
    if (!window.ok) throw new Error(window.refusal.message)
    const row: KpiSnapshotRow = {
      id: ports.randomness.id('kpi'),
      window_start: window.value.start,
      window_end: window.value.end,
      summary_json: canonicalText(Object.fromEntries(metrics.map(metric => [metric, 0]))),
      recorded_by: DRILL_ACTORS.builder.id,
      recorded_at: at,
    }
    await record(tx, ports, {
      eventType: 'kpi_snapshot_recorded',
      actor: DRILL,
      payload: { kpi_snapshot_id: row.id },
      idempotencyKey: row.id,
      occurredAt: at,
      inserts: [{ table: 'kpi_snapshot', row }],
    })
  })
