import { done, type Result, refuse } from '../domain/refusal.ts'
import type { ReplaySums } from '../domain/replay.ts'
import type { ReplayReport } from '../domain/replay-report.ts'
import { isDeterministic, sameSums } from './determinism.ts'
import { type ChangeToEvaluate, reportOf, taskOf } from './evaluate.ts'
import type { Ports, StoredEngine, StoredQuotes } from './ports.ts'

/** Up to so many quotes they are loaded for the check, within 4 GB; beyond, the check is made where they lie. */
export const LOADED_ROWS_MAX = 4_000_000

/**
 * evaluateChange over a snapshot that stays in its file, so that it may be larger than memory; the report has the same bytes. The check
 * runs on the columnar engine over scattered rows, or, where the quotes may not fit, on the same engine over the quotes in another order and cut otherwise.
 * Refuses what opening refuses, and audit_broken where the file changed meanwhile.
 */
export async function evaluateStored(
  ports: Ports,
  change: ChangeToEvaluate,
  engine: StoredEngine,
  loadedRowsMax = LOADED_ROWS_MAX,
): Promise<Result<ReplayReport>> {
  const opened = await ports.snapshots.open(change.snapshotDigest)
  if (!opened.ok) return opened
  const quotes = opened.value
  const replay = await ports.storedReplay(engine)
  const [sums] = (await replay.evaluate(quotes, taskOf(change), false)) as [ReplaySums]
  const same =
    quotes.rows <= loadedRowsMax
      ? await sameLoaded(ports, change, engine, sums)
      : done(sameSums(await replay.evaluate(quotes, taskOf(change), true), [sums]))
  if (!same.ok) return same
  const report = await reportFromFile(change, quotes, sums, same.value)
  return (await quotes.unchanged()) ? done(report) : changedMeanwhile(quotes)
}

async function sameLoaded(
  ports: Ports,
  change: ChangeToEvaluate,
  engine: StoredEngine,
  sums: ReplaySums,
): Promise<Result<boolean>> {
  const columns = await ports.snapshots.load(change.snapshotDigest)
  if (!columns.ok) return columns
  return done(await isDeterministic(ports, { ...taskOf(change), columns: columns.value }, engine, sums))
}

/** Only the rows that the report shows are read: the movers. */
async function reportFromFile(
  change: ChangeToEvaluate,
  quotes: StoredQuotes,
  sums: ReplaySums,
  deterministicPass: boolean,
): Promise<ReplayReport> {
  const places = [...new Set([...sums.losing_rows, ...sums.gaining_rows])].sort((a, b) => a - b)
  const columns = { ...(await quotes.at(places)), currency: quotes.currency }
  const here = (rows: readonly number[]): readonly number[] => rows.map(place => places.indexOf(place))
  const shown = { ...sums, losing_rows: here(sums.losing_rows), gaining_rows: here(sums.gaining_rows) }
  return reportOf(change, columns, shown, deterministicPass)
}

export const changedMeanwhile = ({ digest, file }: StoredQuotes) =>
  refuse(
    'audit_broken',
    `the file of snapshot \`${digest}\` was changed while it was read`,
    'find out who writes into the folder of snapshots, then run the command again',
    { file },
  )
