import { bpsChange, money, words } from '../report/figures.ts'
import { candidateOf, type RunReport } from '../report/run-report.ts'

/** What `demo` prints, JSON names. */
export interface DemoRun {
  readonly report_path: string
  /** The installation it left, to be explored. */
  readonly home: string
  readonly seconds: number
  readonly run: RunReport
}

/** The run in the lines that fit a terminal; the report has the rest. */
export function demoText({ run, report_path, home, seconds }: DemoRun): string {
  return [
    '',
    ...(run.candidate_id === null ? withoutProposal(run) : withProposal(run)),
    '',
    `report        ${report_path}`,
    `installation  ${home}   (quotey --home ${home} audit log)`,
    `time          ${seconds} s`,
  ].join('\n')
}

function withProposal(run: RunReport): readonly string[] {
  const candidate = candidateOf(run)
  if (candidate === null) return []
  const { margin_delta_bps, win_rate_delta_bps, expected_margin_delta_cents_per_quote } = candidate.estimates
  return [
    `proposed: ${candidate.rule_diffs.length} change${candidate.rule_diffs.length === 1 ? '' : 's'} of policy \`${run.policy_name}\``,
    ...candidate.rule_diffs.map(
      diff => `  ${diff.rule_id}: ${diff.field} ${shown(diff.from)} -> ${shown(diff.to)}`,
    ),
    `expected margin per quote  ${money(expected_margin_delta_cents_per_quote.point, run.currency)} (95%: ${money(expected_margin_delta_cents_per_quote.lower, run.currency)} to ${money(expected_margin_delta_cents_per_quote.upper, run.currency)})`,
    `margin                     ${bpsChange(margin_delta_bps.point)} (${bpsChange(margin_delta_bps.lower)} to ${bpsChange(margin_delta_bps.upper)})`,
    `win rate                   ${bpsChange(win_rate_delta_bps.point)} (${bpsChange(win_rate_delta_bps.lower)} to ${bpsChange(win_rate_delta_bps.upper)})`,
    ...(run.monitoring === null
      ? []
      : [`realised margin            ${bpsChange(run.monitoring.realized_margin_delta_bps)}`]),
    'approved by a second person, applied by a third, drilled on a fork, rolled back, and the log verified',
  ]
}

function withoutProposal(run: RunReport): readonly string[] {
  const findings = run.fitness?.findings ?? []
  const notProposed = run.proposal?.not_proposed ?? []
  return [
    'no change is proposed: this history cannot show that one would help',
    ...findings.flatMap(finding => [
      `  ${finding.severity.padEnd(8)} ${finding.code}: ${finding.message}`,
      `           what would help: ${finding.remedy}`,
    ]),
    ...notProposed.map(each => `  not proposed (${each.count} settings): ${words(each.reason)}`),
  ]
}

const shown = (value: unknown): string =>
  typeof value === 'object' && value !== null ? 'a rule' : String(value ?? 'none')
