import { bump } from '../candidate-state.ts'
import { fastMarginBps, fastNetCents } from '../fast-arithmetic.ts'
import type { ResponseTables } from '../response-tables.ts'
import type { PreparedSnapshot } from '../snapshot.ts'
import { addCents } from '../wide.ts'
import { type ClassRules, DISCOUNT_MIN, type Grid, MARGIN_MIN, type Outcome } from './class-rules.ts'
import { CLASS_GROUP, type ClassLayout } from './class-vector.ts'
import { OfferSums } from './offer-sums.ts'
import type { RowClass, SettingRuns } from './setting-runs.ts'

/** Rows of a run looked at together, so that sums of them stay below 2^53. */
const CHUNK_ROWS = 1024

/**
 * Carries the sums of a class from one setting to another, both against a base: only what lies between the two is taken out
 * and put in, so that trying the values of a range one after the other looks at a row as often as its decision changes.
 */
export class ClassMove {
  readonly #runs: SettingRuns
  readonly #layout: ClassLayout
  readonly #offers: OfferSums

  constructor(
    snapshot: PreparedSnapshot,
    runs: SettingRuns,
    layout: ClassLayout,
    response: ResponseTables | null,
  ) {
    this.#runs = runs
    this.#layout = layout
    this.#offers = new OfferSums(snapshot, layout, response, CHUNK_ROWS)
  }

  /** Changes `sums`, which hold `from` against `base`, so that they hold `to` against it. */
  carry(
    sums: Float64Array,
    { from, to, known }: RowClass,
    rules: ClassRules,
    base: Outcome,
    was: Outcome,
    is: Outcome,
  ): void {
    const { start, requestedBps } = this.#runs
    const signing = changedGrants(rules.approvals.grid, was.approvals, is.approvals)
    const violating = changedGrants(rules.violations.grid, was.violations, is.violations)
    const signGrants = rules.approvals.grid.grants
    const violationGrants = rules.violations.grid.grants
    this.#offers.begin(known.costKnown)
    for (let run = from; run < to; run += 1) {
      const requested = requestedBps[run] as number
      const grant = Math.min(requested, is.capBps)
      if (grant === Math.min(requested, was.capBps)) {
        const at = grant - DISCOUNT_MIN
        if (signing[signGrants[at] as number] === 0 && violating[violationGrants[at] as number] === 0)
          continue
      }
      const end = start[run + 1] as number
      for (let place = start[run] as number; place < end; place += CHUNK_ROWS) {
        this.#carryRun(sums, run, place, Math.min(end, place + CHUNK_ROWS), rules, base, was, is)
      }
    }
    this.#offers.end(sums)
  }

