const STEPS = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'] as const

/** Values as a row of small bars between their smallest and largest, with zero always in sight; empty without values. */
export function sparkline(values: readonly number[]): string {
  const low = Math.min(0, ...values)
  const high = Math.max(0, ...values)
  const bar = (value: number): string =>
    STEPS[high === low ? 0 : Math.round(((value - low) / (high - low)) * (STEPS.length - 1))] as string
  return values.map(bar).join('')
}
