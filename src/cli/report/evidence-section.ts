import { count } from './figures.ts'
import { html, type Markup } from './markup.ts'
import type { ReportedAudit, RunReport } from './run-report.ts'
import { section, word } from './section.ts'

/** Where every number comes from: digests to walk back by, and whether the log holds. */
export function evidenceSection({ audit, digests }: RunReport): Markup | null {
  if (audit === null && digests.length === 0) return null
  return section(
    'evidence',
    'Evidence',
    'Each artifact is named by the digest of its bytes and holds the digests of what it was made from, back to the quotes.',
    audit === null ? null : auditParagraph(audit),
    digests.length === 0
      ? null
      : html`<div class="scroll"><table><tbody>${digests.map(
          ({ name, digest }) => html`<tr><th>${name}</th><td class="digest">${digest}</td></tr>`,
        )}</tbody></table></div>`,
  )
}

const auditParagraph = ({ ok, entries, root_hash, findings }: ReportedAudit): Markup => html`<p>Audit log: ${
  ok ? word('verifies', 'good') : word('broken', 'bad')
} ${count(entries)} entries, head <span class="digest">${root_hash ?? 'none'}</span></p>
${findings.length === 0 ? null : html`<ul class="plain">${findings.map(({ code, where }) => html`<li>${code} at ${where}</li>`)}</ul>`}`
