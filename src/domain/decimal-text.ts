import { divWide } from './arithmetic.ts'
import { UnreadableCell } from './unreadable-cell.ts'

const DECIMAL = /^([+-]?)(\d+)(?:\.(\d*))?$/
/** Longer texts are refused before any arithmetic, so that a cell cannot make the import slow. */
const DIGITS_MAX = 40

/**
 * Decimal text as an integer count of 10^-places, exactly: no float on the way. `12.5` with 2 places is 1250. Digits beyond
 * `places` are allowed where they are zeros, and otherwise unreadable, because nobody said how to round money.
 */
export function scaledInteger(text: string, places: number): bigint | UnreadableCell {
  const parts = decimalParts(text)
  if (parts instanceof UnreadableCell) return parts
  const beyond = parts.fraction.slice(places)
  if (/[^0]/.test(beyond)) {
    return new UnreadableCell(places === 0 ? 'is not a whole number' : `has more than ${places} decimals`)
  }
  return parts.sign * BigInt(parts.whole + parts.fraction.slice(0, places).padEnd(places, '0'))
}

/** Decimal text in percent as basis points, rounded half away from zero: `12.345` is 1235. */
export function bpsOfPercent(text: string): bigint | UnreadableCell {
  const parts = decimalParts(text)
  if (parts instanceof UnreadableCell) return parts
  const magnitude = BigInt(parts.whole + parts.fraction)
  return parts.sign * divWide(magnitude * 100n, 10n ** BigInt(parts.fraction.length))
}

function decimalParts(text: string): { sign: 1n | -1n; whole: string; fraction: string } | UnreadableCell {
  const match = text.length <= DIGITS_MAX ? DECIMAL.exec(text.trim()) : null
  if (match === null) return new UnreadableCell('is not a decimal number')
  const [, sign, whole, fraction = ''] = match as unknown as [string, string, string, string | undefined]
  return { sign: sign === '-' ? -1n : 1n, whole, fraction }
}
