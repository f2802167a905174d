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

/** A step of the table, 1/256 logits, in quarters of a millionth. */
const QUARTERS_PER_STEP = 15_625

/** The table where the machine reads 32-bit integers. */
const TABLE_PPB = Int32Array.from(SIGMOID_PPB)

/**
 * 1 / (1 + e^-eta) in parts per million, by linear interpolation in the table; within 1 ppm of the exact value, never
 * decreasing in eta, and sigmoid(-eta) = 1 - sigmoid(eta) to the last integer. Clipped at +-16 logits.
 */
export function sigmoidPpm(etaMicro: MicroLogits): Ppm {
  const size = etaMicro < 0 ? -etaMicro : etaMicro
  if (size >= CLIP_MICRO) return etaMicro < 0 ? 0 : ONE_PPM
  // All but one product stays within 32 bits, where quotients cut off by `| 0` are exact and cost a third of floored doubles; a
  // replay asks some two hundred times a quote.
  const quarters = (size * 4) | 0
  const at = (quarters / QUARTERS_PER_STEP) | 0
  const rest = quarters - at * QUARTERS_PER_STEP
  const below = TABLE_PPB[at] as number
  const rise = ((TABLE_PPB[at + 1] as number) - below) * rest
  const ppb = below + (((rise + QUARTERS_PER_STEP / 2) / QUARTERS_PER_STEP) | 0)
  const ppm = ((ppb + 500) / 1000) | 0
  return etaMicro < 0 ? ONE_PPM - ppm : ppm
}
