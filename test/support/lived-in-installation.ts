import { DEFAULT_THRESHOLDS } from '../../src/domain/thresholds.ts'
import { revokeActor } from '../../src/loop/actor-revoke.ts'
import { takeCheckpoint } from '../../src/loop/checkpoint.ts'
import { openIncident } from '../../src/loop/incident-open.ts'
import { doIncidentStep } from '../../src/loop/incident-step.ts'
import { recordKpiSummary } from '../../src/loop/kpi.ts'
import { engagePause } from '../../src/loop/pause-engage.ts'
import { releasePause } from '../../src/loop/pause-release.ts'
import { changeThresholds } from '../../src/loop/thresholds.ts'
import {
  apply,
  approvedCandidate,
  candidateOf,
  decide,
  installationWithHistory,
  packetOf,
  rollback,
} from './governed-candidate.ts'
import { succeeded, type TestInstallation } from './installation.ts'

/**
 * An installation in which everything has happened: an approval, an apply, its rollback, a rejection, a pause and its release
 * by two people, an incident, changed thresholds, a revoked key. Every table has rows.
 */
export async function livedInInstallation(): Promise<TestInstallation> {
  const installed = await installationWithHistory(2000)
  const { ports } = installed
  const { candidateId } = await approvedCandidate(ports)
  const applied = succeeded(await apply(ports, 'ruth', candidateId))
  const ticket = 'CLO-SAFETY-PAUSE-1'
  const metrics = ['other:realised margin fell']
  succeeded(await engagePause(ports, { actorId: 'sam', ticket, reason: 'margin fell', metrics }))
  const seen = { cause: 'other', reason: 'customers call', ticket: null } as const
  const { incident_id } = succeeded(await openIncident(ports, { actorId: 'ana', ...seen }))
  const first = { incidentId: incident_id, step: 1, note: 'paused already' }
  succeeded(await doIncidentStep(ports, { actorId: 'sam', ...first }))
  succeeded(await rollback(ports, 'ruth', applied.apply_record.id))
  succeeded(await recordKpiSummary(ports, { length: '30d', from: null, to: null, actorId: 'sam' }))
  for (const actorId of ['sam', 'ruth']) {
    succeeded(await releasePause(ports, { actorId, remediation: 'the cap is as it was' }))
  }
  succeeded(await takeCheckpoint(ports, 'ruth'))
  const rejected = await packetOf(ports, await candidateOf(ports))
  succeeded(await decide(ports, 'sam', rejected.packet_id, 'reject', 'tried before'))
  const thresholds = { ...DEFAULT_THRESHOLDS, packet_expiry_days: 7 }
  succeeded(await changeThresholds(ports, { actorId: 'sam', thresholds }))
  succeeded(await revokeActor(ports, { id: 'rex', keyId: null, reason: 'left the company' }))
  return installed
}
