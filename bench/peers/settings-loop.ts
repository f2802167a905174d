import type { QuoteColumns } from '../../src/domain/quote.ts'
import type { PolicyTally } from '../../src/domain/tally.ts'
import type { Setting } from '../../src/domain/tunables.ts'
import { CHANNELS, REGIONS, SEGMENTS } from '../requests.ts'
import { roundedMargin } from './object-loop.ts'
import { channelOf, noSums, tallyOf, termOf } from './peer.ts'
import { type MakeSettingsPeer, SEPARABLE_TUNABLES, settingsOf, TUNABLES } from './settings.ts'

/** What the rules read of the quotes that have a cost; equal ones may stand once, with their number as weight. */
interface Rows {
  readonly count: number
  readonly segment: Uint8Array
  readonly region: Uint8Array
  readonly listCents: Float64Array
  readonly costCents: Float64Array
  readonly requestedBps: Float64Array
  /** The limit of the rule about the web; 1,000,000 where it does not hold. */
  readonly webCapBps: Float64Array
  /** 1 where the term asks for an approval. */
  readonly longTerm: Uint8Array
  readonly weight: Float64Array
}

function rowsOf(columns: QuoteColumns, collapse: boolean): Rows {
  const [channels, terms] = [channelOf(columns).codes, termOf(columns).values]
  const firstOf = new Map<string, number>()
  const weights: number[] = []
  const rows: number[] = []
  for (let row = 0; row < columns.rows; row += 1) {
    if (Number.isNaN(columns.costCents[row])) continue
    if (collapse) {
      const cell = [
        columns.segment.codes[row],
        columns.region.codes[row],
        channels[row],
        terms[row],
        columns.listCents[row],
        columns.costCents[row],
        columns.requestedDiscountBps[row],
      ].join()
      const at = firstOf.get(cell)
      if (at !== undefined) {
        weights[at] = (weights[at] as number) + 1
        continue
      }
      firstOf.set(cell, rows.length)
    }
    rows.push(row)
    weights.push(1)
  }
  const web = CHANNELS.indexOf('web')
  const of = (array: ArrayLike<number>) => Float64Array.from(rows, row => array[row] as number)
  return {
    count: rows.length,
    segment: Uint8Array.from(rows, row => columns.segment.codes[row] as number),
    region: Uint8Array.from(rows, row => columns.region.codes[row] as number),
    listCents: of(columns.listCents),
    costCents: of(columns.costCents),
    requestedBps: of(columns.requestedDiscountBps),
    webCapBps: Float64Array.from(rows, row =>
      channels[row] === web && (terms[row] as number) <= 12 ? 1_600 : 1e6,
    ),
    longTerm: Uint8Array.from(rows, row => +((terms[row] as number) >= 48)),
    weight: Float64Array.from(weights),
  }
}

/** One pass a setting, without branches. */
function decide(rows: Rows, absent: number, [capSmb, capEnterprise, above]: Setting): PolicyTally {
  const { segment, region, listCents, costCents, requestedBps, webCapBps, longTerm, weight } = rows
  const capOf = Float64Array.from(SEGMENTS, word =>
    word === 'smb'
      ? (capSmb as number)
      : word === 'mid_market'
        ? 2200
        : word === 'enterprise'
          ? (capEnterprise as number)
          : 1000,
  )
  const approvedFrom = Float64Array.from(REGIONS, word =>
    word === 'na' || word === 'emea' ? (above as number) : word === 'apac' ? 1500 : 1e6,
  )
  const floorOf = Float64Array.from(SEGMENTS, word => (word === 'smb' ? 1500 : -1e9))
  let [decided, approvals, violations, netCents, profitCents, marginBps] = [0, 0, 0, 0, 0, 0]
  for (let row = 0; row < rows.count; row += 1) {
    const list = listCents[row] as number
    const times = weight[row] as number
    const granted = Math.min(
      requestedBps[row] as number,
      capOf[segment[row] as number] as number,
      webCapBps[row] as number,
    )
    const net = list - Math.floor((list * granted + 5000) / 10_000)
    const profit = net - (costCents[row] as number)
    const scaled = Math.floor((Math.abs(profit) * 20_000 + net) / (2 * net))
    const margin = profit < 0 ? -scaled : scaled
    const approval =
      +(granted > (approvedFrom[region[row] as number] as number)) |
      (+(list >= 25_000_000) & +(granted > 1200)) |
      (longTerm[row] as number) |
      +(margin < 500)
    decided += times
    approvals += times * approval
    violations +=
      times * (+(margin < 1000) + +(margin < (floorOf[segment[row] as number] as number)) + +(margin < 0))
    netCents += times * net
    profitCents += times * profit
    marginBps += times * margin
  }
  return tallyOf({
    decided,
    attributeAbsent: absent,
    approvals,
    violations,
    netCents,
    profitCents,
    marginBps,
  })
}

