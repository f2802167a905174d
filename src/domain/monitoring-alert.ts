import type { MarginDrift } from './margin-drift.ts'
import type { MergeCounts } from './outcome-merge.ts'
import type { RealizedCounts, RealizedEstimates } from './realized.ts'
import type { Estimate } from './replay-report.ts'
import type { JsonObject } from './units.ts'

/** Something in an intake of outcomes that a person must look at. */
export interface MonitoringAlert {
  readonly code:
    | 'realized_fields_missing'
    | 'margin_below_promise'
    | 'margin_above_promise'
    | 'outcomes_changed'
  readonly facts: JsonObject
  readonly remedy: string
}

/** The figures every observation must have, under the names that KPIs read, and what each is made from. */
const FIELDS: readonly (readonly [string, keyof RealizedEstimates, string])[] = [
  ['realized_margin_delta_bps', 'margin_delta_bps', 'cost_cents'],
  ['realized_win_rate_delta_bps', 'win_rate_delta_bps', 'a response model in the packet'],
  [
    'realized_approval_latency_delta_seconds',
    'approval_latency_delta_seconds',
    'approval_required and approval_latency_seconds',
  ],
  [
    'realized_expected_margin_delta_cents_per_quote',
    'expected_margin_delta_cents_per_quote',
    'cost_cents and a response model in the packet',
  ],
]

/** Missing figures are said aloud, and drift only where the confidence sequence shows it. */
export function monitoringAlerts(
  estimates: RealizedEstimates,
  counts: RealizedCounts,
  drift: MarginDrift,
  promised: Estimate,
): readonly MonitoringAlert[] {
  const missing = FIELDS.filter(([, measure]) => estimates[measure].point === null)
  const alerts: MonitoringAlert[] = []
  if (missing.length > 0) {
    alerts.push({
      code: 'realized_fields_missing',
      facts: { fields: missing.map(([field]) => field), scored: counts.scored, with_cost: counts.with_cost },
      remedy: `export the outcomes with what the figures are made from: ${missing.map(([field, , from]) => `${field} needs ${from}`).join('; ')}`,
    })
  }
  if (drift.verdict === 'below_promise' || drift.verdict === 'above_promise') {
    alerts.push({
      code: drift.verdict === 'below_promise' ? 'margin_below_promise' : 'margin_above_promise',
      facts: {
        lower_bps: drift.lower_bps,
        upper_bps: drift.upper_bps,
        promised_lower_bps: promised.lower,
        promised_upper_bps: promised.upper,
        observations: drift.observations,
      },
      remedy:
        'open an incident with `quotey incident open`, find out why, and take the change back if it harms',
    })
  }
  return alerts
}

/** null where nothing that was judged came back with other content. */
export function changedOutcomes(
  { changed }: MergeCounts,
  rejectReport: string | null,
): MonitoringAlert | null {
  if (changed === 0) return null
  return {
    code: 'outcomes_changed',
    facts: { changed, reject_report: rejectReport },
    remedy: 'find out who changes outcomes of closed quotes in the source, and why; the first content stays',
  }
}
