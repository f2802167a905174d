import type { FitnessFinding } from '../../domain/fitness-finding.ts'
import { rejectReasonText } from '../../domain/quote-file-account.ts'
import { factText } from '../fact-text.ts'
import { count, words } from './figures.ts'
import { html, type Markup, prose } from './markup.ts'
import type { RunReport } from './run-report.ts'
import { section, word } from './section.ts'

const VERDICTS = {
  fit: 'This history can carry a proposal.',
  limited: 'What this history teaches carries the caveats below.',
  unfit: 'Nothing may be learned about prices from this history.',
} as const

/** What the history is good for, finding by finding, with figures and remedy. */
export function fitnessSection({ fitness, history }: RunReport): Markup | null {
  if (fitness === null) return null
  const { findings, verdict } = fitness
  return section(
    'fitness',
    'Fitness of the history',
    VERDICTS[verdict],
    html`<p>${history.source}: ${count(history.rows)} rows read, ${count(history.accepted)} accepted, ${count(history.rejected)} rejected; ${count(history.won)} won, ${count(history.lost)} lost, ${count(history.open)} open.</p>${history.reject_reasons.length === 0 ? null : html`<p class="small soft">Rejected, with the number of cells: ${prose(history.reject_reasons.map(rejectReasonText).join('; '))}</p>`}`,
    findings.length === 0
      ? html`<p>No findings.</p>`
      : html`<div class="scroll"><table><thead><tr><th>Finding</th><th>Weight</th><th>What was found</th><th>What would help</th></tr></thead>
<tbody>${findings.map(row)}</tbody></table></div>`,
  )
}

const row = ({ code, severity, message, facts, remedy }: FitnessFinding): Markup => html`<tr>
<th class="nowrap">${words(code)}</th><td>${word(severity, severity === 'unfit' ? 'bad' : 'plain')}</td>
<td>${prose(message)}<br><span class="small soft">${factsText(facts)}</span></td><td>${prose(remedy)}</td></tr>`

const factsText = (facts: FitnessFinding['facts']): string =>
  Object.entries(facts)
    .map(([name, value]) => factText(name, value))
    .join('; ')
