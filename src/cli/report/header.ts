import { overturningText } from '../../domain/overturning.ts'
import type { RuleDiff } from '../../domain/policy.ts'
import { changeWords } from './change-words.ts'
import { bpsChange, count, interval, listed, moment, moneyChange, percent } from './figures.ts'
import { html, type Markup, prose } from './markup.ts'
import { candidateOf, type RunReport } from './run-report.ts'
import { standing } from './standing.ts'

/** The verdict in ten seconds: what is proposed, what it is expected to do, and what history cannot tell. */
export function header(report: RunReport): Markup {
  const candidate = candidateOf(report)
  const diffs = candidate?.rule_diffs ?? []
  return html`<header>
<p class="eyebrow">${report.policy_name} · policy change report · ${moment(report.generated_at)}</p>
<h1>${headline(diffs)}</h1>
${report.replay === null ? null : html`<p class="lede">${effectSentence(report)}</p>${tiles(report)}`}
<div class="columns">
<div class="box"><h3>Where it stands</h3><ul>${standing(report).map(line => html`<li>${prose(line)}</li>`)}</ul></div>
<div class="box"><h3>What history cannot tell</h3><ul>${limitsOfHistory(report).map(line => html`<li>${prose(line)}</li>`)}</ul></div>
</div>
</header>`
}

function headline(diffs: readonly RuleDiff[]): string {
  if (diffs.length === 0) return 'A change without a difference'
  const named = diffs.slice(0, 2).map(changeWords).join('; ')
  return diffs.length > 2 ? `${named}; and ${diffs.length - 2} more` : named
}

function effectSentence({ replay, packet, currency }: RunReport): string {
  if (replay === null) return ''
  const expected = replay.intervals.expected_margin_delta_cents_per_quote
  const money = (value: number): string => moneyChange(value, currency)
  const basis = `replayed on ${count(replay.counts.scored)} closed quotes`
  if (expected.point === null)
    return `The effect on margin earned is unproven: this history gives no response to price. It was ${basis}.`
  const proven = (expected.lower ?? 0) > 0
  const verdict = proven ? 'A gain that holds over the whole interval' : 'Unproven: the interval reaches zero'
  const overturning =
    proven && packet !== null ? ` ${sentence(overturningText(packet.overturning_slope_share_bps))}` : ''
  return `Expected ${money(expected.point)} margin a quote (${interval(expected, money)}), ${basis}. ${verdict}.${overturning}`
}

const sentence = (words: string): string => `${words.charAt(0).toUpperCase()}${words.slice(1)}.`

function tiles({ replay, currency }: RunReport): Markup | null {
  if (replay === null) return null
  const { intervals, blast_radius: reach } = replay
  const bps = (value: number): string => bpsChange(value)
  const money = (value: number): string => moneyChange(value, currency)
  const expected = intervals.expected_margin_delta_cents_per_quote
  return html`<div class="tiles">
${tile('Margin earned, a quote', expected.point === null ? 'unknown' : money(expected.point), interval(expected, money), true)}
${tile('Win rate', bpsChange(intervals.win_rate_delta_bps.point), interval(intervals.win_rate_delta_bps, bps))}
${tile('Quotes needing approval', bpsChange(intervals.approval_load_delta_bps.point), interval(intervals.approval_load_delta_bps, bps))}
${tile(
  'Quotes touched',
  percent(reach.impacted_quote_ratio_bps),
  `${count(reach.impacted_quote_count)} of ${count(replay.counts.scored)}, in ${listed(reach.impacted_segment_keys) || 'no segment'}`,
)}
</div>`
}

const tile = (name: string, figure: string, note: string, isLead = false): Markup =>
  html`<div class="${isLead ? 'tile lead' : 'tile'}"><div class="name">${name}</div><div class="figure">${figure}</div><div class="note">${note}</div></div>`

/** What a reader must not believe of these numbers. */
export function limitsOfHistory(report: RunReport): readonly string[] {
  const { fitness, replay, response, history } = report
  const lines: string[] = []
  if (history.simulated)
    lines.push('These quotes are simulated: the figures show how the loop works, not what your market does.')
  for (const finding of fitness?.findings ?? []) lines.push(finding.message)
  const extrapolated = replay?.support.extrapolated_bps ?? 0
  if (extrapolated > 0) {
    lines.push(
      `For ${percent(extrapolated)} of quotes the change goes beyond what was ever offered: there the model speaks alone.`,
    )
  }
  const lost = Object.values(replay?.counts.not_replayable ?? {}).reduce((sum, value) => sum + value, 0)
  if (lost > 0)
    lines.push(`${count(lost)} quotes could not be decided for want of a value, and were not guessed.`)
  const thin = (response?.segments ?? []).filter(segment => segment.thin_reason !== null)
  if (thin.length > 0)
    lines.push(
      `Too thin to learn from, and left alone: ${listed(thin.map(row => row.segment || 'no segment'))}.`,
    )
  lines.push(
    'What drives both discounts and wins without being recorded cannot be removed by any statistics; the intervals cover a declared range of it.',
  )
  return lines
}
