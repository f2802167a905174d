import assert from 'node:assert/strict'
import { streamedReplay } from '../../src/adapters/columnar/streamed-replay.ts'
import { snapshots } from '../../src/adapters/snapshots.ts'
import type { ReplayEngine } from '../../src/domain/replay.ts'
import { asSnapshot } from './as-snapshot.ts'
import { scratchFolder, valueIn } from './fresh-home.ts'

const SILENT = () => undefined
/** Generated tasks have some sixty quotes. */
const PART_ROWS = 7

/** Writes the quotes of every task into a snapshot's file and streams them from there, in both orders; movers are given as rows of the task. */
export const streamedParts = (): ReplayEngine => ({
  name: 'columnar',
  async evaluate({ columns, ...task }) {
    using folder = scratchFolder()
    const kept = snapshots({ home: folder.path }, SILENT)
    const inOrder = await asSnapshot(folder.path, columns)
    const quotes = valueIn(await kept.open(await kept.save(inOrder)))
    const replay = streamedReplay(folder.path, SILENT, { partRows: PART_ROWS })
    const sums = await replay.evaluate(quotes, task, false)
    assert.deepEqual(await replay.evaluate(quotes, task, true), sums, 'in another order')
    const rowOf = new Map(columns.quoteIds.map((id, row) => [id, row]))
    const there = (rows: readonly number[]): readonly number[] =>
      rows.map(row => rowOf.get(inOrder.quoteIds[row] as string) as number)
    return sums.map(each => ({
      ...each,
      losing_rows: there(each.losing_rows),
      gaining_rows: there(each.gaining_rows),
    }))
  },
  close: async () => undefined,
})
