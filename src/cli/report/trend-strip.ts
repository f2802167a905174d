import { Markup } from './markup.ts'

const WIDTH = 150
const HEIGHT = 26
const PADDING = 5

/**
 * A small picture of a figure from one recorded snapshot to the next, the newest as a dot, with zero and its limit (either way
 * where a value is negative). Decoration: the newest value and the limit stand beside it in words.
 */
export function trendStrip(values: readonly number[], limit: number | null): Markup | string {
  if (values.length === 0) return ''
  const bounds = limit === null ? [] : Math.min(...values) < 0 ? [limit, -limit] : [limit]
  const low = Math.min(0, ...values, ...bounds)
  const high = Math.max(1, ...values, ...bounds)
  const y = (value: number): string =>
    (HEIGHT - PADDING - ((value - low) / (high - low)) * (HEIGHT - 2 * PADDING)).toFixed(1)
  const x = (at: number): string =>
    (values.length === 1 ? WIDTH / 2 : PADDING + (at / (values.length - 1)) * (WIDTH - 2 * PADDING)).toFixed(
      1,
    )
  const level = (value: number, stroke: string): string =>
    `<line x1="0" x2="${WIDTH}" y1="${y(value)}" y2="${y(value)}" ${stroke}/>`
  const last = values.length - 1
  return new Markup(
    `<svg class="range" aria-hidden="true" width="${WIDTH}" height="${HEIGHT}" viewBox="0 0 ${WIDTH} ${HEIGHT}">` +
      level(0, 'stroke="var(--line)"') +
      bounds.map(bound => level(bound, 'stroke="var(--loss)" stroke-dasharray="3 3"')).join('') +
      `<polyline fill="none" stroke="var(--accent)" stroke-width="1.5" points="${values.map((value, at) => `${x(at)},${y(value)}`).join(' ')}"/>` +
      `<circle cx="${x(last)}" cy="${y(values[last] as number)}" r="3.5" fill="var(--accent)"/></svg>`,
  )
}
