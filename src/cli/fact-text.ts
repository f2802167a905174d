import type { Json } from '../domain/units.ts'

/** Units that end the names of facts, with how a person reads them. Longest first: the first that fits counts. */
const UNITS: readonly (readonly [suffix: string, read: (value: number) => string])[] = [
  ['_ppm_per_100_bps', value => `${decimal(value / 10_000, 2)} points of win rate per 1% of discount`],
  ['_thousandths', value => decimal(value / 1000, 3)],
  ['_bps', value => `${decimal(value / 100, 2)}%`],
]

/** A measured fact for people, its unit read from its name: `explained_by_columns_bps` 8175 is `explained by columns: 81.75%`. */
export function factText(name: string, value: Json): string {
  const unit = typeof value === 'number' ? UNITS.find(([suffix]) => name.endsWith(suffix)) : undefined
  if (unit === undefined) return `${name.replaceAll('_', ' ')}: ${valueText(value)}`
  const [suffix, read] = unit
  return `${name.slice(0, -suffix.length).replaceAll('_', ' ')}: ${read(value as number)}`
}

/** A value of any shape in one line. */
function valueText(value: Json): string {
  if (typeof value === 'number') return value.toLocaleString('en-US')
  if (Array.isArray(value)) return value.map(valueText).join(', ')
  if (typeof value === 'object' && value !== null) {
    return Object.entries(value)
      .map(([name, inner]) =>
        typeof inner === 'number'
          ? factText(name, inner)
          : `${name.replaceAll('_', ' ')} ${valueText(inner as Json)}`,
      )
      .join(', ')
  }
  return String(value)
}

/** `+ 0` because what rounds to nothing has no sign. */
const decimal = (value: number, digits: number): string =>
  (Number(value.toFixed(digits)) + 0).toLocaleString('en-US', { maximumFractionDigits: digits })
