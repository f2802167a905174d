import type { Progress } from '../loop/ports.ts'

/** Work that is over sooner is not worth a bar. */
const QUIET_MS = 1000
const REDRAW_MS = 100
const WIDTH = 30

/** What a bar is drawn on; `process.stderr`, or anything like it. */
export interface Screen {
  readonly isTTY?: boolean
  write(text: string): unknown
}

/**
 * Shows on a terminal how far work is that takes over a second, and takes the bar away when it is done. Elsewhere (a file, a pipe,
 * cron) it says nothing.
 */
export function progressBar(
  screen: Screen = process.stderr,
  now: () => number = () => performance.now(),
): Progress {
  if (screen.isTTY !== true) return () => undefined
  let current: string | null = null
  let began = 0
  let drawn: number | null = null
  return (label, done, total) => {
    if (label !== current) {
      current = label
      began = now()
      drawn = null
    }
    const at = now()
    if (done >= total) {
      if (drawn !== null) screen.write('\r\u001B[K')
      current = null
      return
    }
    if (at - began < QUIET_MS || (drawn !== null && at - drawn < REDRAW_MS)) return
    drawn = at
    const filled = Math.floor((done / total) * WIDTH)
    const bar = '#'.repeat(filled).padEnd(WIDTH, '.')
    screen.write(`\r\u001B[K${label}  ${bar}  ${Math.floor((done / total) * 100)}%`)
  }
}
