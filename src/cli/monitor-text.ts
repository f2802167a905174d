import type { DriftVerdict } from '../domain/margin-drift.ts'
import { moneyEstimateText } from '../domain/money-text.ts'
import { estimateText, signed } from '../domain/packet-summary.ts'
import type { PromisedMeasure, PromiseKept, PromiseVerdict } from '../domain/promise.ts'
import type { Estimate } from '../domain/replay-report.ts'
import type { MonitoringResult } from '../loop/monitor.ts'

/** A unit of null: money a quote. */
const MEASURES: Readonly<Record<PromisedMeasure, { readonly name: string; readonly unit: string | null }>> = {
  expected_margin_delta_cents_per_quote: { name: 'margin earned', unit: null },
  margin_delta_bps: { name: 'margin rate', unit: 'bps' },
  win_rate_delta_bps: { name: 'win rate', unit: 'bps' },
  approval_latency_delta_seconds: { name: 'approval wait', unit: 's' },
}

const VERDICTS: Readonly<Record<PromiseVerdict, string>> = {
  arrived: 'arrived',
  not_arrived: 'DID NOT ARRIVE',
  not_yet_shown: 'not shown yet',
  unknown: 'unknown',
}

/** The outcome for people: each promise beside what was observed, and what to do. */
export function monitorText(result: MonitoringResult): string {
  const { counts, promises, intake } = result
  return [
    `Candidate ${result.candidate_id}, policy version ${result.applied_policy_version} against ${result.prior_policy_version} on the same ${counts.scored} closed quotes`,
    '',
    ...promises.flatMap(promise => promiseLines(promise, result.currency)),
    '',
    `  ${counts.decided_alike} quotes would have been decided alike by the prior policy.`,
    `  ${counts.as_applied} were handled as the applied policy says; on them the margin rate moved ${estimateText(result.realized_intervals.margin_delta_as_applied_bps, 'bps')}.`,
    `  ${driftSentence(result)}`,
    `  Left out: ${counts.open} open, ${counts.not_replayable.attribute_absent + counts.not_replayable.cost_absent} not decidable.`,
    `  ${intakeSentence(intake)}`,
    ...(intake.reject_report === null
      ? []
      : [`  Rejected rows and changed outcomes: ${intake.reject_report}`]),
    ...result.alerts.flatMap(({ code, facts, remedy }) => [
      `  ALERT ${code}: ${JSON.stringify(facts)}`,
      `    to do: ${remedy}`,
    ]),
    '',
    nextStep(result),
  ].join('\n')
}

const DRIFT_WORDS: Readonly<Record<DriftVerdict, string>> = {
  as_promised: 'which does not contradict the promise',
  below_promise: 'which is BELOW THE PROMISE',
  above_promise: 'which is above the promise',
  unknown: 'with no promise to set it against',
}

/** The sequence holds at every look at once, so it is wider than the interval of one look. */
function driftSentence({ margin_drift: drift }: MonitoringResult): string {
  const limits = `${signed(drift.lower_bps)} to ${signed(drift.upper_bps)} bps`
  return `However often one looks, the margin rate moved ${limits} (95%, ${drift.observations} observations), ${DRIFT_WORDS[drift.verdict]}.`
}

function intakeSentence(intake: MonitoringResult['intake']): string {
  const foreign = Object.values(intake.foreign).reduce((sum, value) => sum + value, 0)
  return `Intake ${intake.number}, \`${intake.name}\`: ${intake.first_seen} new quotes, ${intake.updated_while_open} that were open, ${intake.repeated} known already, ${intake.changed} changed and rejected, ${foreign} of other versions or times, ${intake.rejected} unreadable.`
}

const promiseLines = ({ measure, projected, realized, verdict }: PromiseKept, currency: string): string[] => {
  const { name, unit } = MEASURES[measure]
  const inWords = (estimate: Estimate): string =>
    unit === null ? moneyEstimateText(estimate, currency) : estimateText(estimate, unit)
  return [
    `  ${name.padEnd(16)}${VERDICTS[verdict]}`,
    `    promised  ${inWords(projected)}`,
    `    observed  ${inWords(realized)}`,
  ]
}

function nextStep({ promises, apply_record_id, margin_drift }: MonitoringResult): string {
  if (margin_drift.verdict === 'below_promise') {
    return `The margin rate stays below its promise. Take it back with \`quotey policy-opt rollback ${apply_record_id} --reason TEXT\`, or find out why first.`
  }
  const failed = promises.filter(promise => promise.verdict === 'not_arrived')
  if (failed.length > 0) {
    return `The promised effect did not arrive. Take it back with \`quotey policy-opt rollback ${apply_record_id} --reason TEXT\`, or find out why first.`
  }
  return promises[0]?.verdict === 'arrived'
    ? 'The promised effect arrived. Go on watching with `quotey kpi summary`.'
    : 'These quotes cannot show the promised effect yet. Take in more outcomes.'
}
