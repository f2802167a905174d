import { move } from '../domain/lifecycle.ts'
import { changedOutcomes } from '../domain/monitoring-alert.ts'
import { type MergedOutcomes, mergeOutcomes } from '../domain/outcome-merge.ts'
import { outcomeRows } from '../domain/outcome-rows.ts'
import type { QuoteFile } from '../domain/quote-file.ts'
import { done, type Refusal, type Result, refuse } from '../domain/refusal.ts'
import type { ActorId, CandidateId, Digest, JsonObject } from '../domain/units.ts'
import { digestOf } from '../evidence/canonical.ts'
import { type Applied, appliedVersion } from './applied-version.ts'
import { authorize } from './authorize.ts'
import {
  type Intake,
  type IntakeCounts,
  intakeCounts,
  type Measured,
  type MonitoringResult,
  measureOutcomes,
} from './monitoring-result.ts'
import type { Ports, Reading } from './ports.ts'
import { record } from './record.ts'
import type { AuditRow } from './tables.ts'

export type { MonitoringResult } from './monitoring-result.ts'

export interface MonitorRequest {
  readonly actorId: ActorId
  readonly candidateId: CandidateId
  readonly outcomesPath: string
  /** Path of a mapping file or name of a preset; null where the columns are canonical. */
  readonly map: string | null
}

/**
 * Takes in outcomes of quotes decided under an applied candidate and sets all outcomes so far against the prior policy and the
 * promise. Each quote counts once, in whatever file it comes: what was taken in before changes nothing, and other content
 * for a closed quote is rejected and reported. Each intake with something new is an event `monitoring_started` of its own;
 * one with nothing but rejected changes is `outcomes_rejected`; one with nothing new gives the record there is. Refuses
 * not_found, not_authorised, key_expired, illegal_move (never applied, or rolled back), bad_input (the file, another currency,
 * no quote of that version in it, or none of them closed yet), and what loading the
 * outcomes so far does (audit_broken, not_found).
 */
export async function monitorCandidate(
  ports: Ports,
  request: MonitorRequest,
): Promise<Result<MonitoringResult>> {
  const permitted = await standing(ports, request)
  if (!permitted.ok) return permitted
  const read = await ports.quoteFiles.read(request.outcomesPath, request.map, null)
  if (!read.ok) return read
  const digest = await ports.snapshots.save(read.value.columns)
  for (;;) {
    const taken = await takeIn(ports, request, read.value, digest)
    if (!taken.ok || taken.value !== 'overtaken') return taken as Result<MonitoringResult>
  }
}

interface Standing {
  readonly applied: Applied
  /** The newest intake of this apply. */
  readonly newest: AuditRow | null
}

const standing = (ports: Ports, request: MonitorRequest): Promise<Result<Standing>> =>
  ports.store.read(async tx => {
    const authority = await authorize(tx, ports.clock.now(), request.actorId, 'monitor')
    if (!authority.ok) return authority
    const applied = await appliedVersion(tx, request.candidateId)
    if (!applied.ok) return applied
    return done({ applied: applied.value, newest: await newestIntake(tx, applied.value.apply.id) })
  })

const newestIntake = (tx: Reading, applyRecordId: string): Promise<AuditRow | null> =>
  tx.last('policy_lifecycle_audit', { event_type: 'monitoring_started', apply_record_id: applyRecordId })

/** `overtaken` where another intake was recorded between reading and writing. */
async function takeIn(
  ports: Ports,
  request: MonitorRequest,
  file: QuoteFile,
  digest: Digest,
): Promise<Result<MonitoringResult | 'overtaken'>> {
  const started = await standing(ports, request)
  if (!started.ok) return started
  const { applied, newest } = started.value
  const before = newest === null ? null : recordedIn(newest)
  const known = before === null ? done(null) : await ports.snapshots.load(before.outcomes_digest)
  if (!known.ok) return lostOutcomes(known.refusal)
  if (known.value !== null && known.value.currency !== file.columns.currency) {
    return refuse(
      'bad_input',
      `\`${file.name}\` is in \`${file.columns.currency}\`, the outcomes so far in \`${known.value.currency}\``,
      'hand in outcomes in the one currency of this installation',
    )
  }
  const { rows, foreign } = outcomeRows(file.columns, applied.inForce)
  const merged = mergeOutcomes(known.value, file.columns, rows)
  const counts = intakeCounts(file, foreign, merged.counts)
  if (rows.length === 0) return nothingOf(applied, file, counts)
  if (before !== null && merged.fresh.size === 0 && merged.counts.changed === 0) return done(before)
  const intake: Intake = {
    number: (before?.intake.number ?? 0) + 1,
    name: file.name,
    digest,
    ...counts,
    reject_report: await rejectReport(ports, file, merged),
  }
  if (before !== null && merged.fresh.size === 0) return keepRejected(ports, request, before, intake)
  const measured = measureOutcomes(applied, before, merged, intake)
  if (measured.counts.scored === 0) return nothingOf(applied, file, counts)
  const outcomesDigest = await ports.snapshots.save(merged.quotes)
  return keep(ports, request, { ...measured, outcomes_digest: outcomesDigest }, newest)
}

