import type { AttackResult } from '../domain/attack.ts'
import { moneyChangeText, moneyEstimateText } from '../domain/money-text.ts'
import type { Packet } from '../domain/packet.ts'
import { changeText, estimateText } from '../domain/packet-summary.ts'
import type { Estimate, MoverDecision } from '../domain/replay-report.ts'
import { onOneLine } from '../domain/text.ts'
import { attackFigure, guardrailRows } from './report/guardrail-rows.ts'

export const PACKET_FORMATS = ['text', 'md', 'json', 'html'] as const
export type PacketFormat = (typeof PACKET_FORMATS)[number]

/** One block of a packet for reading: a heading and a table of rows, or lines. Each format lays the same blocks out. */
export interface PacketSection {
  readonly title: string
  readonly lines: readonly string[]
  readonly table: { readonly header: readonly string[]; readonly rows: readonly (readonly string[])[] } | null
}

/** Everything a reviewer reads, in reading order. */
export function packetSections(packet: Packet): readonly PacketSection[] {
  return [
    lines('In short', packet.summary),
    table('Change', ['change', 'why'], changeRows(packet)),
    table('Effect on closed quotes', ['measure', 'point and 95% interval'], effectRows(packet)),
    ...sliceTables(packet),
    ...moverTables(packet),
    table(
      'Guardrails, each judged at the worse end of its interval',
      ['guardrail', 'outcome', 'measured', 'limit'],
      guardrailTable(packet),
    ),
    table('Attacks', ['attack', 'outcome', 'measured', 'limit', 'reason'], attackRows(packet)),
    lines('Support', supportLines(packet)),
    lines('If it goes wrong', fallbackLines(packet)),
    table('Stands on', ['input', 'digest'], inputRows(packet)),
  ]
}

export const packetHeading = (packet: Packet): string =>
  `Policy version ${packet.proposed_policy_version}, in place of version ${packet.base_policy_version}`

export const packetFacts = (packet: Packet): readonly (readonly [string, string])[] => [
  ['packet', packet.packet_id],
  ['candidate', `${packet.candidate_id}, by ${packet.created_by}`],
  ['built', `${packet.built_at} by ${packet.built_by}; expires ${packet.expires_at}`],
  ['risk', `${packet.risk_score_bps} of 10000 bps`],
]

const lines = (title: string, text: readonly string[]): PacketSection => ({ title, lines: text, table: null })

const table = (
  title: string,
  header: readonly string[],
  rows: readonly (readonly string[])[],
): PacketSection =>
  rows.length === 0 ? lines(title, ['none']) : { title, lines: [], table: { header, rows } }

const changeRows = (packet: Packet): readonly (readonly string[])[] =>
  packet.diff.rule_diffs.map(diff => [changeText(diff), diff.rationale])

function effectRows({ replay, currency }: Packet): readonly (readonly string[])[] {
  const { intervals } = replay
  const row = (name: string, estimate: Estimate, unit: string): readonly string[] => [
    name,
    estimateText(estimate, unit),
  ]
  return [
    ['expected margin', moneyEstimateText(intervals.expected_margin_delta_cents_per_quote, currency)],
    row('margin rate', intervals.margin_delta_bps, 'bps'),
    row('margin on revenue', intervals.revenue_weighted_margin_delta_bps, 'bps'),
    row('win rate', intervals.win_rate_delta_bps, 'bps'),
    row('approval load', intervals.approval_load_delta_bps, 'bps'),
    row('approval latency', intervals.approval_latency_delta_seconds, 's'),
    row('approval coverage lost', intervals.approval_coverage_loss_bps, 'bps'),
    row('hard violations', intervals.hard_violation_delta, 'in all'),
  ]
}

const known = (value: number | null, unit: string): string =>
  value === null ? 'unknown' : `${value} ${unit}`

const knownMoney = (minor: number | null, currency: string): string =>
  minor === null ? 'unknown' : moneyChangeText(minor, currency)

const sliceTables = ({ replay, currency }: Packet): readonly PacketSection[] =>
  (['segment', 'region', 'rule'] as const).map(dimension =>
    table(
      `By ${dimension}`,
      [dimension, 'quotes', 'impacted', 'margin', 'expected'],
      Object.entries(replay[`by_${dimension}`]).map(([key, slice]) => [
        onOneLine(key) || '(none)',
        String(slice.scored),
        String(slice.impacted),
        known(slice.margin_delta_bps, 'bps'),
        knownMoney(slice.expected_margin_delta_cents.per_quote, currency),
      ]),
    ),
  )

