import type { AlertCode } from '../domain/alert-state.ts'
import { dayOf } from '../domain/job-calendar.ts'
import type { IncidentCause } from '../domain/playbook.ts'
import { done, type Result } from '../domain/refusal.ts'
import type { JsonObject } from '../domain/units.ts'
import { DAILY_WINDOW, lookAgain, raise, raisedIn } from './alert-look.ts'
import { authorize } from './authorize.ts'
import { checkpointElsewhere } from './checkpoint-post.ts'
import { incidentOf, openIncidentRows } from './incident.ts'
import { type RecordedKpiSummary, recordKpiSummary } from './kpi.ts'
import { DAILY_EVENT, missedJobs } from './missed-jobs.ts'
import { type AutomaticPause, pauseAgain, pauseWhereConfigured } from './ops-pause.ts'
import type { Ports, Reading } from './ports.ts'
import { record } from './record.ts'
import type { AuditRow } from './tables.ts'

/** `ops daily`, JSON names. */
export interface DailyReport {
  readonly day: string
  /** The day had its run before; this is what it found, and what was raised since. */
  readonly already_ran: boolean
  readonly kpi_snapshot_id: string
  /** As the v1 query compares, without samples or the signed limits. */
  readonly alert_reason_codes: string
  /** Beyond the limits of the thresholds in force, on enough samples: these open incidents. */
  readonly raised_alerts: readonly AlertCode[]
  readonly summary: RecordedKpiSummary
  readonly incidents_opened: readonly string[]
  readonly incidents: readonly OpenIncidentLine[]
  readonly pause: readonly AutomaticPause[]
  readonly missed_days: readonly string[]
  readonly missed_weeks: readonly string[]
}

export interface OpenIncidentLine {
  readonly incident_id: string
  readonly cause: IncidentCause
  readonly ticket: string
  /** The step whose turn it is; null when only closing is left. */
  readonly next_step: number | null
  /** What closing waits for. */
  readonly unmet: readonly string[]
}

/**
 * The daily operator check: a recorded KPI snapshot over 30 days, an incident for each alert that is raised (beyond its limit on
 * enough samples, and none open for it), the pause where the thresholds say so, and what was missed. Once a day: again, it
 * looks at the alerts as they are now, opens incidents for those raised since, engages the pause that run could not engage, and
 * gives all that with what the day's run found. Refuses not_authorised and key_expired.
 */
export async function opsDaily(
  ports: Ports,
  input: { readonly actorId: string },
): Promise<Result<DailyReport>> {
  const begun = await ports.store.read(async tx => {
    const now = ports.clock.now()
    const authority = await authorize(tx, now, input.actorId, 'kpi_record')
    if (!authority.ok) return authority
    return done({ earlier: await runOf(tx, dayOf(now)), missed: await missedJobs(tx, now) })
  })
  if (!begun.ok) return begun
  const { earlier, missed } = begun.value
  if (earlier !== null) return lookedAgain(ports, input.actorId, reportIn(earlier))
  const summary = await recordKpiSummary(ports, { ...DAILY_WINDOW, actorId: input.actorId })
  if (!summary.ok) return summary
  const opened = await ports.store.change(tx =>
    raise(tx, ports, input.actorId, summary.value.kpi_snapshot_id),
  )
  if (!opened.ok) return opened
  const raised = opened.value.readings.map(reading => reading.code)
  const pause = await pauseWhereConfigured(ports, input.actorId, raised)
  const finished = await ports.store.change(async tx => {
    const at = ports.clock.now()
    const authority = await authorize(tx, at, input.actorId, 'kpi_record')
    if (!authority.ok) return authority
    const meanwhile = await runOf(tx, dayOf(at))
    if (meanwhile !== null) return done(reportIn(meanwhile))
    const report: DailyReport = {
      day: dayOf(at),
      already_ran: false,
      kpi_snapshot_id: summary.value.kpi_snapshot_id,
      alert_reason_codes: summary.value.alert_reason_codes,
      raised_alerts: raised,
      summary: summary.value,
      incidents_opened: opened.value.incidentIds,
      incidents: await openLines(tx),
      pause,
      missed_days: missed.days.missed,
      missed_weeks: missed.weeks.missed,
    }
    await record(tx, ports, {
      eventType: DAILY_EVENT,
      actor: { type: authority.value.actorType, id: input.actorId },
      payload: report as unknown as JsonObject,
      idempotencyKey: report.day,
      occurredAt: at,
      inserts: [],
    })
    return done(report)
  })
  if (finished.ok) await checkpointElsewhere(ports, input.actorId)
  return finished
}

const runOf = (tx: Reading, day: string): Promise<AuditRow | null> =>
  tx.last('policy_lifecycle_audit', { event_type: DAILY_EVENT, idempotency_key: day })

const reportIn = (row: AuditRow): DailyReport => ({
  ...(JSON.parse(row.event_payload_json) as DailyReport),
  already_ran: true,
})

/**
 * The day's report with what was raised since, the incidents as they stand, and the pause engaged now that its run could not engage, for
 * what the newest snapshot still shows.
 */
async function lookedAgain(ports: Ports, actorId: string, report: DailyReport): Promise<Result<DailyReport>> {
  const since = await lookAgain(ports, actorId)
  if (!since.ok) return since
  const { raised, incidents } = await ports.store.read(async tx => {
    const newest = await tx.last('kpi_snapshot')
    const readings = newest === null ? [] : await raisedIn(tx, newest)
    return { raised: readings.map(({ code }) => code), incidents: await openLines(tx) }
  })
  const fresh = raised.filter(code => !report.raised_alerts.includes(code))
  const engaged = await pauseWhereConfigured(ports, actorId, fresh)
  return done({
    ...report,
    raised_alerts: [...report.raised_alerts, ...fresh],
    incidents_opened: [...report.incidents_opened, ...since.value.incidentIds],
    incidents,
    pause: [...(await pauseAgain(ports, actorId, report.pause, raised)), ...engaged],
  })
}

async function openLines(tx: Reading): Promise<readonly OpenIncidentLine[]> {
  const lines: OpenIncidentLine[] = []
  for (const row of await openIncidentRows(tx)) {
    const { incident_id, cause, ticket, next_step, exit_criteria } = await incidentOf(tx, row)
    const unmet = exit_criteria.filter(criterion => !criterion.met).map(criterion => criterion.why)
    lines.push({ incident_id, cause, ticket, next_step, unmet })
  }
  return lines
}
