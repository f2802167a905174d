import { GROUPS } from '../../../domain/quote.ts'
import { bump } from '../candidate-state.ts'
import { addBlockCents, carryCents } from '../wide.ts'
import type { ClassRules, Outcome } from './class-rules.ts'
import { CLASS_GROUP, type ClassLayout } from './class-vector.ts'
import { type SettingQuotes, WEIGHT_MAX } from './distinct-quotes.ts'
import { DISCOUNT_MIN, type Grid, MARGIN_MIN } from './grid-rules.ts'
import { OfferSums } from './offer-sums.ts'
import type { PricedRuns } from './priced-runs.ts'
import type { RowClass, SettingRuns } from './setting-runs.ts'
import type { WinCache } from './win-cache.ts'

/** Rows of a run looked at together, equal ones counted each, so that sums of them stay below 2^53. */
const CHUNK_ROWS = WEIGHT_MAX

/** The base that sums are against, the setting they hold, and the one they shall hold. */
export interface Move {
  readonly base: Outcome
  readonly was: Outcome
  readonly is: Outcome
}

/**
 * Carries the sums of a class from one setting to another, both against a base: only what lies between the two is taken out
 * and put in, so that trying the values of a range one after the other looks at a row as often as its decision changes.
 */
export class ClassMove {
  readonly #runs: SettingRuns
  readonly #layout: ClassLayout
  readonly #offers: OfferSums
  readonly #priced: PricedRuns

  constructor(
    quotes: SettingQuotes,
    runs: SettingRuns,
    priced: PricedRuns,
    layout: ClassLayout,
    model: WinCache | null,
  ) {
    this.#runs = runs
    this.#layout = layout
    this.#offers = new OfferSums(quotes, layout, model, CHUNK_ROWS)
    this.#priced = priced
  }

  /** Changes `sums`, which hold what was against the base, so that they hold what is against it. */
  carry(
    sums: Float64Array,
    { from, to, known, latencySeconds }: RowClass,
    rules: ClassRules,
    move: Move,
  ): void {
    const { start, requestedBps, weight } = this.#runs
    const { was, is } = move
    const { approvals, violations } = rules
    const signing = changedGrants(approvals.grid, was.approvals, is.approvals)
    const violating = changedGrants(violations.grid, was.violations, is.violations)
    this.#offers.begin(known.costKnown)
    for (let run = from; run < to; run += 1) {
      const requested = requestedBps[run] as number
      const grant = Math.min(requested, is.capBps)
      if (grant === Math.min(requested, was.capBps)) {
        const at = grant - DISCOUNT_MIN
        const signs = signing[approvals.grid.grants[at] as number] as number
        if (signs + (violating[violations.grid.grants[at] as number] as number) === 0) continue
      }
      const end = start[run + 1] as number
      for (let place = start[run] as number; place < end; ) {
        const chunk = place
        for (let rows = 0; place < end; place += 1) {
          rows += weight[place] as number
          if (rows > CHUNK_ROWS) break
        }
        this.#carryRows(sums, run, chunk, place, rules, move)
      }
    }
    this.#offers.end(sums)
    for (let group = 0; group < GROUPS; group += 1) {
      const inGroup = this.#layout.groups + group * CLASS_GROUP.cells
      carryCents(sums, inGroup + CLASS_GROUP.netDelta)
      carryCents(sums, inGroup + CLASS_GROUP.profitDelta)
      carryCents(sums, inGroup + CLASS_GROUP.approvalLost)
      sums[inGroup + CLASS_GROUP.latencyDelta] =
        (sums[inGroup + CLASS_GROUP.approvalsDelta] as number) * latencySeconds
    }
  }

