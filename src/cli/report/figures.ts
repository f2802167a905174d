import { amountText } from '../../domain/money-text.ts'
import type { Estimate } from '../../domain/replay-report.ts'

/** What an amount of minor units means: 1234 in a currency of two decimals is 12.34. */
export interface Currency {
  readonly code: string
  readonly minorUnit: 0 | 2
}

const MINUS = '−'
const UNKNOWN = 'unknown'

const grouped = (digits: string): string => digits.replace(/\B(?=(\d{3})+$)/g, ',')

/** `12,345`; a true minus sign. */
export const count = (value: number): string => `${value < 0 ? MINUS : ''}${grouped(String(Math.abs(value)))}`

/** `+37`, `−12`, `0`. */
export const change = (value: number): string => `${value > 0 ? '+' : ''}${count(value)}`

/** `+37 bps`. */
export const bpsChange = (value: number | null): string => (value === null ? UNKNOWN : `${change(value)} bps`)

/** `+40 s`, `−1 h 41 min`. */
export const secondsChange = (value: number | null): string =>
  value === null ? UNKNOWN : `${value > 0 ? '+' : value < 0 ? MINUS : ''}${seconds(Math.abs(value))}`

/** A length of time known to the second: `0 s`, `1 h 41 min`. */
export const seconds = (value: number): string => (value === 0 ? '0 s' : duration(1000 * value))

/** A share or a discount in bps as percent: 1850 is `18.5%`. */
export function percent(bps: number | null): string {
  if (bps === null) return UNKNOWN
  const size = Math.abs(bps)
  const decimals = size % 100 === 0 ? 0 : size % 10 === 0 ? 1 : 2
  return `${bps < 0 ? MINUS : ''}${(size / 100).toFixed(decimals)}%`
}

/** Parts per million as percent with one decimal. */
export const percentOfPpm = (ppm: number | null): string =>
  ppm === null ? UNKNOWN : `${(ppm / 10_000).toFixed(1)}%`

/** Minor units, a number or the decimal string of a total, as `1,234.56`. */
export function amount(minor: number | string | null, currency: Currency): string {
  if (minor === null) return UNKNOWN
  return amountText(minor, currency.minorUnit).replace('-', MINUS)
}

/** As `amount`, with a plus before a gain. */
export function amountChange(minor: number | string | null, currency: Currency): string {
  const isGain = minor !== null && !String(minor).startsWith('-') && String(minor) !== '0'
  return `${isGain ? '+' : ''}${amount(minor, currency)}`
}

/** As `amount`, with the currency: `1,234.56 EUR`. */
export const money = (minor: number | string | null, currency: Currency): string =>
  minor === null ? UNKNOWN : `${amount(minor, currency)} ${currency.code.toUpperCase()}`

/** As `money`, with a plus before a gain. */
export const moneyChange = (minor: number | string | null, currency: Currency): string =>
  minor === null ? UNKNOWN : `${amountChange(minor, currency)} ${currency.code.toUpperCase()}`

/** `95%: +2 to +7 bps`, each limit through `format`; a unit that both share is written once. */
export function interval(estimate: Estimate, format: (value: number) => string): string {
  if (estimate.point === null) return 'no data'
  if (estimate.lower === null || estimate.upper === null) return 'no interval: too few groups of quotes'
  const [lower, upper] = [format(estimate.lower), format(estimate.upper)]
  const unit = / [A-Za-z]+$/.exec(upper)?.[0] ?? ''
  return `95%: ${unit !== '' && lower.endsWith(unit) ? lower.slice(0, -unit.length) : lower} to ${upper}`
}

/** `840 ms`, `12 s`, `3 min 20 s`, `2 h 5 min`, `3 d 4 h`. */
export function duration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`
  const seconds = Math.round(ms / 1000)
  if (seconds < 60) return `${seconds} s`
  const [size, small, large] =
    seconds < 3600 ? [60, 's', 'min'] : seconds < 86_400 ? [3600, 'min', 'h'] : ([86_400, 'h', 'd'] as const)
  const rest = seconds % size
  const restText = small === 's' ? rest : small === 'min' ? Math.floor(rest / 60) : Math.floor(rest / 3600)
  return `${Math.floor(seconds / size)} ${large}${restText === 0 ? '' : ` ${restText} ${small}`}`
}

/** `2026-11-22 14:00:05 UTC`. */
export const moment = (instant: string): string => `${instant.slice(0, 19).replace('T', ' ')} UTC`

/** `discount_cap` as `discount cap`. */
export const words = (code: string): string => code.replaceAll('_', ' ')

/** A list in a sentence: `a, b and c`. */
export function listed(items: readonly string[]): string {
  if (items.length < 2) return items.join('')
  return `${items.slice(0, -1).join(', ')} and ${items.at(-1)}`
}
