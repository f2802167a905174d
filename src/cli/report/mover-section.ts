import type { Mover, MoverDecision } from '../../domain/replay-report.ts'
import { amount, amountChange, type Currency, percent, percentOfPpm } from './figures.ts'
import { html, type Markup } from './markup.ts'
import type { RunReport } from './run-report.ts'
import { section } from './section.ts'

/** The quotes that move most, with both decisions and the rule behind the difference. */
export function moverSection({ replay, currency }: RunReport): Markup | null {
  if (replay === null) return null
  const { losing, gaining } = replay.movers
  if (losing.length + gaining.length === 0) return null
  return section(
    'movers',
    'Who loses, who gains',
    'Single quotes under both policies, the largest change in expected margin first. Left of the arrow is today, right of it the proposal.',
    table('Lose most', losing, currency),
    table('Gain most', gaining, currency),
  )
}

function table(title: string, movers: readonly Mover[], currency: Currency): Markup {
  if (movers.length === 0) return html`<h3>${title}</h3><p class="soft">No quote.</p>`
  return html`<h3>${title}</h3><div class="scroll"><table class="dense">
<thead><tr><th>Quote</th><th class="n">Expected change, ${currency.code.toUpperCase()}</th><th class="n">List price, ${currency.code.toUpperCase()}</th><th class="n">Discount</th><th class="n">Margin rate</th><th class="n">Win chance</th><th>Approval</th><th>Rule</th></tr></thead>
<tbody>${movers.map(mover => row(mover, currency))}</tbody></table></div>`
}

const row = ({ base, candidate, ...mover }: Mover, currency: Currency): Markup => html`<tr>
<th class="nowrap">${mover.quote_id}<br><span class="small soft nowrap">${[mover.segment, mover.region].filter(text => text !== '').join(', ')}</span></th>
<td class="n">${amountChange(mover.expected_margin_delta_cents, currency)}</td>
<td class="n">${amount(mover.list_cents, currency)}</td>
<td class="n">${moved(percent(base.granted_discount_bps), percent(candidate.granted_discount_bps))}</td>
<td class="n">${moved(percent(base.margin_bps), percent(candidate.margin_bps))}</td>
<td class="n">${moved(percentOfPpm(base.win_ppm), percentOfPpm(candidate.win_ppm))}</td>
<td>${moved(approval(base), approval(candidate))}${violations(base, candidate)}</td>
<td>${mover.rule_ids.join(', ')}</td></tr>`

const moved = (before: string, after: string): string => (before === after ? before : `${before} → ${after}`)

const approval = ({ approval_required, approvers }: MoverDecision): string =>
  approval_required ? approvers.join(', ') || 'needed' : 'none'

function violations(base: MoverDecision, candidate: MoverDecision): Markup | null {
  if (base.violations.length + candidate.violations.length === 0) return null
  const names = (decision: MoverDecision): string => decision.violations.join(', ') || 'none'
  return html`<br><span class="small soft">violates ${moved(names(base), names(candidate))}</span>`
}
