import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hanging, shown } from '../../src/cli/terminal-text.ts'

test('what a terminal would obey is shown as its number, and what people write stays as it is', () => {
  assert.equal(
    shown('gone\u001b[2K\rapproved\u009b1A\u0007'),
    'gone\\u001b[2K\\u000dapproved\\u009b1A\\u0007',
  )
  assert.equal(shown('\u202eegap\u2066'), '\\u202eegap\\u2066')
  const written = 'Ärger, 12 %\n\tzwei Zeilen — ▁█ 日本 🙂'
  assert.equal(shown(written), written)
})

test('a JSON document stays the same document', () => {
  const value = { reason: 'a\u001b[31m b\u009bc\u007f\n', by: 'ana' }
  assert.deepEqual(JSON.parse(shown(JSON.stringify(value, null, 2))), value)
})

test('lines of a note do not pass for lines of a checklist', () => {
  assert.equal(
    hanging('paused\n  [x] 5  the safety owner signs off', 4),
    'paused\n      [x] 5  the safety owner signs off',
  )
})
