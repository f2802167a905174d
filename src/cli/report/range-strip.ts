import type { Estimate } from '../../domain/replay-report.ts'
import { Markup } from './markup.ts'

const WIDTH = 190
const HEIGHT = 22
const PADDING = 8

/**
 * A small picture of an interval against zero; `reachMin` is the far end of another one that shall have the same scale.
 * Decoration: the numbers stand beside it.
 */
export function rangeStrip({ point, lower, upper }: Estimate, reachMin: number | null): Markup | string {
  if (point === null || lower === null || upper === null) return ''
  const reach = Math.max(1, ...[lower, upper, reachMin ?? 0].map(Math.abs))
  const x = (value: number): string =>
    (PADDING + ((value + reach) / (2 * reach)) * (WIDTH - 2 * PADDING)).toFixed(1)
  const middle = HEIGHT / 2
  return new Markup(
    `<svg class="range" aria-hidden="true" width="${WIDTH}" height="${HEIGHT}" viewBox="0 0 ${WIDTH} ${HEIGHT}">` +
      `<line x1="${PADDING}" x2="${WIDTH - PADDING}" y1="${middle}" y2="${middle}" stroke="var(--line)"/>` +
      `<line x1="${x(0)}" x2="${x(0)}" y1="3" y2="${HEIGHT - 3}" stroke="var(--soft)"/>` +
      `<line x1="${x(lower)}" x2="${x(upper)}" y1="${middle}" y2="${middle}" stroke="var(--accent)" stroke-width="4" stroke-linecap="round"/>` +
      `<circle cx="${x(point)}" cy="${middle}" r="4.5" fill="var(--paper)" stroke="var(--accent)" stroke-width="2"/></svg>`,
  )
}
