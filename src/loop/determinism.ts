import { permuteRows, scatteredOrder } from '../domain/permute.ts'
import type { ReplayEngine, ReplaySums, ReplayTask } from '../domain/replay.ts'
import type { Json } from '../domain/units.ts'
import { canonicalText } from '../evidence/canonical.ts'
import type { Ports } from './ports.ts'

/** Up to so many quotes in scope the check runs on another engine; beyond, on other partitions of the columnar one. */
const OTHER_ENGINE_ROWS_MAX = 20_000

/**
 * Whether the sums come out the same, to the last byte, over scattered rows on another engine: the oracle for a columnar
 * replay, the columnar engine for any other; the columnar engine again, with every row in another partition and block, where
 * the oracle would take too long.
 */
export async function isDeterministic(
  ports: Ports,
  task: ReplayTask,
  ranOn: ReplayEngine['name'],
  sums: ReplaySums,
): Promise<boolean> {
  const other = ranOn === 'columnar' && sums.in_scope <= OTHER_ENGINE_ROWS_MAX ? 'oracle' : 'columnar'
  const order = scatteredOrder(task.columns.rows)
  const [again] = await runOn(
    ports,
    other,
    { ...task, columns: permuteRows(task.columns, order) },
    'checking',
  )
  if (again === undefined) return false
  const there = (rows: readonly number[]): readonly number[] => rows.map(place => order[place] as number)
  const asBefore = {
    ...again,
    losing_rows: there(again.losing_rows),
    gaining_rows: there(again.gaining_rows),
  }
  return sameSums([asBefore], [sums])
}

/** Whether two engines say the same, to the last byte. */
export const sameSums = (these: readonly ReplaySums[], those: readonly ReplaySums[]): boolean =>
  these.length === those.length && these.every((sums, at) => textOf(sums) === textOf(those[at] as ReplaySums))

/** Runs a task on an engine of its own and closes it. */
export async function runOn(
  ports: Ports,
  name: ReplayEngine['name'],
  task: ReplayTask,
  label: string,
): Promise<readonly ReplaySums[]> {
  const engine = await ports.engine(name)
  try {
    return await engine.evaluate(task, (done, total) => ports.progress(label, done, total))
  } finally {
    await engine.close()
  }
}

const textOf = (sums: ReplaySums): string =>
  canonicalText(
    JSON.parse(
      JSON.stringify(sums, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value)),
    ) as Json,
  )
