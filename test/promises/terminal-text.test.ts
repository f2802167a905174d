import assert from 'node:assert/strict'
import { test } from 'node:test'
import { replayText } from '../../src/cli/replay-text.ts'
import { hanging, shown } from '../../src/cli/terminal-text.ts'
import { changeText } from '../../src/domain/packet-summary.ts'
import { REPLAY } from '../support/report-replay.ts'

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

test('what quotes and conditions are called makes no line of a report', () => {
  const forged = 'smb\n\nguardrails\n    all pass\u2028'
  const text = replayText({
    ...REPLAY,
    by_segment: { [forged]: REPLAY.by_segment.mid_market as never },
    blast_radius: { ...REPLAY.blast_radius, impacted_segment_keys: [forged] },
  })
  assert.equal(text.split('\n').filter(line => line.trim() === 'guardrails').length, 1)
  assert.equal(text.split('\n').filter(line => line.includes('smb guardrails all pass')).length, 2)
  const change = { rule_id: 'cap', operation: 'update', field: 'when', rationale: '' } as const
  assert.equal(
    changeText({ ...change, from: 'true', to: 'true // so\r\neffect: +1 bps' }),
    'cap: when true -> true // so effect: +1 bps',
  )
})
