import { count, moment, words } from './figures.ts'
import { html, type Markup, prose } from './markup.ts'
import type { RunReport } from './run-report.ts'

/** The verdict when history supports no change: that this is an answer, why, and what would help. */
export function noProposalHeader(report: RunReport): Markup {
  const { history, fitness, proposal } = report
  const closed = history.won + history.lost
  const helps = whatWouldHelp(report)
  return html`<header>
<p class="eyebrow">${report.policy_name} · policy change report · ${moment(report.generated_at)}</p>
<h1>This history supports no proposal</h1>
<p class="lede">${count(closed)} closed quotes of ${history.source} were looked at${
    proposal === null ? '' : `, and ${count(proposal.searched)} settings were tried`
  }. Nothing is claimed from them, and the active policy stays as it is.</p>
<div class="columns">
<div class="box"><h3>Why</h3><ul>${whyNot(report).map(line => html`<li>${prose(line)}</li>`)}</ul></div>
<div class="box"><h3>What would help</h3><ul>${(helps.length > 0 ? helps : ['More closed quotes, and discounts that vary among like quotes.']).map(line => html`<li>${prose(line)}</li>`)}</ul></div>
</div>
${fitness?.verdict === 'unfit' || proposal === null ? null : html`<p class="small soft">The history could be learned from, ${fitness?.verdict === 'limited' ? 'within the limits above' : 'without reservation'}; what it did not show is a change that certainly helps.</p>`}
</header>`
}

function whyNot({ fitness, stopped, proposal }: RunReport): readonly string[] {
  const lines = (fitness?.findings ?? []).map(finding => finding.message)
  if (stopped !== null) lines.unshift(stopped.message)
  for (const { reason, count: times } of proposal?.not_proposed ?? []) {
    lines.push(
      `${REASONS[reason] ?? words(reason.replace(/^guardrail:/, 'guardrail: '))} (${count(times)} settings)`,
    )
  }
  return lines.length > 0 ? lines : ['No change of the tunable parameters would prove itself.']
}

const REASONS: Readonly<Record<string, string>> = {
  no_robust_gain: 'the gain could as well be none over the range of what is not recorded',
  nothing_impacted: 'no quote would be decided differently',
  thin_segment: 'it would touch a segment with too few closed quotes',
  extrapolated_too_much: 'it goes too far beyond what was ever offered',
  one_cohort_pays: 'one segment would pay for the others',
  gain_unknown: 'the gain cannot be known without a response model',
  no_tunables: 'the policy declares no parameter that may be tuned',
  too_many_tunables: 'the policy declares more tunable parameters than can be judged at once',
  change_not_proven_alone: 'one of its changes adds nothing that could be proven',
  weaker_than_proposed: 'another proposal is better in everything',
}

const whatWouldHelp = ({ fitness, proposal, stopped }: RunReport): readonly string[] => [
  ...new Set([
    ...(fitness?.findings ?? []).map(finding => finding.remedy),
    ...(proposal?.not_proposed ?? []).map(each => each.remedy),
    ...(stopped === null ? [] : [stopped.remedy]),
  ]),
]
