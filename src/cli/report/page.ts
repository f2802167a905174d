import { changeSection } from './change-section.ts'
import { distributionSection } from './distribution-section.ts'
import { effectSection } from './effect-section.ts'
import { evidenceSection } from './evidence-section.ts'
import { fitnessSection } from './fitness-section.ts'
import { frontierSection } from './frontier-section.ts'
import { guardSection } from './guard-section.ts'
import { header } from './header.ts'
import { kpiSection } from './kpi-section.ts'
import { html, Markup } from './markup.ts'
import { moverSection } from './mover-section.ts'
import { noProposalHeader } from './no-proposal-header.ts'
import { outcomeSection } from './outcome-section.ts'
import { responseSection } from './response-section.ts'
import { candidateOf, type RunReport } from './run-report.ts'
import { segmentSection } from './segment-section.ts'
import { STYLES } from './styles.ts'
import { supportSection } from './support-section.ts'
import { timelineSection } from './timeline-section.ts'

/** Sections in reading order; those whose step did not happen give nothing. */
const SECTIONS = [
  ['The change', changeSection],
  ['Effect', effectSection],
  ['Outcome', outcomeSection],
  ['Segments', segmentSection],
  ['Distribution', distributionSection],
  ['Movers', moverSection],
  ['Frontier', frontierSection],
  ['Response', responseSection],
  ['Support', supportSection],
  ['Guardrails', guardSection],
  ['Fitness', fitnessSection],
  ['Timeline', timelineSection],
  ['KPIs', kpiSection],
  ['Evidence', evidenceSection],
] as const

/** One self-contained HTML page for a Revenue Ops lead: no script, no network, readable in light, dark and print. */
export function renderReport(report: RunReport): string {
  const made = SECTIONS.flatMap(([name, make]) => {
    const content = make(report)
    return content === null ? [] : [{ name, id: /id="([^"]+)"/.exec(content.text)?.[1] ?? '', content }]
  })
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${report.policy_name}: policy change report</title>
<style>${new Markup(STYLES)}</style>
</head>
<body>
${candidateOf(report) === null ? noProposalHeader(report) : header(report)}
<main>
<nav aria-label="Sections">${made.map(({ name, id }) => html`<a href="#${id}">${name}</a>`)}</nav>
${made.map(({ content }) => content)}
</main>
<footer><p class="small soft">Made by quotey at ${report.generated_at}. Every figure above is derived from the artifacts named under Evidence.</p></footer>
</body>
</html>
`
  return page.text
}
