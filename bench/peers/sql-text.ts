import { CHANNELS, REGIONS, SEGMENTS } from '../requests.ts'

const segment = (word: (typeof SEGMENTS)[number]): number => SEGMENTS.indexOf(word)
const region = (word: (typeof REGIONS)[number]): number => REGIONS.indexOf(word)
const WEB = CHANNELS.indexOf('web')

/** What a database needs to be told about the twelve rules, on a table `quotes` of integer codes; NULL where there is no cost. */
export interface SqlDialect {
  /** The quotient of two natural numbers without its fraction. */
  readonly quotient: (dividend: string, divisor: string) => string
  readonly least: string
  /** Turns a comparison into 0 or 1. */
  readonly truth: (comparison: string) => string
  /** Written before the stage of prices where a database would work them out anew for each use. */
  readonly kept?: string
}

/** One statement, a step of the arithmetic a stage, as a person would write it for speed. */
export const twelveRulesSql = ({ quotient, least, truth, kept = '' }: SqlDialect): string => `
  WITH granted AS (
    SELECT
      segment, region, term, list_cents, cost_cents,
      ${least}(
        requested_discount_bps,
        CASE segment
          WHEN ${segment('smb')} THEN 1800
          WHEN ${segment('mid_market')} THEN 2200
          WHEN ${segment('enterprise')} THEN 3000
          ELSE 1000
        END,
        CASE WHEN channel = ${WEB} AND term <= 12 THEN 1600 ELSE 10000 END
      ) AS granted_bps
    FROM quotes
    WHERE cost_cents IS NOT NULL
  ),
  priced AS ${kept} (
    SELECT *, list_cents - ${quotient('list_cents * granted_bps + 5000', '10000')} AS net_cents
    FROM granted
  ),
  earned AS (
    SELECT *, net_cents - cost_cents AS profit_cents
    FROM priced
  ),
  margined AS (
    SELECT *,
      CASE
        WHEN profit_cents < 0 THEN -${quotient('-profit_cents * 20000 + net_cents', '2 * net_cents')}
        ELSE ${quotient('profit_cents * 20000 + net_cents', '2 * net_cents')}
      END AS margin_bps
    FROM earned
  )
  SELECT
    count(*) AS decided,
    (SELECT count(*) FROM quotes WHERE cost_cents IS NULL) AS attribute_absent,
    sum(${truth(`
      (granted_bps > 2000 AND region IN (${region('na')}, ${region('emea')}))
      OR (granted_bps > 1500 AND region = ${region('apac')})
      OR (list_cents >= 25000000 AND granted_bps > 1200)
      OR term >= 48
      OR margin_bps < 500`)}) AS approvals,
    sum(
      ${truth('margin_bps < 1000')}
      + ${truth(`segment = ${segment('smb')} AND margin_bps < 1500`)}
      + ${truth('margin_bps < 0')}
    ) AS violations,
    sum(net_cents) AS net_cents,
    sum(profit_cents) AS profit_cents,
    sum(margin_bps) AS margin_bps
  FROM margined`
