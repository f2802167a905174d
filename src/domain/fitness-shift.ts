import type { ClosedQuotes } from './closed-quotes.ts'
import type { FitnessFinding, ResponseSlope } from './fitness-finding.ts'
import type { Partition } from './partition.ts'
import { responseSlope } from './variance.ts'

/** Two-sided 1% of the standard normal distribution. */
const SIGNIFICANT_Z_THOUSANDTHS = 2576
/** A smaller change of the win rate says little about what a change of price does. */
const WIN_RATE_CHANGE_PPM_MIN = 30_000
/** Two-sided 95%, as the limits of a ResponseSlope are drawn. */
const NORMAL_975 = 1.96
/** Fewer dated quotes in a half compare nothing. */
const HALF_MIN = 200

/**
 * What was learnt from all quotes together is no guide where customers have changed since. The dated closed quotes are cut at their
 * median date, and among like quotes the later half is compared with the earlier one: the slope of winning on the grant
 * (z = (b2 - b1) / sqrt(e1^2 + e2^2), the test of Chow 1960 with the clustered errors of variance.ts), and the win rate itself (its
 * slope on being late). Found where either differs at 1%, the win rate by at least 3 points as well.
 */
export function responseShifted(closed: ClosedQuotes, like: Partition): FitnessFinding | null {
  const dates = datesOf(closed)
  const known = dates.filter(date => !Number.isNaN(date)).sort()
  const middle = known[Math.floor(known.length / 2)] ?? Number.NaN
  const isLate = (at: number): boolean => (dates[at] as number) >= middle
  const dated = part(closed, like, at => !Number.isNaN(dates[at] as number))
  const earlier = part(closed, like, at => (dates[at] as number) < middle)
  const later = part(closed, like, isLate)
  if (Math.min(earlier.quotes.rows.length, later.quotes.rows.length) < HALF_MIN) return null
  const early = responseSlope(earlier.quotes, earlier.like)
  const late = responseSlope(later.quotes, later.like)
  // Being late takes the place of a grant of 100 bps, so that its slope is the change of the win rate.
  const granted = Float64Array.from(dated.positions, at => (isLate(at) ? 100 : 0))
  const winRate = responseSlope({ ...dated.quotes, granted }, dated.like)
  const slopeZ = early === null || late === null ? 0 : zThousandths(early, late)
  const winRateMoved =
    winRate !== null &&
    Math.abs(winRate.slope_ppm_per_100_bps) >= WIN_RATE_CHANGE_PPM_MIN &&
    Math.abs(winRate.t_thousandths) >= SIGNIFICANT_Z_THOUSANDTHS
  if (Math.abs(slopeZ) < SIGNIFICANT_Z_THOUSANDTHS && !winRateMoved) return null
  return {
    code: 'response_shifted',
    severity: 'limited',
    message:
      'like quotes were answered otherwise in the later half of this history than in the earlier one: what was learnt is a mean of both',
    facts: {
      earlier_slope_ppm_per_100_bps: early?.slope_ppm_per_100_bps ?? null,
      later_slope_ppm_per_100_bps: late?.slope_ppm_per_100_bps ?? null,
      slope_change_z_thousandths: slopeZ,
      win_rate_change_bps: winRate === null ? null : Math.round(winRate.slope_ppm_per_100_bps / 100),
      win_rate_change_z_thousandths: winRate?.t_thousandths ?? null,
      earlier_quotes: earlier.quotes.rows.length,
      later_quotes: later.quotes.rows.length,
    },
    remedy: 'find out what changed, and import the quotes since then alone once there are enough of them',
  }
}

/** The day each quote was sent, else closed; NaN where neither is known. */
const datesOf = ({ columns, rows }: ClosedQuotes): Float64Array =>
  Float64Array.from(rows, row => {
    const quoted = columns.quotedAt[row] as number
    return Number.isNaN(quoted) ? (columns.closedAt[row] as number) : quoted
  })

interface Part {
  readonly positions: Int32Array
  readonly quotes: ClosedQuotes
  /** The cells of like quotes; some may hold none of these. */
  readonly like: Partition
}

function part(closed: ClosedQuotes, like: Partition, isKept: (at: number) => boolean): Part {
  const positions = Int32Array.from(closed.rows.keys()).filter(isKept)
  const won = Uint8Array.from(positions, at => closed.won[at] as number)
  const wonCount = won.reduce((sum, flag) => sum + flag, 0)
  return {
    positions,
    quotes: {
      columns: closed.columns,
      rows: positions.map(at => closed.rows[at] as number),
      won,
      granted: Float64Array.from(positions, at => closed.granted[at] as number),
      wonCount,
      lostCount: positions.length - wonCount,
    },
    like: { cells: like.cells, cellOf: positions.map(at => like.cellOf[at] as number) },
  }
}

function zThousandths(early: ResponseSlope, late: ResponseSlope): number {
  const error = Math.hypot(standardError(early), standardError(late))
  const change = late.slope_ppm_per_100_bps - early.slope_ppm_per_100_bps
  return error === 0 ? 0 : Math.round((1000 * change) / error)
}

const standardError = ({ lower_ppm_per_100_bps, upper_ppm_per_100_bps }: ResponseSlope): number =>
  (upper_ppm_per_100_bps - lower_ppm_per_100_bps) / (2 * NORMAL_975)
