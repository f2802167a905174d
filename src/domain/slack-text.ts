import type { ContextBlock, HeaderBlock, MrkdwnElement, SectionBlock } from '@slack/types'

/*
 * Block Kit's limits, docs.slack.dev "Block Kit reference". Beyond one Slack refuses the whole message, so every text is cut to
 * fit after its escaping.
 */
const SECTION_TEXT_MAX = 3000
const FIELD_TEXT_MAX = 2000
const FIELDS_MAX = 10
const HEADER_TEXT_MAX = 150

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' }

/** Text as Slack shows it and does not read it: a reason with `<!channel>` in it calls nobody. */
export const escaped = (text: string): string =>
  text.replace(/[&<>]/g, character => ENTITIES[character] as string)

/** Escaped text of at most `lengthMax` characters; what does not fit ends in an ellipsis, never inside an entity. */
export function fitted(text: string, lengthMax: number): string {
  const whole = escaped(text)
  if (whole.length <= lengthMax) return whole
  let kept = ''
  for (const character of text) {
    const next = kept + escaped(character)
    if (next.length > lengthMax - 1) break
    kept = next
  }
  return `${kept}…`
}

const mrkdwn = (text: string): MrkdwnElement => ({ type: 'mrkdwn', text, verbatim: true })

/** Slack refuses empty texts. */
const orDash = (text: string): string => (text.trim() === '' ? '-' : text)

export const header = (text: string): HeaderBlock => ({
  type: 'header',
  text: { type: 'plain_text', text: fitted(orDash(text), HEADER_TEXT_MAX), emoji: false },
})

export const paragraph = (text: string): SectionBlock => ({
  type: 'section',
  text: mrkdwn(fitted(orDash(text), SECTION_TEXT_MAX)),
})

/** Pairs of a bold name and a value, at most ten. */
export const pairs = (entries: readonly (readonly [name: string, value: string])[]): SectionBlock => ({
  type: 'section',
  fields: entries
    .slice(0, FIELDS_MAX)
    .map(([name, value]) => mrkdwn(`*${name}*\n${fitted(orDash(value), FIELD_TEXT_MAX - name.length - 3)}`)),
})

export const smallPrint = (text: string): ContextBlock => ({
  type: 'context',
  elements: [mrkdwn(fitted(orDash(text), FIELD_TEXT_MAX))],
})

/** A link of its own, none where it would not fit; characters that would end it are percent-encoded. */
export function link(template: string, id: string): readonly SectionBlock[] {
  const filled = template.replaceAll('{id}', encodeURIComponent(id.toWellFormed()))
  const safe = filled.replace(/[<>|\s]/g, encodeURIComponent).replaceAll('&', '&amp;')
  const text = `<${safe}|read more>`
  return text.length > SECTION_TEXT_MAX ? [] : [{ type: 'section', text: mrkdwn(text) }]
}
