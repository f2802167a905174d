import { drillChange } from '../domain/drill-change.ts'
import type { RuleDiff } from '../domain/policy.ts'
import { diffPolicies } from '../domain/policy-diff.ts'
import { done, type Result, refuse } from '../domain/refusal.ts'
import type { Digest, JsonObject } from '../domain/units.ts'
import { activePolicy, policyOfVersion } from './active.ts'
import { baseMoved } from './approval-obstacle.ts'
import { putArtifact } from './artifacts.ts'
import { type Authority, authorize } from './authorize.ts'
import { candidateRow } from './candidate-evidence.ts'
import { peopledFork } from './drill-fork.ts'
import { type Rehearsal, rehearse } from './drill-rehearsal.ts'
import { liveStateDigest } from './live-state.ts'
import type { Ports, Reading } from './ports.ts'
import { record } from './record.ts'

export interface RunDrill {
  readonly actorId: string
  /** Drills this candidate's change; null moves one parameter of the active policy. */
  readonly candidateId: string | null
}

/** Schema `clo_drill_report.v1`, JSON names of `policy-opt drill`. */
export interface DrillReport extends Rehearsal {
  readonly schema: 'clo_drill_report.v1'
  readonly drill_id: string
  /** The live candidate whose change was drilled; null for a parameter of the active policy. */
  readonly candidate_id: string | null
  readonly rule_diffs: readonly RuleDiff[]
  readonly safety_passed: boolean
  readonly live_state_digest_before: Digest
  readonly live_state_digest_after: Digest
}

/**
 * Applies, rolls back and applies again on a fork, with people, keys and an approval of its own, and proves that the live
 * state did not change. The report is kept as the governance record. Works while paused. Refuses not_authorised, key_expired,
 * not_found, base_version_moved (the candidate changes another version than the active one).
 */
export async function runDrill(ports: Ports, input: RunDrill): Promise<Result<DrillReport>> {
  const asked = await ports.store.read(async tx => {
    const authority = await authorize(tx, ports.clock.now(), input.actorId, 'drill')
    if (!authority.ok) return authority
    const ruleDiffs = await changeToDrill(tx, input.candidateId)
    return ruleDiffs.ok ? done({ authority: authority.value, ruleDiffs: ruleDiffs.value }) : ruleDiffs
  })
  if (!asked.ok) return asked
  const { authority, ruleDiffs } = asked.value
  const before = await liveStateDigest(ports)
  const rehearsal = await onFork(ports, ruleDiffs)
  if (!rehearsal.ok) return rehearsal
  const after = await liveStateDigest(ports)
  const report: DrillReport = {
    schema: 'clo_drill_report.v1',
    drill_id: ports.randomness.id('drill'),
    candidate_id: input.candidateId,
    rule_diffs: ruleDiffs,
    ...rehearsal.value,
    safety_passed: rehearsal.value.checks.every(check => check.ok) && before === after,
    live_state_digest_before: before,
    live_state_digest_after: after,
  }
  await keepReport(ports, authority, report)
  return done(report)
}

async function changeToDrill(tx: Reading, candidateId: string | null): Promise<Result<readonly RuleDiff[]>> {
  const active = await activePolicy(tx)
  if (candidateId === null) return done([drillChange(active.document)])
  const candidate = await candidateRow(tx, candidateId)
  if (!candidate.ok) return candidate
  const { base_policy_version: base, proposed_policy_version: version } = candidate.value
  if (base !== active.version) {
    return { ok: false, refusal: baseMoved(base, { policy_version: active.version, epoch: active.epoch }) }
  }
  const proposed = await policyOfVersion(tx, version)
  const ruleDiffs = diffPolicies(active.document, proposed.document)
  return ruleDiffs.length > 0
    ? done(ruleDiffs)
    : refuse('bad_input', `the candidate \`${candidateId}\` changes nothing`, 'drill without a candidate')
}

async function onFork(ports: Ports, ruleDiffs: readonly RuleDiff[]): Promise<Result<Rehearsal>> {
  const fork = await ports.fork()
  try {
    const peopled = await peopledFork(fork)
    return peopled.ok ? await rehearse(peopled.value, ruleDiffs) : peopled
  } finally {
    await fork.dispose()
  }
}

const keepReport = (ports: Ports, authority: Authority, report: DrillReport): Promise<void> =>
  ports.store.change(async tx => {
    const at = ports.clock.now()
    const body = report as unknown as JsonObject
    const artifact = putArtifact('clo_drill_report.v1', body, at)
    await record(tx, ports, {
      eventType: 'drill_completed',
      actor: { type: authority.actorType, id: authority.actorId },
      payload: { ...body, report_digest: artifact.digest },
      idempotencyKey: report.drill_id,
      occurredAt: at,
      ...(report.candidate_id === null ? {} : { links: { candidate_id: report.candidate_id } }),
      inserts: [artifact.insert],
    })
  })
