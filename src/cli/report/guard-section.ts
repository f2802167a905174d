import type { AttackOutcome, AttackResult } from '../../domain/attack.ts'
import { change, count, words } from './figures.ts'
import { attackFigure, type GuardrailRow, guardrailRows } from './guardrail-rows.ts'
import { html, type Markup, prose } from './markup.ts'
import type { RunReport } from './run-report.ts'
import { section, word } from './section.ts'

/** What the change had to withstand: every guardrail and every attack, with what was measured and the limit. */
export function guardSection({ replay, packet }: RunReport): Markup | null {
  if (replay === null || packet === null) return null
  const rows = guardrailRows(replay, packet.evidence.thresholds.guardrails)
  return section(
    'guards',
    'Guardrails and attacks',
    'Judged is the worse end of the interval, not the point. What is unknown blocks like what fails.',
    html`<h3>Guardrails</h3><div class="scroll"><table>
<thead><tr><th>Guardrail</th><th class="n">Worse end of the interval</th><th class="n">Limit</th><th>Verdict</th></tr></thead>
<tbody>${rows.map(guardrail)}</tbody></table></div>
<h3>Attacks</h3><div class="scroll"><table>
<thead><tr><th>Attack</th><th class="n">Measured</th><th class="n">Limit</th><th>Verdict</th><th>Why</th></tr></thead>
<tbody>${packet.safety.attacks.map(attack)}</tbody></table></div>`,
  )
}

const SIDES: Readonly<Record<GuardrailRow['outcome'] | AttackOutcome, 'good' | 'bad' | 'plain'>> = {
  pass: 'good',
  passed: 'good',
  fail: 'bad',
  blocked: 'bad',
  unknown: 'bad',
  'unknown, not required': 'plain',
}

function guardrail({ name, measured, limit, kind, unit, outcome }: GuardrailRow): Markup {
  const figure = unit === 'runs' ? count : change
  const withUnit = (value: number): string => `${figure(value)}${unit === '' ? '' : ` ${unit}`}`
  return html`<tr><th>${name}</th><td class="n">${measured === null ? 'unknown' : withUnit(measured)}</td>
<td class="n">${kind === 'at_least' ? 'at least' : 'at most'} ${withUnit(limit)}</td><td>${word(outcome, SIDES[outcome])}</td></tr>`
}

const attack = ({
  attack: name,
  measured,
  limit,
  outcome,
  reason,
  contributors,
  smallest_set,
}: AttackResult): Markup => html`<tr>
<th>${words(name)}</th><td class="n nowrap">${measured === null ? 'unknown' : attackFigure(name, measured)}</td><td class="n nowrap">at most ${attackFigure(name, limit)}</td>
<td>${word(outcome, SIDES[outcome])}</td><td>${prose(reason)}${
  contributors.length === 0
    ? null
    : html`<br><span class="small soft">most by ${contributors.map(row => `${row.key} (${count(row.measured)})`).join(', ')}</span>`
}${smallest_set.length === 0 ? null : html`<br><span class="small soft">shown by ${smallest_set.join(', ')}</span>`}</td></tr>`