const lostOutcomes = ({ code, message, facts }: Refusal): Result<never> =>
  refuse(
    code,
    `the outcomes taken in so far cannot be read: ${message}`,
    'restore the folder `snapshots` from a backup; `quotey doctor` says what else is missing',
    facts,
  )

async function rejectReport(ports: Ports, file: QuoteFile, merged: MergedOutcomes): Promise<string | null> {
  const rejects = [...file.rejects, ...merged.rejects]
  return rejects.length === 0 ? null : ports.snapshots.saveRejects(rejects)
}

const nothingOf = ({ apply, inForce }: Applied, file: QuoteFile, counts: IntakeCounts): Result<never> =>
  refuse(
    'bad_input',
    `no closed quote of policy version ${apply.applied_policy_version} in \`${file.name}\``,
    'hand in quotes decided under that version, with their outcome, once some are closed',
    { ...counts, in_force_from: inForce.from, in_force_to: inForce.to },
  )

async function keep(
  ports: Ports,
  request: MonitorRequest,
  measured: Measured & { readonly outcomes_digest: Digest },
  newest: AuditRow | null,
): Promise<Result<MonitoringResult | 'overtaken'>> {
  return ports.store.change(async tx => {
    const at = ports.clock.now()
    const authority = await authorize(tx, at, request.actorId, 'monitor')
    if (!authority.ok) return authority
    const applied = await appliedVersion(tx, request.candidateId)
    if (!applied.ok) return applied
    const { candidate, apply } = applied.value
    if ((await newestIntake(tx, apply.id))?.id !== newest?.id) return done('overtaken' as const)
    const result: MonitoringResult = { ...measured, monitored_at: at }
    const patch = { status: 'monitoring' as const, monitoring_started_at: at, updated_at: at }
    const isFirst = move(candidate.status, 'monitoring').ok
    await record(tx, ports, {
      eventType: 'monitoring_started',
      actor: { type: authority.value.actorType, id: request.actorId },
      payload: result as unknown as JsonObject,
      idempotencyKey: digestOf({ apply_record_id: apply.id, outcomes_digest: measured.outcomes_digest }),
      occurredAt: at,
      links: { candidate_id: candidate.id, apply_record_id: apply.id },
      inserts: [],
      ...(isFirst ? { candidate: { id: candidate.id, patch } } : {}),
    })
    return done(result)
  })
}

/** An attempt to rewrite what was judged leaves its trace, and no figure moves. */
async function keepRejected(
  ports: Ports,
  request: MonitorRequest,
  before: MonitoringResult,
  intake: Intake,
): Promise<Result<MonitoringResult>> {
  return ports.store.change(async tx => {
    const at = ports.clock.now()
    const authority = await authorize(tx, at, request.actorId, 'monitor')
    if (!authority.ok) return authority
    const { candidate_id, apply_record_id } = before
    const key = digestOf({ apply_record_id, intake_digest: intake.digest })
    const told = { event_type: 'outcomes_rejected', idempotency_key: key }
    if ((await tx.last('policy_lifecycle_audit', told)) === null) {
      await record(tx, ports, {
        eventType: 'outcomes_rejected',
        actor: { type: authority.value.actorType, id: request.actorId },
        payload: { ...intake } as unknown as JsonObject,
        idempotencyKey: key,
        occurredAt: at,
        links: { candidate_id, apply_record_id },
        inserts: [],
      })
    }
    const changed = changedOutcomes(intake, intake.reject_report)
    const alerts = before.alerts.filter(alert => alert.code !== 'outcomes_changed')
    return done({ ...before, intake, alerts: changed === null ? alerts : [...alerts, changed] })
  })
}

const recordedIn = (row: AuditRow): MonitoringResult => JSON.parse(row.event_payload_json) as MonitoringResult
