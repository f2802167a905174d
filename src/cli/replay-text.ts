import { moneyChangeText, moneyEstimateText } from '../domain/money-text.ts'
import { estimateText, signed } from '../domain/packet-summary.ts'
import type { Estimate, Mover, ReplayReport, ReplaySlice } from '../domain/replay-report.ts'
import { onOneLine } from '../domain/text.ts'
import { interval, secondsChange } from './report/figures.ts'

/** A replay for people: what was counted, what changes, where, who moves most, and what to do next. */
export function replayText(report: ReplayReport): string {
  return [
    heading(report),
    block('quotes', countRows(report)),
    block('effect, with 95% interval', effectRows(report)),
    block('reach', reachRows(report)),
    block('support', supportRows(report)),
    block('by segment', sliceRows(report.by_segment, report.currency)),
    block('by region', sliceRows(report.by_region, report.currency)),
    block('by rule', sliceRows(report.by_rule, report.currency)),
    block('loses most', moverRows(report.movers.losing, report.currency)),
    block('gains most', moverRows(report.movers.gaining, report.currency)),
    block('guardrails', guardrailRows(report)),
    block('risk flags', report.risk_flags.length === 0 ? [] : [['', report.risk_flags.join(', ')]]),
    nextStep(report),
  ]
    .filter(part => part !== '')
    .join('\n\n')
}

/** What a verified replay says first: that it was derived anew, and from what. */
export const verifiedText = (report: ReplayReport): string =>
  [
    `derived anew from its inputs: every field of this replay comes out as recorded`,
    ...Object.entries(report.inputs)
      .filter(([name, value]) => name.endsWith('_digest') && value !== null)
      .map(([name, value]) => `  ${name.replace('_digest', '').replaceAll('_', ' ').padEnd(15)}  ${value}`),
    '',
    replayText(report),
  ].join('\n')

type Row = readonly [label: string, text: string]

function block(title: string, given: readonly Row[]): string {
  if (given.length === 0) return ''
  const rows = given.map(([label, text]) => [onOneLine(label), onOneLine(text)] as const)
  const width = Math.max(...rows.map(([label]) => label.length))
  return [title, ...rows.map(([label, text]) => `  ${label.padEnd(width)}  ${text}`.trimEnd())].join('\n')
}

const heading = (report: ReplayReport): string =>
  [
    `replay of ${report.candidate_id ?? 'a change'} against policy version ${report.inputs.base_policy_version ?? 'none'}`,
    `  checksum  ${report.replay_checksum}`,
    `  engine    ${report.engine_version}, ${report.deterministic_pass ? 'a second run gave the same bytes' : 'A SECOND RUN GAVE OTHER BYTES'}`,
  ].join('\n')

function countRows({ counts }: ReplayReport): readonly Row[] {
  const { attribute_absent, cost_absent } = counts.not_replayable
  return [
    ['in scope', String(counts.in_scope)],
    ['scored', `${counts.scored}, ${counts.with_cost} of them with a cost`],
    ['open', `${counts.open}, not scored`],
    ['not replayable', `${attribute_absent} for an absent attribute, ${cost_absent} for an absent cost`],
  ]
}

function effectRows({
  intervals,
  currency,
  expected_margin_delta_cents: expected,
}: ReplayReport): readonly Row[] {
  const perQuote = moneyEstimateText(intervals.expected_margin_delta_cents_per_quote, currency)
  return [
    [
      'expected margin',
      expected.total === null ? perQuote : `${perQuote}; ${moneyChangeText(expected.total, currency)} in all`,
    ],
    ['margin', estimateText(intervals.margin_delta_bps, 'bps')],
    ['margin on revenue', estimateText(intervals.revenue_weighted_margin_delta_bps, 'bps')],
    ['win rate', estimateText(intervals.win_rate_delta_bps, 'bps')],
    ['approvals', estimateText(intervals.approval_load_delta_bps, 'bps of quotes')],
    ['approval coverage lost', estimateText(intervals.approval_coverage_loss_bps, 'bps of value')],
    ['approval waiting', waitingText(intervals.approval_latency_delta_seconds)],
    ['violations', estimateText(intervals.hard_violation_delta, 'in all')],
  ]
}

