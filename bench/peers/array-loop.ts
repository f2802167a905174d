import { CHANNELS, REGIONS, SEGMENTS } from '../requests.ts'
import { roundedMargin } from './object-loop.ts'
import { channelOf, type MakePeer, noSums, tallyOf, termOf } from './peer.ts'

const [ENTERPRISE, MID_MARKET, SMB] = ['enterprise', 'mid_market', 'smb'].map(word =>
  (SEGMENTS as readonly string[]).indexOf(word),
)
const [APAC, EMEA, NA] = ['apac', 'emea', 'na'].map(word => (REGIONS as readonly string[]).indexOf(word))
const WEB = CHANNELS.indexOf('web')

/** Rule after rule over typed arrays, as a plain generator of code would write it. */
export const arrayLoop: MakePeer = columns => {
  const { rows, listCents, costCents, requestedDiscountBps } = columns
  const segments = columns.segment.codes
  const regions = columns.region.codes
  const channels = channelOf(columns).codes
  const terms = termOf(columns).values
  return {
    tally() {
      const sums = noSums()
      let { decided, attributeAbsent, approvals, violations, netCents, profitCents, marginBps } = sums
      for (let row = 0; row < rows; row += 1) {
        const cost = costCents[row] as number
        if (Number.isNaN(cost)) {
          attributeAbsent += 1
          continue
        }
        const segment = segments[row] as number
        const region = regions[row] as number
        const list = listCents[row] as number
        const term = terms[row] as number
        let granted = requestedDiscountBps[row] as number
        if (segment === SMB && granted > 1800) granted = 1800
        if (segment === MID_MARKET && granted > 2200) granted = 2200
        if (segment === ENTERPRISE && granted > 3000) granted = 3000
        if (segment !== SMB && segment !== MID_MARKET && segment !== ENTERPRISE && granted > 1000)
          granted = 1000
        if (channels[row] === WEB && term <= 12 && granted > 1600) granted = 1600
        const net = list - Math.floor((list * granted + 5000) / 10_000)
        const profit = net - cost
        const margin = net === 0 ? -100_000 : roundedMargin(profit, net)
        let approval = 0
        if (granted > 2000 && (region === NA || region === EMEA)) approval = 1
        if (granted > 1500 && region === APAC) approval = 1
        if (list >= 25_000_000 && granted > 1200) approval = 1
        if (term >= 48 || margin < 500) approval = 1
        if (margin < 1000) violations += 1
        if (segment === SMB && margin < 1500) violations += 1
        if (margin < 0) violations += 1
        decided += 1
        approvals += approval
        netCents += net
        profitCents += profit
        marginBps += margin
      }
      return tallyOf({ decided, attributeAbsent, approvals, violations, netCents, profitCents, marginBps })
    },
  }
}

/** The same with tables and sums of truths in the place of jumps. */
export const branchlessLoop: MakePeer = columns => {
  const { rows, listCents, costCents, requestedDiscountBps } = columns
  const segments = columns.segment.codes
  const regions = columns.region.codes
  const channels = channelOf(columns).codes
  const terms = termOf(columns).values
  const capOf = Float64Array.from(SEGMENTS, word =>
    word === 'smb' ? 1800 : word === 'mid_market' ? 2200 : word === 'enterprise' ? 3000 : 1000,
  )
  const approvedFrom = Float64Array.from(REGIONS, word =>
    word === 'na' || word === 'emea' ? 2000 : word === 'apac' ? 1500 : 1e6,
  )
  const floorOf = Float64Array.from(SEGMENTS, word => (word === 'smb' ? 1500 : -1e9))
  const capOfChannel = Float64Array.from(CHANNELS, word => (word === 'web' ? 1600 : 1e6))
  return {
    tally() {
      const sums = noSums()
      let { decided, approvals, violations, netCents, profitCents, marginBps } = sums
      for (let row = 0; row < rows; row += 1) {
        const cost = costCents[row] as number
        const known = +!Number.isNaN(cost)
        const segment = segments[row] as number
        const list = listCents[row] as number
        const term = terms[row] as number
        const granted = Math.min(
          requestedDiscountBps[row] as number,
          capOf[segment] as number,
          (capOfChannel[channels[row] as number] as number) + 1e6 * +(term > 12),
        )
        const net = list - Math.floor((list * granted + 5000) / 10_000)
        const profit = known * net - (known ? cost : 0)
        const scaled = Math.floor((Math.abs(profit) * 20_000 + net) / (2 * net))
        const margin = profit < 0 ? -scaled : scaled
        const approval =
          +(granted > (approvedFrom[regions[row] as number] as number)) |
          (+(list >= 25_000_000) & +(granted > 1200)) |
          +(term >= 48) |
          +(margin < 500)
        decided += known
        approvals += known & approval
        violations += known * (+(margin < 1000) + +(margin < (floorOf[segment] as number)) + +(margin < 0))
        netCents += known * net
        profitCents += profit
        marginBps += known * margin
      }
      const attributeAbsent = rows - decided
      return tallyOf({ decided, attributeAbsent, approvals, violations, netCents, profitCents, marginBps })
    },
  }
}
