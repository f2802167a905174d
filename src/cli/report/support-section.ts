import { moneyChange, percent } from './figures.ts'
import { html, Markup } from './markup.ts'
import type { RunReport } from './run-report.ts'
import { section } from './section.ts'

const CLASSES = [
  ['observed', 'observed: the same was offered'],
  ['reweighted', 'reweighted: much the same was offered to at least 50 others'],
  ['extrapolated', 'extrapolated: the model speaks alone'],
] as const

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
    worst === null
      ? null
      : html`<p>If extrapolated quotes behaved as badly as reason allows (nobody minds a larger discount, and no more can be said), the change in margin earned would be ${moneyChange(worst, currency)} a quote.</p>`,
  )
}
