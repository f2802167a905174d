import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { type Ground, groundOf } from '../../prove/interleavings/ground.ts'
import { impliedState } from '../../prove/interleavings/implied-state.ts'
import { interleave } from '../../prove/interleavings.ts'
import type { Reading } from '../../src/loop/ports.ts'
import { oneServer } from '../support/both-stores.ts'

const SEED = 20
const ROUNDS = 16

const server = oneServer()

/** Plays and judges; gives what happened to the reader. */
async function held(ground: Ground, t: TestContext): Promise<void> {
  const tally = await interleave(ROUNDS, SEED, ground)
  t.diagnostic(`${tally.errands} errands, ${tally.killed} processes killed, ${JSON.stringify(tally.ended)}`)
  assert.deepEqual(tally.violations, [])
  assert.equal(tally.interleavings, ROUNDS)
  for (const word of ['apply done', 'apply base_version_moved', 'pause done']) {
    assert.ok((tally.ended[word] ?? 0) > 0, `never happened: ${word}`)
  }
}

test(`P1 L3 L4 ${ROUNDS} random interleavings by three processes, some killed, break nothing (seed ${SEED})`, async t => {
  await using ground = await groundOf('sqlite')
  await held(ground, t)
})

test(`P1 L3 L4 ${ROUNDS} random interleavings on PostgreSQL break nothing either (seed ${SEED})`, async t => {
  const postgres = server()
  if (typeof postgres === 'string') return t.skip(`1 test left out: ${postgres}`)
  await using ground = await groundOf('postgres', postgres)
  await held(ground, t)
})

/** A log of these events, each `[event type, payload]`, as the judge reads it. */
const logOf = (...events: readonly (readonly [string, object])[]): Reading =>
  ({
    find: async () =>
      events.map(([event_type, payload], entry_index) => ({
        event_type,
        entry_index,
        candidate_id: null,
        event_payload_json: JSON.stringify(payload),
      })),
  }) as unknown as Reading

const INIT = ['policy_initialised', { epoch: 1, policy_version: 1 }] as const
const applied = (epoch: number, prior: number, version: number) =>
  [
    'applied',
    { epoch, prior_policy_version: prior, applied_policy_version: version, apply_record_id: `a${version}` },
  ] as const

for (const [what, log, violation] of [
  [
    'an apply while paused',
    logOf(INIT, ['pause_engaged', {}], applied(2, 1, 2)),
    'entry 2 applied: stands between pause and release',
  ],
  [
    'two winners on one base',
    logOf(INIT, applied(2, 1, 2), applied(3, 1, 3)),
    'entry 2 applied: won on version 1 while 2 was active',
  ],
  ['a lost epoch', logOf(INIT, applied(3, 1, 2)), 'entry 1 applied: epoch 3 follows 1'],
] as const) {
  test(`P1 L3 the judge of interleavings names ${what}`, async () => {
    assert.deepEqual((await impliedState(log)).violations, [violation])
  })
}
