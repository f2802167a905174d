import assert from 'node:assert/strict'
import { test } from 'node:test'
import { progressBar } from '../../src/cli/progress.ts'

/** A terminal that keeps what is written, and a clock that is moved by hand. */
function watched(isTTY: boolean) {
  const written: string[] = []
  const clock = { ms: 0 }
  const bar = progressBar({ isTTY, write: text => written.push(text) }, () => clock.ms)
  return { written, clock, bar }
}

test('a bar appears on a terminal after a second, moves, and is taken away at the end', () => {
  const { written, clock, bar } = watched(true)
  bar('reading', 1, 100)
  clock.ms = 900
  bar('reading', 40, 100)
  assert.deepEqual(written, [], 'short work is silent')
  clock.ms = 1100
  bar('reading', 50, 100)
  clock.ms = 1150
  bar('reading', 51, 100)
  assert.deepEqual(
    written,
    [`\r\u001B[Kreading  ${'#'.repeat(15)}${'.'.repeat(15)}  50%`],
    'at most ten a second',
  )
  bar('reading', 100, 100)
  assert.equal(written.at(-1), '\r\u001B[K')
  bar('loading', 1, 100)
  assert.equal(written.length, 2, 'the next label has a second of its own')
})

test('a file or pipe gets no bar', () => {
  const { written, clock, bar } = watched(false)
  bar('reading', 1, 100)
  clock.ms = 60_000
  bar('reading', 50, 100)
  bar('reading', 100, 100)
  assert.deepEqual(written, [])
})