const reachRows = ({ blast_radius: reach, counts }: ReplayReport): readonly Row[] => [
  [
    'impacted',
    `${reach.impacted_quote_count} of ${counts.scored} quotes (${reach.impacted_quote_ratio_bps} bps), ${reach.impacted_value_ratio_bps} bps of value`,
  ],
  ['segments', reach.impacted_segment_keys.join(', ') || 'none'],
  ['rules', reach.impacted_rule_ids.join(', ') || 'none'],
  [
    'independent clusters',
    `${reach.impacted_cluster_count}; ${reach.impacted_thin_quote_count} quotes in thin segments`,
  ],
]

function supportRows({ support, currency }: ReplayReport): readonly Row[] {
  const { observed_bps: observed, reweighted_bps: reweighted, extrapolated_bps: extrapolated } = support
  const worst = support.worst_case_expected_margin_delta_cents_per_quote
  return [
    [
      'shares',
      observed === null
        ? 'unknown: no quote is scored'
        : `${observed} bps observed, ${reweighted} bps reweighted, ${extrapolated} bps extrapolated`,
    ],
    [
      'worst case',
      worst === null ? 'unknown' : `${moneyChangeText(worst, currency)} of expected margin a quote`,
    ],
  ]
}

const sliceRows = (slices: Readonly<Record<string, ReplaySlice>>, currency: string): readonly Row[] =>
  Object.entries(slices)
    .filter(([, slice]) => slice.impacted > 0)
    .map(([key, slice]) => [
      key === '' ? '(none)' : key,
      `${slice.impacted} of ${slice.scored} quotes, margin ${slice.margin_delta_bps === null ? 'unknown' : signed(slice.margin_delta_bps)} bps, expected ${slice.expected_margin_delta_cents.per_quote === null ? 'unknown' : moneyChangeText(slice.expected_margin_delta_cents.per_quote, currency)} a quote`,
    ])

const moverRows = (movers: readonly Mover[], currency: string): readonly Row[] =>
  movers.map(({ quote_id, base, candidate, rule_ids, ...mover }) => [
    quote_id,
    `${moneyChangeText(mover.expected_margin_delta_cents, currency)}: ${[
      moved('discount', base.granted_discount_bps, candidate.granted_discount_bps, ' bps'),
      moved('approval', yesNo(base.approval_required), yesNo(candidate.approval_required), ''),
      moved('violates', base.violations.join(' ') || 'none', candidate.violations.join(' ') || 'none', ''),
    ].join(', ')}, by ${rule_ids.join(', ')}`,
  ])

/** `discount 3000 to 2450 bps`, or the value alone where both policies say the same. */
const moved = (what: string, from: number | string, to: number | string, unit: string): string =>
  from === to ? `${what} ${to}${unit}` : `${what} ${from} to ${to}${unit}`

/** Waiting a quote, as people say times. */
const waitingText = (estimate: Estimate): string =>
  estimate.point === null
    ? 'unknown'
    : `${secondsChange(estimate.point)} a quote (${interval(estimate, secondsChange)})`.replaceAll('−', '-')

const guardrailRows = ({ guardrails }: ReplayReport): readonly Row[] =>
  guardrails.passed ? [['', 'all pass']] : guardrails.blocks.map(({ code, reason }) => [code, reason])

const nextStep = ({ candidate_id, guardrails }: ReplayReport): string =>
  [
    ...(guardrails.passed
      ? []
      : ['A guardrail blocks: approve and apply will refuse, building the packet will not.']),
    `next: quotey policy-packet build ${candidate_id ?? 'CANDIDATE'}`,
  ].join('\n')

const yesNo = (value: boolean): string => (value ? 'yes' : 'no')
