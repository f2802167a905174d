import type { Ppm } from './units.ts'

/** Log-odds in millionths, integer. */
export type MicroLogits = number

export const STEPS_PER_LOGIT = 256
const CLIP_LOGITS = 16
export const CLIP_MICRO: MicroLogits = CLIP_LOGITS * 1_000_000
const ONE_PPM: Ppm = 1_000_000

/**
 * The logistic function at 0, 1/256, 2/256 … 16 logits in parts per billion. Made with wide integers alone, because `Math.exp`
 * may differ by a unit in the last place between builds, and a replay must not.
 */
export const SIGMOID_PPB: readonly number[] = sigmoidTable()

function sigmoidTable(): readonly number[] {
  const one = 10n ** 40n
  const step = expOfMinus(BigInt(STEPS_PER_LOGIT), one)
  const table: number[] = []
  let power = one
  for (let at = 0; at <= CLIP_LOGITS * STEPS_PER_LOGIT; at += 1) {
    table.push(Number((2n * 1_000_000_000n * one + (one + power)) / (2n * (one + power))))
    power = (power * step) / one
  }
  return table
}

/** e^(-1/divisor) as a multiple of 1/one, by its power series. */
function expOfMinus(divisor: bigint, one: bigint): bigint {
  let term = one
  let sum = one
  for (let n = 1n; term !== 0n; n += 1n) {
    term = -term / (divisor * n)
    sum += term
  }
  return sum
}

/**
 * 1 / (1 + e^-eta) in parts per million, by linear interpolation in the table; within 1 ppm of the exact value, never
 * decreasing in eta, and sigmoid(-eta) = 1 - sigmoid(eta) to the last integer. Clipped at +-16 logits.
 */
export function sigmoidPpm(etaMicro: MicroLogits): Ppm {
  if (etaMicro < 0) return ONE_PPM - sigmoidPpm(-etaMicro)
  if (etaMicro >= CLIP_MICRO) return ONE_PPM
  // Numbers here stay so small that a floored quotient is exact; remainders of doubles would cost ten times as much, and
  // a replay asks some two hundred times a quote.
  const position = etaMicro * STEPS_PER_LOGIT
  const at = Math.floor(position / 1_000_000)
  const rest = position - at * 1_000_000
  const below = SIGMOID_PPB[at] as number
  const above = SIGMOID_PPB[at + 1] as number
  const ppb = below + Math.floor(((above - below) * rest + 500_000) / 1_000_000)
  return Math.floor((ppb + 500) / 1000)
}
