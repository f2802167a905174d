import type { ReplayReport } from '../../domain/replay-report.ts'
import { count, moneyChange, percent } from './figures.ts'
import { html, Markup } from './markup.ts'
import type { RunReport } from './run-report.ts'
import { section } from './section.ts'

const CLASSES = [
  ['observed', 'observed: the same was offered'],
  ['reweighted', 'reweighted: much the same was offered to at least 50 others'],
  ['extrapolated', 'extrapolated: the model speaks alone'],
] as const

/** Every quote in scope is in one of these counts. */
const counted = ({ in_scope, scored, with_cost, open, not_replayable }: ReplayReport['counts']): Markup =>
  html`<p>${count(in_scope)} quotes in scope: ${count(scored)} scored (${count(with_cost)} of them with a cost), ${count(open)} open, ${count(not_replayable.attribute_absent)} not replayable for want of an attribute, ${count(not_replayable.cost_absent)} for want of a cost.</p>`

/** How far history can speak for the proposal. */
export function supportSection({ replay, currency }: RunReport): Markup | null {
  if (replay === null || replay.support.observed_bps === null) return null
  const { support } = replay
  const shares = CLASSES.map(([name, meaning]) => ({ name, meaning, bps: support[`${name}_bps`] ?? 0 }))
  const said = shares.map(share => `${share.name} ${percent(share.bps)}`).join(', ')
  const worst = support.worst_case_expected_margin_delta_cents_per_quote
  return section(
    'support',
    'How far history can speak',
    'Share of quotes by what history knows of the decision the proposal would take on them.',
    html`<div class="bar" role="img" aria-label="${said}">${shares.map(
      share => new Markup(`<i class="${share.name}" style="width:${share.bps / 100}%"></i>`),
    )}</div>
<div class="key">${shares.map(share => html`<span><i class="${share.name}"></i>${percent(share.bps)} ${share.meaning}</span>`)}</div>`,
    counted(replay.counts),
    worst === null
      ? null
      : html`<p>If extrapolated quotes behaved as badly as reason allows (nobody minds a larger discount, and no more can be said), the change in margin earned would be ${moneyChange(worst, currency)} a quote.</p>`,
  )
}
