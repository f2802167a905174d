import assert from 'node:assert/strict'
import { test } from 'node:test'
import { replayMemory, TELLS_PEAKS } from '../../bench/replay-memory.ts'

/** Of every thread, the calling one too: its heap, its code, its sums. */
const THREAD_BYTES = 40e6

for (const [rows, threads, candidates] of [
  [1_000_000, 0, 1],
  [1_000_000, 2, 20],
] as const) {
  test(`R6 a replay of ${candidates} on ${rows} quotes with ${threads} threads takes no more than its columns again and 40 MB a thread`, {
    skip: TELLS_PEAKS ? false : '1 test left out: only Linux tells the peak of a process',
  }, async () => {
    const { columnsBytes, moreBytes } = await replayMemory(rows, threads, candidates)
    assert.equal(columnsBytes, 111 * rows)
    assert.ok(moreBytes > 0.3 * columnsBytes, `${moreBytes} bytes: the copy that is prepared was not seen`)
    assert.ok(moreBytes <= columnsBytes + (1 + threads) * THREAD_BYTES, `${moreBytes} bytes`)
  })
}
