import { weekOf } from '../domain/job-calendar.ts'
import { done, type Result } from '../domain/refusal.ts'
import type { Digest, JsonObject } from '../domain/units.ts'
import { putArtifact } from './artifacts.ts'
import { authorize } from './authorize.ts'
import { type DrillReport, runDrill } from './drill.ts'
import { missedJobs, WEEKLY_EVENT } from './missed-jobs.ts'
import type { Ports, Reading } from './ports.ts'
import { record } from './record.ts'
import type { AuditRow } from './tables.ts'
import { type ValidationReport, validateInstallation } from './validate.ts'

/** One of the runbook's three confirmations of a drill. */
export interface Confirmation {
  readonly name: 'verification_checksums_present' | 'safety_passed' | 'final_version_as_expected'
  readonly ok: boolean
}

/** `ops weekly`, JSON names: the week's governance record, schema `clo_governance_record.v1`. */
export interface GovernanceRecord {
  readonly schema: 'clo_governance_record.v1'
  readonly week: string
  /** Every confirmation holds, and every control check of the validation. */
  readonly ok: boolean
  readonly drill: DrillReport
  readonly confirmations: readonly Confirmation[]
  readonly validation: ValidationReport
  readonly missed_weeks: readonly string[]
}

export interface WeeklyReport extends GovernanceRecord {
  readonly record_digest: Digest
  /** The week had its record before; this is it. */
  readonly already_ran: boolean
}

/**
 * The weekly operator check: a drill, its three confirmations and the validation matrix, kept as the week's governance record. Once
 * a week: again, it gives that record; a run that failed leaves its record too and may be run again. Refuses not_authorised and
 * key_expired, and as the drill does.
 */
export async function opsWeekly(
  ports: Ports,
  input: { readonly actorId: string },
): Promise<Result<WeeklyReport>> {
  const begun = await ports.store.read(async tx => {
    const now = ports.clock.now()
    const authority = await authorize(tx, now, input.actorId, 'drill')
    if (!authority.ok) return authority
    const { weeks } = await missedJobs(tx, now)
    return done({ earlier: await recordOf(tx, weekOf(now)), missed: weeks.missed })
  })
  if (!begun.ok) return begun
  const { earlier, missed } = begun.value
  if (earlier !== null) return done(reportIn(earlier))
  const drill = await runDrill(ports, { actorId: input.actorId, candidateId: null })
  if (!drill.ok) return drill
  const confirmations = confirm(drill.value)
  const validation = await validateInstallation(ports)
  const controls = validation.checks.filter(check => check.kind === 'control')
  const ok = [...confirmations, ...controls].every(check => check.ok)
  return ports.store.change(async tx => {
    const at = ports.clock.now()
    const authority = await authorize(tx, at, input.actorId, 'drill')
    if (!authority.ok) return authority
    const week = weekOf(at)
    const meanwhile = await recordOf(tx, week)
    if (meanwhile !== null) return done(reportIn(meanwhile))
    const schema = 'clo_governance_record.v1'
    const body = {
      schema,
      week,
      ok,
      drill: drill.value,
      confirmations,
      validation,
      missed_weeks: missed,
    } as const
    const artifact = putArtifact(schema, body as unknown as JsonObject, at)
    const report = { ...body, record_digest: artifact.digest }
    await record(tx, ports, {
      eventType: ok ? WEEKLY_EVENT : 'governance_record_failed',
      actor: { type: authority.value.actorType, id: input.actorId },
      payload: report as unknown as JsonObject,
      idempotencyKey: ok ? week : `${week}:${drill.value.drill_id}`,
      occurredAt: at,
      inserts: [artifact.insert],
    })
    return done({ ...report, already_ran: false })
  })
}

const recordOf = (tx: Reading, week: string): Promise<AuditRow | null> =>
  tx.last('policy_lifecycle_audit', { event_type: WEEKLY_EVENT, idempotency_key: week })

const reportIn = (row: AuditRow): WeeklyReport => ({
  ...(JSON.parse(row.event_payload_json) as Omit<WeeklyReport, 'already_ran'>),
  already_ran: true,
})

const confirm = (drill: DrillReport): readonly Confirmation[] => [
  {
    name: 'verification_checksums_present',
    ok: [
      drill.first_apply_verification_checksum,
      drill.rollback_verification_checksum,
      drill.reapply_verification_checksum,
    ].every(checksum => checksum !== ''),
  },
  { name: 'safety_passed', ok: drill.safety_passed },
  { name: 'final_version_as_expected', ok: drill.final_policy_version === drill.expected_policy_version },
]