  /** Carries rows [from, to) of a run. */
  #carryRows(
    sums: Float64Array,
    run: number,
    from: number,
    to: number,
    rules: ClassRules,
    { base, was, is }: Move,
  ): void {
    const { costCents, group: groups, requestedBps, row, cell, weight } = this.#runs
    const { netCents, marginBps } = this.#priced
    const signs = rules.approvals.grid
    const violates = rules.violations.grid
    const requested = requestedBps[run] as number
    const baseGrant = Math.min(requested, base.capBps)
    const wasGrant = Math.min(requested, was.capBps)
    const isGrant = Math.min(requested, is.capBps)
    const same = isGrant === wasGrant
    const inBase = this.#priced.atBase(run, baseGrant)
    const inWas = wasGrant === baseGrant ? inBase : this.#priced.at(run, wasGrant)
    const inIs = same ? inWas : isGrant === baseGrant ? inBase : this.#priced.at(run, isGrant)
    const [baseSigns, wasSigns, isSigns] = [
      masksFrom(signs, baseGrant),
      masksFrom(signs, wasGrant),
      masksFrom(signs, isGrant),
    ]
    const [baseViolates, wasViolates, isViolates] = [
      masksFrom(violates, baseGrant),
      masksFrom(violates, wasGrant),
      masksFrom(violates, isGrant),
    ]
    let impacted = 0
    this.#offers.beginRun(cell[run] as number, row[run] as number, baseGrant, wasGrant, isGrant)
    for (let place = from; place < to; place += 1) {
      const wasMargin = marginBps[inWas + place] as number
      const isMargin = marginBps[inIs + place] as number
      const wasSigned = maskAt(was.approvals, wasSigns, signs.margins, wasMargin)
      const isSigned = maskAt(is.approvals, isSigns, signs.margins, isMargin)
      const wasViolated = maskAt(was.violations, wasViolates, violates.margins, wasMargin)
      const isViolated = maskAt(is.violations, isViolates, violates.margins, isMargin)
      if (same && isSigned === wasSigned && isViolated === wasViolated) continue

      const rows = weight[place] as number
      const baseMargin = marginBps[inBase + place] as number
      const baseSigned = maskAt(base.approvals, baseSigns, signs.margins, baseMargin)
      const baseViolated = maskAt(base.violations, baseViolates, violates.margins, baseMargin)
      if (inIs !== inBase || isSigned !== baseSigned || isViolated !== baseViolated) impacted += rows
      if (inWas !== inBase || wasSigned !== baseSigned || wasViolated !== baseViolated) impacted -= rows

      const inGroup = this.#layout.groups + (groups[place] as number) * CLASS_GROUP.cells
      if (isViolated !== wasViolated) {
        bump(
          sums,
          inGroup + CLASS_GROUP.violationsDelta,
          rows * (bitCount(isViolated) - bitCount(wasViolated)),
        )
      }
      const cost = costCents[place] as number
      const wasNet = netCents[inWas + place] as number
      const isNet = netCents[inIs + place] as number
      if (!same) {
        addBlockCents(sums, inGroup + CLASS_GROUP.netDelta, rows * (isNet - wasNet))
        if (!Number.isNaN(cost)) {
          bump(sums, inGroup + CLASS_GROUP.marginDelta, rows * (isMargin - wasMargin))
          addBlockCents(sums, inGroup + CLASS_GROUP.profitDelta, rows * (isNet - wasNet))
        }
      }
      const baseApproval = baseSigned & 1
      const wasApproval = wasSigned & 1
      const isApproval = isSigned & 1
      if (isApproval !== wasApproval) {
        bump(sums, inGroup + CLASS_GROUP.approvalsDelta, rows * (isApproval - wasApproval))
        const baseNet = rows * (netCents[inBase + place] as number)
        if (baseApproval === 1) {
          addBlockCents(sums, inGroup + CLASS_GROUP.approvalLost, isApproval === 0 ? baseNet : -baseNet)
        }
      } else if (same) continue
      this.#offers.add(rows, baseApproval, wasApproval, isApproval, wasNet - cost, isNet - cost)
    }
    bump(sums, this.#layout.impacted, impacted)
    this.#offers.endRun(sums)
  }
}

/** Where the masks of a grant begin. */
export const masksFrom = ({ grants, marginCount }: Grid, grantedBps: number): number =>
  (grants[grantedBps - DISCOUNT_MIN] as number) * marginCount

export const maskAt = (
  masks: Int32Array,
  from: number,
  margins: Uint16Array | null,
  marginBps: number,
): number => masks[margins === null ? from : from + (margins[marginBps - MARGIN_MIN] as number)] as number

/** By bucket of grants, whether anything differs. */
function changedGrants({ marginCount }: Grid, was: Int32Array, is: Int32Array): Uint8Array {
  const changed = new Uint8Array(was.length / marginCount)
  if (was === is) return changed
  for (let grant = 0, cell = 0; grant < changed.length; grant += 1) {
    for (const end = cell + marginCount; cell < end; cell += 1) {
      if (was[cell] !== is[cell]) changed[grant] = 1
    }
  }
  return changed
}

export function bitCount(bits: number): number {
  let count = 0
  for (let rest = bits; rest !== 0; rest &= rest - 1) count += 1
  return count
}
