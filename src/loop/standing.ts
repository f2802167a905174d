import { ALERT_CODES, type AlertCode, alertReadings, CLEAR, nextAlertState } from '../domain/alert-state.ts'
import type { KpiSummary, KpiSummaryV2 } from '../domain/kpi.ts'
import { DEFAULT_WINDOW_LENGTH, reportingWindow } from '../domain/kpi-window.ts'
import { CANDIDATE_STATUSES } from '../domain/lifecycle.ts'
import type { Standing } from '../domain/metrics.ts'
import { INCIDENT_CAUSES } from '../domain/playbook.ts'
import type { Instant } from '../domain/units.ts'
import { currentThresholds } from './active.ts'
import { openIncidentRows } from './incident.ts'
import { summaryOver } from './kpi.ts'
import { missedJobs } from './missed-jobs.ts'
import { statusIn } from './pause-status.ts'
import type { Ports, Reading, UndeliveredMessage } from './ports.ts'

/** How the installation stands now, in one consistent view. Needs no actor. */
export async function standingNow(ports: Ports): Promise<Standing> {
  const webhooks = await ports.webhooks.all()
  const names = webhooks.ok ? webhooks.value.map(({ name }) => name) : []
  return ports.store.read(async tx => {
    const now = ports.clock.now()
    const status = await statusIn(tx)
    const { days, weeks } = await missedJobs(tx, now)
    return {
      createdAt: (await tx.last('installation'))?.created_at ?? now,
      paused: status.paused,
      epoch: status.epoch,
      policyVersion: status.policy_version,
      auditEntries: ((await tx.last('policy_lifecycle_audit'))?.entry_index ?? -1) + 1,
      candidatesByStatus: counts(
        CANDIDATE_STATUSES,
        (await tx.find('policy_candidate')).map(row => row.status),
      ),
      openIncidentsByCause: counts(
        INCIDENT_CAUSES,
        (await openIncidentRows(tx)).map(row => row.cause),
      ),
      jobs: {
        daily: { last: days.last, missed: days.missed.length },
        weekly: { last: weeks.last, missed: weeks.missed.length },
      },
      outbox: queues(names, await tx.undelivered()),
      givenUp: (await tx.find('outbox_attempt', { outcome: 'given_up' })).length,
      webhooksReadable: webhooks.ok,
      raisedAlerts: await raisedAlerts(tx),
      ...(await summariesNow(tx, now)),
    }
  })
}

async function summariesNow(tx: Reading, now: Instant): Promise<Pick<Standing, 'kpi' | 'kpiV2'>> {
  const window = reportingWindow({ length: DEFAULT_WINDOW_LENGTH, from: null, to: null }, now)
  if (!window.ok) throw new Error(window.refusal.message)
  const { start, end } = window.value
  const [kpiV2] = await tx.kpi('clo_kpi_summary_v2', start, end)
  if (kpiV2 === undefined) throw new Error('clo_kpi_summary_v2 gave no row')
  return { kpi: await summaryOver(tx, window.value), kpiV2: kpiV2 as unknown as KpiSummaryV2 }
}

/** Alerts as the recorded snapshots raised and cleared them, under the thresholds that hold now. */
async function raisedAlerts(tx: Reading): Promise<Standing['raisedAlerts']> {
  const { thresholds } = await currentThresholds(tx)
  const readings = (await tx.find('kpi_snapshot'))
    .toSorted((a, b) => Date.parse(a.window_end) - Date.parse(b.window_end))
    .flatMap(row => alertReadings(JSON.parse(row.summary_json) as KpiSummary, thresholds.alerts))
  const isRaised = (code: AlertCode): boolean =>
    readings.filter(reading => reading.code === code).reduce(nextAlertState, CLEAR).kind === 'raised'
  return Object.fromEntries(ALERT_CODES.map(code => [code, isRaised(code) ? 1 : 0]))
}

/** How often each word occurs; a word that does not counts 0, so that its series begins before its first event. */
const counts = (known: readonly string[], words: readonly string[]): Readonly<Record<string, number>> =>
  Object.fromEntries(known.map(name => [name, words.filter(word => word === name).length]))

function queues(names: readonly string[], waiting: readonly UndeliveredMessage[]): Standing['outbox'] {
  const all = [...new Set([...names, ...waiting.map(message => message.webhook)])]
  return Object.fromEntries(
    all.map(name => {
      const mine = waiting.filter(message => message.webhook === name)
      return [
        name,
        { waiting: mine.length, oldest: mine.map(message => message.created_at).sort()[0] ?? null },
      ]
    }),
  )
}
