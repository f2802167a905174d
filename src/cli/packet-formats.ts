import type { Packet } from '../domain/packet.ts'
import {
  type PacketFormat,
  type PacketSection,
  packetFacts,
  packetHeading,
  packetSections,
} from './packet-text.ts'

/** A packet laid out for reading. */
export function renderPacket(packet: Packet, format: PacketFormat): string {
  switch (format) {
    case 'text':
      return asText(packet)
    case 'md':
      return asMarkdown(packet)
    case 'json':
      return JSON.stringify(packet, null, 2)
    case 'html':
      return asHtml(packet)
  }
}

function asText(packet: Packet): string {
  const facts = packetFacts(packet).map(([name, value]) => `${name.padEnd(10)} ${value}`)
  const sections = packetSections(packet).flatMap(section => ['', section.title, ...textOf(section)])
  return [packetHeading(packet), ...facts, ...sections].join('\n')
}

function textOf({ lines, table }: PacketSection): readonly string[] {
  if (table === null) return lines.map(line => `  ${line}`)
  const rows = [table.header, ...table.rows]
  const widths = table.header.map((_, column) => Math.max(...rows.map(row => (row[column] ?? '').length)))
  return rows.map(row => `  ${row.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join('  ')}`.trimEnd())
}

function asMarkdown(packet: Packet): string {
  const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ')
  const row = (cells: readonly string[]): string => `| ${cells.map(cell).join(' | ')} |`
  const facts = packetFacts(packet).map(([name, value]) => `- ${name}: \`${value}\``)
  const sections = packetSections(packet).flatMap(({ title, lines, table }) => [
    '',
    `## ${title}`,
    '',
    ...(table === null
      ? lines.map(line => `- ${line}`)
      : [row(table.header), row(table.header.map(() => '---')), ...table.rows.map(row)]),
  ])
  const policies = [
    ['Policy before', packet.diff.base_text],
    ['Policy after', packet.diff.proposed_text],
  ].flatMap(([title, text]) => ['', `## ${title}`, '', '```yaml', text, '```'])
  return [`# ${packetHeading(packet)}`, '', ...facts, ...sections, ...policies, ''].join('\n')
}

const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')

const STYLE = `
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { max-width: 62rem; margin: 2rem auto; padding: 0 1rem; }
h2 { margin-top: 2rem; font-size: 1.15rem; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 0 1rem; overflow-wrap: anywhere; }
dd { margin: 0; }
table { border-collapse: collapse; width: 100%; font-size: 0.9rem; font-variant-numeric: tabular-nums; }
th, td { text-align: left; vertical-align: top; padding: 0.3rem 0.75rem 0.3rem 0; border-bottom: 1px solid #8884; }
td:last-child { overflow-wrap: anywhere; }
pre { overflow: auto; padding: 1rem; border: 1px solid #8884; font-size: 0.85rem; }
`

function asHtml(packet: Packet): string {
  const title = escaped(packetHeading(packet))
  const facts = packetFacts(packet)
    .map(([name, value]) => `<dt>${escaped(name)}</dt><dd>${escaped(value)}</dd>`)
    .join('')
  return [
    '<!doctype html>',
    `<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">`,
    `<title>${title}</title><style>${STYLE}</style></head><body>`,
    `<h1>${title}</h1><dl>${facts}</dl>`,
    ...packetSections(packet).map(htmlOf),
    `<h2>Policy before</h2><pre>${escaped(packet.diff.base_text)}</pre>`,
    `<h2>Policy after</h2><pre>${escaped(packet.diff.proposed_text)}</pre>`,
    '</body></html>',
  ].join('\n')
}

function htmlOf({ title, lines, table }: PacketSection): string {
  const heading = `<h2>${escaped(title)}</h2>`
  if (table === null) return `${heading}<ul>${lines.map(line => `<li>${escaped(line)}</li>`).join('')}</ul>`
  const cells = (tag: string, row: readonly string[]): string =>
    `<tr>${row.map(cell => `<${tag}>${escaped(cell)}</${tag}>`).join('')}</tr>`
  const head = cells('th', table.header)
  return `${heading}<table><thead>${head}</thead><tbody>${table.rows.map(row => cells('td', row)).join('')}</tbody></table>`
}
