import * as Plot from '@observablehq/plot'
import { parseHTML } from 'linkedom'
import { escaped, Markup } from './markup.ts'

const { document } = parseHTML('<!doctype html><html><body></body></html>')

/** Colours of the page's style sheet, so that pictures follow light and dark. */
export const INK = {
  gain: 'var(--accent)',
  loss: 'var(--loss)',
  quiet: 'var(--quiet)',
  pale: 'var(--accent-pale)',
  text: 'var(--ink)',
  soft: 'var(--soft)',
  paper: 'var(--paper)',
} as const

export interface Picture {
  /** Unique on the page. */
  readonly id: string
  /** What it shows, for those who cannot see it: read out in place of the picture. */
  readonly title: string
  readonly description: string
  /** Below the picture. */
  readonly caption: string
  readonly plot: Plot.PlotOptions
}

/** A figure with its picture as inline SVG, a title and a description that screen readers read, and a caption. */
export function picture({ id, title, description, caption, plot }: Picture): Markup {
  const drawn = Plot.plot({
    document,
    style: { fontSize: '12.5px', background: 'transparent', color: 'var(--ink)' } as never,
    ...plot,
  })
  const svg = (drawn as unknown as { outerHTML: string }).outerHTML
  const labels = `<title id="${id}-title">${escaped(title)}</title><desc id="${id}-desc">${escaped(description)}</desc>`
  const opened = svg.replace(/^<svg /, `<svg role="img" aria-labelledby="${id}-title ${id}-desc" `)
  const labelled = opened.replace(/^(<svg [^>]*>)/, `$1${labels}`)
  return new Markup(`<figure>${labelled}<figcaption>${escaped(caption)}</figcaption></figure>`)
}
