import type { RuleDiff } from '../../domain/policy.ts'
import { fieldWords, valueWords } from './change-words.ts'
import { html, type Markup } from './markup.ts'
import { candidateOf, type RunReport } from './run-report.ts'
import { section } from './section.ts'

/** The change itself: both values of everything that differs, and why. */
export function changeSection(report: RunReport): Markup | null {
  const candidate = candidateOf(report)
  if (candidate === null) return null
  const { base_policy_version: base, proposed_policy_version: proposed } = candidate
  return section(
    'change',
    'The change',
    `Policy version ${base} would become version ${proposed}. Everything not listed stays as it is, byte for byte.`,
    html`<div class="scroll"><table>
<thead><tr><th>Rule</th><th>What</th><th class="nowrap">Version ${base}</th><th class="nowrap">Version ${proposed}</th><th>Why</th></tr></thead>
<tbody>${candidate.rule_diffs.map(row)}</tbody></table></div>
${report.packet === null ? null : bothTexts(report.packet.diff.base_text, report.packet.diff.proposed_text)}`,
  )
}

const row = (diff: RuleDiff): Markup => html`<tr><th class="nowrap">${diff.rule_id}</th><td>${what(diff)}</td>
<td><del>${valueWords(diff.field, diff.from)}</del></td><td><ins>${valueWords(diff.field, diff.to)}</ins></td><td>${diff.rationale}</td></tr>`

const what = ({ operation, field }: RuleDiff): string =>
  operation === 'update' ? fieldWords(field) : operation === 'add' ? 'new rule' : 'rule removed'

const bothTexts = (
  base: string,
  proposed: string,
): Markup => html`<details><summary>Both policies in full</summary>
<h3>Now</h3><pre>${base}</pre><h3>Proposed</h3><pre>${proposed}</pre></details>`