/** The quotes that lose and gain most, with what both policies decide and which rule makes the difference. */
const moverTables = ({ replay, currency }: Packet): readonly PacketSection[] =>
  (['losing', 'gaining'] as const).map(side =>
    table(
      side === 'losing' ? 'Quotes that lose most' : 'Quotes that gain most',
      ['quote', 'expected', 'before', 'after', 'by'],
      replay.movers[side].map(mover => [
        onOneLine(mover.quote_id),
        moneyChangeText(mover.expected_margin_delta_cents, currency),
        decisionText(mover.base),
        decisionText(mover.candidate),
        mover.rule_ids.join(', '),
      ]),
    ),
  )

const decisionText = ({ granted_discount_bps, approval_required, violations }: MoverDecision): string =>
  [
    `${granted_discount_bps} bps`,
    ...(approval_required ? ['approval'] : []),
    ...(violations.length > 0 ? [`violates ${violations.join(' ')}`] : []),
  ].join(', ')

const guardrailTable = ({ replay, evidence }: Packet): readonly (readonly string[])[] =>
  guardrailRows(replay, evidence.thresholds.guardrails).map(
    ({ name, measured, limit, kind, unit, outcome }) => [
      name,
      outcome,
      known(measured, unit).trimEnd(),
      `${kind === 'at_least' ? 'at least' : 'at most'} ${limit} ${unit}`.trimEnd(),
    ],
  )

const attackRows = ({ safety }: Packet): readonly (readonly string[])[] =>
  safety.attacks.map(result => [
    result.attack,
    result.outcome,
    result.measured === null ? 'unknown' : attackFigure(result.attack, result.measured),
    `at most ${attackFigure(result.attack, result.limit)}`,
    [result.reason, ...drivenBy(result)].join('; '),
  ])

/** What a block is shown by: the fewest single things that exhibit it, or what contributes most to an aggregate. */
function drivenBy({ outcome, smallest_set, contributors }: AttackResult): readonly string[] {
  if (outcome === 'passed') return []
  if (smallest_set.length > 0) return [`shown by ${smallest_set.join(', ')}`]
  const most = contributors.map(({ key, measured }) => `${key === '' ? '(none)' : key} (${measured})`)
  return most.length > 0 ? [`most by ${most.join(', ')}`] : []
}

function supportLines({
  support,
  replay,
  blast_radius,
  fitness_verdict,
  currency,
}: Packet): readonly string[] {
  const { counts } = replay
  const left = Object.entries(counts.not_replayable).map(([reason, quotes]) => `${quotes} ${reason}`)
  return [
    `${counts.in_scope} quotes in scope: ${counts.scored} scored, ${counts.open} open, not replayable: ${left.join(', ')}`,
    `observed ${known(support.observed_bps, 'bps')}, reweighted ${known(support.reweighted_bps, 'bps')}, extrapolated ${known(support.extrapolated_bps, 'bps')}`,
    `worst case on extrapolated quotes: ${knownMoney(support.worst_case_expected_margin_delta_cents_per_quote, currency)} a quote`,
    `${blast_radius.impacted_quote_count} quotes impacted, ${blast_radius.impacted_value_ratio_bps} bps of the value, of ${blast_radius.impacted_cluster_count} independent clusters`,
    `cohorts impacted: ${onOneLine(blast_radius.impacted_cohort_ids.join(', ')) || 'none'}`,
    `history: ${fitness_verdict}`,
  ]
}

const fallbackLines = ({ fallback_plan: plan }: Packet): readonly string[] => [
  `back to version ${plan.target_policy_version} by ${plan.who.join(' or ')}: ${plan.command}`,
  ...plan.trigger_metrics.map(({ metric, limit_bps }) => `when ${metric} fires (beyond ${limit_bps} bps)`),
]

const inputRows = ({ inputs, replay_checksum, replay }: Packet): readonly (readonly string[])[] => [
  ...Object.entries(inputs).map(([name, digest]) => [name, digest ?? 'none']),
  ['replay_checksum', replay_checksum],
  ['engine_version', replay.engine_version],
]