const loopOver =
  (collapse: boolean): MakeSettingsPeer =>
  columns => {
    const rows = rowsOf(columns, collapse)
    const absent = columns.costCents.filter(cost => Number.isNaN(cost)).length
    const settings = settingsOf(TUNABLES)
    return { tally: () => settings.map(setting => decide(rows, absent, setting)) }
  }

export const settingsLoop = loopOver(false)
export const settingsLoopCells = loopOver(true)

/** Thresholds that change no price: one pass counts quotes by what each threshold looks at, and a setting adds up three numbers. */
export const separablePrefixSums: MakeSettingsPeer = columns => {
  const rows = rowsOf(columns, false)
  const absent = columns.costCents.filter(cost => Number.isNaN(cost)).length
  const capOf = Float64Array.from(SEGMENTS, word =>
    word === 'smb' ? 1800 : word === 'mid_market' ? 2200 : word === 'enterprise' ? 3000 : 1000,
  )
  const [apac, latam, smb] = [REGIONS.indexOf('apac'), REGIONS.indexOf('latam'), SEGMENTS.indexOf('smb')]
  const settings = settingsOf(SEPARABLE_TUNABLES)
  return {
    tally: () => {
      const sums = { ...noSums(), attributeAbsent: absent }
      // By grant, those that need no approval anyway; by margin, those of the segment with a floor of its own.
      const [manager, regional] = [new Int32Array(10_002), new Int32Array(10_002)]
      const margins = new Int32Array(20_001)
      for (let row = 0; row < rows.count; row += 1) {
        const list = rows.listCents[row] as number
        const granted = Math.min(
          rows.requestedBps[row] as number,
          capOf[rows.segment[row] as number] as number,
          rows.webCapBps[row] as number,
        )
        const net = list - Math.floor((list * granted + 5000) / 10_000)
        const profit = net - (rows.costCents[row] as number)
        const margin = roundedMargin(profit, net)
        sums.decided += 1
        sums.netCents += net
        sums.profitCents += profit
        sums.marginBps += margin
        sums.violations += +(margin < 1000) + +(margin < 0)
        if (rows.segment[row] === smb) margins[margin + 10_000] = (margins[margin + 10_000] as number) + 1
        if ((list >= 25_000_000 && granted > 1200) || rows.longTerm[row] === 1 || margin < 500)
          sums.approvals += 1
        else if (rows.region[row] === apac) regional[granted] = (regional[granted] as number) + 1
        else if (rows.region[row] !== latam) manager[granted] = (manager[granted] as number) + 1
      }
      const [managerAbove, regionalAbove] = [above(manager), above(regional)]
      const below = upTo(margins)
      return settings.map(([managerBps, regionalBps, floorBps]) =>
        tallyOf({
          ...sums,
          approvals:
            sums.approvals +
            (managerAbove[managerBps as number] as number) +
            (regionalAbove[regionalBps as number] as number),
          violations: sums.violations + (below[(floorBps as number) + 10_000] as number),
        }),
      )
    },
  }
}

/** How many stand beyond each place. */
function above(counts: Int32Array): Int32Array {
  const sums = new Int32Array(counts.length)
  for (let at = counts.length - 2; at >= 0; at -= 1)
    sums[at] = (sums[at + 1] as number) + (counts[at + 1] as number)
  return sums
}

/** How many stand before each place. */
function upTo(counts: Int32Array): Int32Array {
  const sums = new Int32Array(counts.length)
  for (let at = 1; at < counts.length; at += 1)
    sums[at] = (sums[at - 1] as number) + (counts[at - 1] as number)
  return sums
}
