import type { KpiSummary, KpiSummaryV2 } from './kpi.ts'
import { kpiMetrics, kpiV2Metrics } from './kpi-metrics.ts'
import { gauge, type Metric, type Sample, samplesBy, total } from './metric.ts'
import type { Instant } from './units.ts'

/** The state of an installation as far as monitoring asks for it. */
export interface Standing {
  readonly createdAt: Instant
  readonly paused: boolean
  readonly epoch: number
  readonly policyVersion: number
  readonly auditEntries: number
  readonly candidatesByStatus: Readonly<Record<string, number>>
  readonly openIncidentsByCause: Readonly<Record<string, number>>
  readonly jobs: Readonly<
    Record<'daily' | 'weekly', { readonly last: Instant | null; readonly missed: number }>
  >
  /** Waiting messages of each webhook that is listed or has some. */
  readonly outbox: Readonly<Record<string, { readonly waiting: number; readonly oldest: Instant | null }>>
  readonly givenUp: number
  readonly webhooksReadable: boolean
  /** 1 for an alert that is raised on enough samples and not yet cleared by a whole window, else 0. */
  readonly raisedAlerts: Readonly<Record<string, number>>
  readonly kpi: KpiSummary
  readonly kpiV2: KpiSummaryV2
}

const seconds = (instant: Instant): number => Date.parse(instant) / 1000

/** Everything `/metrics` shows. */
export const metricsOf = (standing: Standing): readonly Metric[] => [
  gauge('quotey_safety_paused', 'Whether the safety pause holds (1) or not (0).', standing.paused ? 1 : 0),
  gauge('quotey_active_policy_version', 'Version of the active policy.', standing.policyVersion),
  gauge('quotey_policy_epoch', 'Epoch of the active policy; grows with every activation.', standing.epoch),
  gauge('quotey_candidates', 'Candidates by status.', samplesBy('status', standing.candidatesByStatus)),
  gauge(
    'quotey_incidents_open',
    'Open incidents by cause.',
    samplesBy('cause', standing.openIncidentsByCause),
  ),
  total('quotey_audit_entries_total', 'Entries of the audit log.', standing.auditEntries),
  gauge(
    'quotey_installation_created_timestamp_seconds',
    'When the installation was made.',
    seconds(standing.createdAt),
  ),
  ...jobMetrics(standing.jobs),
  ...outboxMetrics(standing),
  gauge(
    'quotey_alert_raised',
    'Whether an alert is raised (1): beyond its limit on enough samples in a recorded window, and none clear since.',
    samplesBy('alert', standing.raisedAlerts),
  ),
  ...kpiMetrics(standing.kpi),
  ...kpiV2Metrics(standing.kpiV2),
]

const jobMetrics = (jobs: Standing['jobs']): readonly Metric[] => {
  const by = (value: (job: Standing['jobs']['daily']) => number): readonly Sample[] =>
    samplesBy('task', { daily: value(jobs.daily), weekly: value(jobs.weekly) })
  return [
    gauge(
      'quotey_job_last_run_timestamp_seconds',
      'When the daily and the weekly job last ran; 0 before the first run.',
      by(({ last }) => (last === null ? 0 : seconds(last))),
    ),
    gauge(
      'quotey_job_missed_runs',
      'Days or weeks that are over without their run since the last one.',
      by(({ missed }) => missed),
    ),
  ]
}

const outboxMetrics = ({ outbox, givenUp, webhooksReadable }: Standing): readonly Metric[] => [
  gauge(
    'quotey_outbox_messages',
    'Messages that wait for delivery, by webhook.',
    samplesBy(
      'webhook',
      Object.fromEntries(Object.entries(outbox).map(([name, { waiting }]) => [name, waiting])),
    ),
  ),
  gauge(
    'quotey_outbox_oldest_message_timestamp_seconds',
    'When the oldest waiting message was queued, by webhook; absent where none waits.',
    samplesBy(
      'webhook',
      Object.fromEntries(
        Object.entries(outbox).flatMap(([name, { oldest }]) =>
          oldest === null ? [] : [[name, seconds(oldest)]],
        ),
      ),
    ),
  ),
  total('quotey_outbox_given_up_total', 'Messages that grew too old and were given up.', givenUp),
  gauge(
    'quotey_webhook_list_readable',
    'Whether the list of webhooks can be used (1; also when there is none) or not (0).',
    webhooksReadable ? 1 : 0,
  ),
]
