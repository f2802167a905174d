import { textAt } from '../../src/domain/quote.ts'
import { channelOf, type MakePeer, noSums, tallyOf, termOf } from './peer.ts'

/** A quote as an application would hold it. */
export interface QuoteObject {
  readonly segment: string
  readonly region: string
  readonly channel: string
  readonly term: number
  readonly listCents: number
  readonly costCents: number | null
  readonly requestedBps: number
}

export const quoteObjects = (columns: Parameters<MakePeer>[0]): QuoteObject[] => {
  const objects: QuoteObject[] = []
  const channel = channelOf(columns)
  const term = termOf(columns)
  for (let row = 0; row < columns.rows; row += 1) {
    const cost = columns.costCents[row] as number
    objects.push({
      segment: textAt(columns.segment, row) as string,
      region: textAt(columns.region, row) as string,
      channel: textAt(channel, row) as string,
      term: term.values[row] as number,
      listCents: columns.listCents[row] as number,
      costCents: Number.isNaN(cost) ? null : cost,
      requestedBps: columns.requestedDiscountBps[row] as number,
    })
  }
  return objects
}

/** The twelve rules written down in the language at hand, over objects. */
export const objectLoop: MakePeer = columns => {
  const quotes = quoteObjects(columns)
  return {
    tally() {
      const sums = noSums()
      for (const quote of quotes) {
        if (quote.costCents === null) {
          sums.attributeAbsent += 1
          continue
        }
        const { segment, region } = quote
        let granted = quote.requestedBps
        if (segment === 'smb') granted = Math.min(granted, 1800)
        else if (segment === 'mid_market') granted = Math.min(granted, 2200)
        else if (segment === 'enterprise') granted = Math.min(granted, 3000)
        else granted = Math.min(granted, 1000)
        if (quote.channel === 'web' && quote.term <= 12) granted = Math.min(granted, 1600)
        const net = quote.listCents - Math.floor((quote.listCents * granted + 5000) / 10_000)
        const profit = net - quote.costCents
        const margin = net === 0 ? -100_000 : roundedMargin(profit, net)
        const approval =
          (granted > 2000 && (region === 'na' || region === 'emea')) ||
          (granted > 1500 && region === 'apac') ||
          (quote.listCents >= 25_000_000 && granted > 1200) ||
          quote.term >= 48 ||
          margin < 500
        if (approval) sums.approvals += 1
        if (margin < 1000) sums.violations += 1
        if (segment === 'smb' && margin < 1500) sums.violations += 1
        if (margin < 0) sums.violations += 1
        sums.decided += 1
        sums.netCents += net
        sums.profitCents += profit
        sums.marginBps += margin
      }
      return tallyOf(sums)
    },
  }
}

/** profit * 10000 / net rounded half away from zero; net > 0. */
export const roundedMargin = (profit: number, net: number): number =>
  profit < 0
    ? Math.max(-100_000, -Math.floor((-profit * 20_000 + net) / (2 * net)))
    : Math.floor((profit * 20_000 + net) / (2 * net))