  #carryRun(
    sums: Float64Array,
    run: number,
    from: number,
    to: number,
    rules: ClassRules,
    base: Outcome,
    was: Outcome,
    is: Outcome,
  ): void {
    const { listCents, costCents, group: groups, requestedBps, row } = this.#runs
    const layout = this.#layout
    const offers = this.#offers
    const requested = requestedBps[run] as number
    const [baseGrant, wasGrant, isGrant] = [
      Math.min(requested, base.capBps),
      Math.min(requested, was.capBps),
      Math.min(requested, is.capBps),
    ]
    const signs = rules.approvals.grid
    const violates = rules.violations.grid
    const signsAt = (grant: number): number =>
      (signs.grants[grant - DISCOUNT_MIN] as number) * signs.marginCount
    const violatesAt = (grant: number): number =>
      (violates.grants[grant - DISCOUNT_MIN] as number) * violates.marginCount
    const [baseSigns, wasSigns, isSigns] = [signsAt(baseGrant), signsAt(wasGrant), signsAt(isGrant)]
    const [baseViolates, wasViolates, isViolates] = [
      violatesAt(baseGrant),
      violatesAt(wasGrant),
      violatesAt(isGrant),
    ]
    const signMargins = signs.margins
    const violationMargins = violates.margins
    let impacted = 0
    offers.beginRun(row[run] as number, baseGrant, wasGrant, isGrant)
    for (let place = from; place < to; place += 1) {
      const list = listCents[place] as number
      const cost = costCents[place] as number
      const inGroup = layout.groups + (groups[place] as number) * CLASS_GROUP.cells
      const baseNet = fastNetCents(list, baseGrant)
      const baseMargin = fastMarginBps(baseNet, cost)
      const wasBase = wasGrant === baseGrant
      const wasNet = wasBase ? baseNet : fastNetCents(list, wasGrant)
      const wasMargin = wasBase ? baseMargin : fastMarginBps(wasNet, cost)
      const same = isGrant === wasGrant
      const isBase = isGrant === baseGrant
      const isNet = same ? wasNet : isBase ? baseNet : fastNetCents(list, isGrant)
      const isMargin = same ? wasMargin : isBase ? baseMargin : fastMarginBps(isNet, cost)
      let baseSigned: number
      let wasSigned: number
      let isSigned: number
      if (signMargins === null) {
        baseSigned = base.approvals[baseSigns] as number
        wasSigned = was.approvals[wasSigns] as number
        isSigned = is.approvals[isSigns] as number
      } else {
        baseSigned = base.approvals[baseSigns + (signMargins[baseMargin - MARGIN_MIN] as number)] as number
        wasSigned = was.approvals[wasSigns + (signMargins[wasMargin - MARGIN_MIN] as number)] as number
        isSigned = is.approvals[isSigns + (signMargins[isMargin - MARGIN_MIN] as number)] as number
      }
      let baseViolated: number
      let wasViolated: number
      let isViolated: number
      if (violationMargins === null) {
        baseViolated = base.violations[baseViolates] as number
        wasViolated = was.violations[wasViolates] as number
        isViolated = is.violations[isViolates] as number
      } else {
        baseViolated = base.violations[
          baseViolates + (violationMargins[baseMargin - MARGIN_MIN] as number)
        ] as number
        wasViolated = was.violations[
          wasViolates + (violationMargins[wasMargin - MARGIN_MIN] as number)
        ] as number
        isViolated = is.violations[isViolates + (violationMargins[isMargin - MARGIN_MIN] as number)] as number
      }
      const wasImpacted = !wasBase || wasSigned !== baseSigned || wasViolated !== baseViolated
      const isImpacted = !isBase || isSigned !== baseSigned || isViolated !== baseViolated
      impacted += Number(isImpacted) - Number(wasImpacted)
      if (isViolated !== wasViolated) {
        bump(sums, inGroup + CLASS_GROUP.violationsDelta, bitCount(isViolated) - bitCount(wasViolated))
      }
      if (!same) {
        addCents(sums, inGroup + CLASS_GROUP.netDelta, isNet - wasNet)
        if (!Number.isNaN(cost)) {
          bump(sums, inGroup + CLASS_GROUP.marginDelta, isMargin - wasMargin)
          addCents(sums, inGroup + CLASS_GROUP.profitDelta, isNet - wasNet)
        }
      }
      const wasApproval = wasSigned & 1
      const isApproval = isSigned & 1
      if (isApproval !== wasApproval) {
        bump(sums, inGroup + CLASS_GROUP.approvalsDelta, isApproval - wasApproval)
        if ((baseSigned & 1) === 1) {
          addCents(sums, inGroup + CLASS_GROUP.approvalLost, isApproval === 0 ? baseNet : -baseNet)
        }
      } else if (same) continue
      offers.add(
        baseSigned & 1,
        wasApproval,
        isApproval,
        wasNet - cost,
        isNet - cost,
      )
    }
    bump(sums, layout.impacted, impacted)
    offers.endRun(sums)
  }
}

/** By bucket of grants, whether anything differs. */
function changedGrants(grid: Grid, was: Int32Array, is: Int32Array): Uint8Array {
  const changed = new Uint8Array(was.length / grid.marginCount)
  if (was === is) return changed
  for (let cell = 0; cell < was.length; cell += 1) {
    if (was[cell] !== is[cell]) changed[Math.floor(cell / grid.marginCount)] = 1
  }
  return changed
}

function bitCount(bits: number): number {
  let count = 0
  for (let rest = bits; rest !== 0; rest &= rest - 1) count += 1
  return count
}
