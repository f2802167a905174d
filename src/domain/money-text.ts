import type { Estimate } from './replay-report.ts'

/** ISO 4217: currencies whose amounts have no decimals, so that their minor unit is the unit itself. */
const WHOLE_CURRENCIES: ReadonlySet<string> = new Set(
  'bif clp djf gnf isk jpy kmf krw pyg rwf ugx uyi vnd vuv xaf xof xpf'.split(' '),
)

/** Decimals of a currency in minor units, by its code in any case; an unknown or absent one is taken to have cents. */
export const decimalsOf = (currency: string): 0 | 2 => (WHOLE_CURRENCIES.has(currency.toLowerCase()) ? 0 : 2)

/** Minor units, a number or the decimal string of a total, as `-1,234.56`; whole units as `1,234`. */
export function amountText(minor: number | string, decimals: 0 | 2): string {
  const text = String(minor)
  const digits = text.replace(/^-/, '').padStart(decimals + 1, '0')
  const whole = digits.slice(0, digits.length - decimals).replace(/\B(?=(\d{3})+$)/g, ',')
  return `${text.startsWith('-') ? '-' : ''}${whole}${decimals === 0 ? '' : `.${digits.slice(-decimals)}`}`
}

/** Minor units of a currency for people: `1,234.56 EUR`; without a currency, `1,234.56`. */
export const moneyText = (minor: number | string, currency: string): string =>
  `${amountText(minor, decimalsOf(currency))} ${currency.toUpperCase()}`.trimEnd()

/** As `moneyText`, with a plus before a gain. */
export const moneyChangeText = (minor: number | string, currency: string): string =>
  `${/^[1-9]/.test(String(minor)) ? '+' : ''}${moneyText(minor, currency)}`

/** A change in money a quote with its 95% interval: `+2.63 EUR a quote (95%: +1.19 to +4.12)`, or `unknown`. */
export function moneyEstimateText({ point, lower, upper }: Estimate, currency: string): string {
  if (point === null) return 'unknown'
  const limits =
    lower === null || upper === null
      ? 'no interval'
      : `95%: ${moneyChangeText(lower, currency).replace(/ [A-Z]+$/, '')} to ${moneyChangeText(upper, currency).replace(/ [A-Z]+$/, '')}`
  return `${moneyChangeText(point, currency)} a quote (${limits})`
}
