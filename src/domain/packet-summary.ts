import type { SafetyEvaluation } from './attacks.ts'
import { moneyEstimateText } from './money-text.ts'
import { overturningText } from './overturning.ts'
import type { HistoryVerdict, PacketBody } from './packet.ts'
import type { RuleDiff } from './policy.ts'
import type { Estimate, ReplayReport } from './replay-report.ts'
import { onOneLine } from './text.ts'

/** At most five lines for ten seconds of reading. Every number is one of the report's; what is not proven is called so. */
export function packetSummary(grounds: SummaryGrounds): readonly string[] {
  const { diff, replay, safety, fitness_verdict } = grounds
  return [
    changeLine(diff.rule_diffs),
    effectLine(grounds),
    reachLine(replay),
    historyLine(replay, fitness_verdict),
    verdictLine(replay, safety),
  ]
}

type SummaryGrounds = Pick<
  PacketBody,
  'diff' | 'replay' | 'safety' | 'fitness_verdict' | 'proven' | 'overturning_slope_share_bps' | 'currency'
>

const CHANGES_SHOWN_MAX = 3

function changeLine(ruleDiffs: readonly RuleDiff[]): string {
  const shown = ruleDiffs.slice(0, CHANGES_SHOWN_MAX).map(changeText)
  const more = ruleDiffs.length - shown.length
  return `change: ${shown.join('; ')}${more > 0 ? `; and ${more} more` : ''}`
}

/** One change in words. */
export function changeText({ rule_id, operation, field, from, to }: RuleDiff): string {
  if (operation === 'add') return `add rule ${rule_id}`
  if (operation === 'remove') return `remove rule ${rule_id}`
  return onOneLine(`${rule_id}: ${field} ${String(from)} -> ${String(to)}`)
}

function effectLine({ replay, proven, overturning_slope_share_bps, currency }: SummaryGrounds): string {
  const expected = replay.intervals.expected_margin_delta_cents_per_quote
  const marginText = `margin rate ${estimateText(replay.intervals.margin_delta_bps, 'bps')}`
  if (expected.point === null) return `effect: unproven, history gives no response to price; ${marginText}`
  const effect = `expected margin ${moneyEstimateText(expected, currency)}; ${marginText}`
  return proven
    ? `effect: ${effect}; ${overturningText(overturning_slope_share_bps)}`
    : `effect: unproven: ${effect}`
}

/** Point and 95% interval with the unit, or `unknown`. */
export function estimateText({ point, lower, upper }: Estimate, unit: string): string {
  if (point === null) return 'unknown'
  const interval =
    lower === null || upper === null ? 'no interval' : `95%: ${signed(lower)} to ${signed(upper)}`
  return `${signed(point)} ${unit} (${interval})`
}

export const signed = (value: number): string => (value > 0 ? `+${value}` : String(value))

function reachLine({ blast_radius, counts }: ReplayReport): string {
  const segments = onOneLine(blast_radius.impacted_segment_keys.join(', ')) || 'none'
  const share = blast_radius.impacted_quote_ratio_bps
  return `reach: ${blast_radius.impacted_quote_count} of ${counts.scored} quotes (${share} bps), segments ${segments}`
}

function historyLine({ support, counts }: ReplayReport, fitness: HistoryVerdict): string {
  const extrapolated =
    support.extrapolated_bps === null ? 'support unknown' : `${support.extrapolated_bps} bps extrapolated`
  const left = counts.not_replayable.attribute_absent + counts.not_replayable.cost_absent
  return `history: ${HISTORY_WORDS[fitness]}; ${extrapolated}, ${left} quotes not replayable`
}

const HISTORY_WORDS: Readonly<Record<HistoryVerdict, string>> = {
  fit: 'fit',
  limited: 'limited, read the findings of the fitness audit',
  unfit: 'unfit, it cannot prove the effect of a price',
  unknown: 'not audited',
}

function verdictLine(report: ReplayReport, safety: SafetyEvaluation): string {
  const blocks = [...report.guardrails.blocks.map(block => block.code), ...safety.blocking]
  const flags = report.risk_flags.length === 0 ? '' : `; flags: ${report.risk_flags.join(', ')}`
  return blocks.length === 0
    ? `safety: all guardrails and attacks pass${flags}`
    : `safety: cannot be approved, blocked by ${blocks.join(', ')}${flags}`
}
