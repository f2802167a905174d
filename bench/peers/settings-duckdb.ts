import { DuckDBInstance } from '@duckdb/node-api'
import { CHANNELS, REGIONS, SEGMENTS } from '../requests.ts'
import { CODE_COLUMNS, withCodesFile } from './database-file.ts'
import { DUCKDB_TYPES } from './duckdb.ts'
import { rowTally } from './row-tally.ts'
import { type MakeSettingsPeer, settingsOf, TUNABLES } from './settings.ts'

const segment = (word: (typeof SEGMENTS)[number]): number => SEGMENTS.indexOf(word)
const region = (word: (typeof REGIONS)[number]): number => REGIONS.indexOf(word)

/** Every setting on every row of `quotes`, of which each stands for `weight` quotes. */
const CROSS_JOIN = `
  SELECT
    setting,
    sum(weight) AS decided,
    sum(weight) FILTER (
      (granted_bps > above AND region IN (${region('na')}, ${region('emea')}))
      OR (granted_bps > 1500 AND region = ${region('apac')})
      OR (list_cents >= 25000000 AND granted_bps > 1200)
      OR term >= 48
      OR margin_bps < 500
    ) AS approvals,
    sum(
      weight * (
        CAST(margin_bps < 1000 AS INTEGER)
        + CAST(segment = ${segment('smb')} AND margin_bps < 1500 AS INTEGER)
        + CAST(margin_bps < 0 AS INTEGER)
      )
    ) AS violations,
    sum(weight * net_cents) AS net_cents,
    sum(weight * (net_cents - cost_cents)) AS profit_cents,
    sum(weight * margin_bps) AS margin_bps
  FROM (
    SELECT *,
      CASE
        WHEN net_cents < cost_cents THEN -((cost_cents - net_cents) * 20000 + net_cents) // (2 * net_cents)
        ELSE ((net_cents - cost_cents) * 20000 + net_cents) // (2 * net_cents)
      END AS margin_bps
    FROM (
      SELECT *, list_cents - (list_cents * granted_bps + 5000) // 10000 AS net_cents
      FROM (
        SELECT *,
          least(
            requested_discount_bps,
            CASE segment
              WHEN ${segment('smb')} THEN cap_smb
              WHEN ${segment('mid_market')} THEN 2200
              WHEN ${segment('enterprise')} THEN cap_enterprise
              ELSE 1000
            END,
            CASE WHEN channel = ${CHANNELS.indexOf('web')} AND term <= 12 THEN 1600 ELSE 10000 END
          ) AS granted_bps
        FROM quotes CROSS JOIN settings
        WHERE cost_cents IS NOT NULL
      )
    )
  )
  GROUP BY setting
  ORDER BY setting`

const duckdbSettings =
  (collapsed: boolean): MakeSettingsPeer =>
  async columns => {
    const instance = await DuckDBInstance.create(':memory:', { threads: '2' })
    const connection = await instance.connect()
    const selected = CODE_COLUMNS.map(([name, bits]) => `CAST(${name} AS ${DUCKDB_TYPES[bits]}) AS ${name}`)
    const weight = collapsed ? 'count(*)' : '1'
    await withCodesFile(columns, path =>
      connection.run(`
        CREATE TABLE quotes AS
        SELECT ${selected.join(', ')}, CAST(${weight} AS INTEGER) AS weight
        FROM read_parquet('${path}')
        ${collapsed ? 'GROUP BY ALL' : ''}`),
    )
    const settings = settingsOf(TUNABLES).map((values, at) => `(${[at, ...values].join(', ')})`)
    await connection.run(
      'CREATE TABLE settings (setting INTEGER, cap_smb INTEGER, cap_enterprise INTEGER, above INTEGER)',
    )
    await connection.run(`INSERT INTO settings VALUES ${settings.join(', ')}`)
    const absent = columns.costCents.filter(cost => Number.isNaN(cost)).length
    return {
      tally: async () => {
        const reader = await connection.runAndReadAll(CROSS_JOIN)
        return reader.getRowObjects().map(row => rowTally({ ...row, attribute_absent: absent }))
      },
      close: () => {
        connection.closeSync()
        instance.closeSync()
      },
    }
  }

export const settingsDuckdb = duckdbSettings(false)
export const settingsDuckdbCells = duckdbSettings(true)
