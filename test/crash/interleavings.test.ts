import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { type Ground, groundOf } from '../../prove/interleavings/ground.ts'
import { impliedState } from '../../prove/interleavings/implied-state.ts'
import { lostPromises, type Promised } from '../../prove/interleavings/promises.ts'
import { interleave } from '../../prove/interleavings.ts'
import type { Reading } from '../../src/loop/ports.ts'
import { oneServer } from '../support/both-stores.ts'

const SEED = 20
const ROUNDS = 16

const server = oneServer()

/** Plays and judges; gives what happened to the reader. */
async function held(ground: Ground, t: TestContext): Promise<void> {
  const tally = await interleave(ROUNDS, SEED, ground)
  t.diagnostic(
    `${tally.errands} errands, ${tally.promises} promises, ${tally.killed} processes killed, ${JSON.stringify(tally.ended)}`,
  )
  assert.deepEqual(tally.violations, [])
  assert.equal(tally.interleavings, ROUNDS)
  assert.ok(tally.promises > 0)
  for (const word of ['apply done', 'apply base_version_moved', 'pause done']) {
    assert.ok((tally.ended[word] ?? 0) > 0, `never happened: ${word}`)
  }
}

test(`P1 L3 L4 ${ROUNDS} random interleavings by three processes, some killed, break nothing (seed ${SEED})`, async t => {
  await using ground = await groundOf('sqlite')
  await held(ground, t)
})

test(`P1 L3 L4 ${ROUNDS} random interleavings on PostgreSQL break nothing either (seed ${SEED})`, async t => {
  const postgres = await server()
  if (typeof postgres === 'string') return t.skip(`1 test left out: ${postgres}`)
  await using ground = await groundOf('postgres', postgres)
  await held(ground, t)
})

/** A log of these events, each `[event type, payload, idempotency key]`, as the judge reads it. */
const logOf = (...events: readonly (readonly [string, object, string?])[]): Reading =>
  ({
    find: async () =>
      events.map(([event_type, payload, idempotency_key], entry_index) => ({
        id: `evt_${entry_index}`,
        idempotency_key,
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

/** Everything a process can be told is done, and the log that keeps it. */
const PROMISES: readonly Promised[] = [
  { kind: 'apply', mark: 'a2' },
  { kind: 'rollback', mark: 'r1' },
  { kind: 'pause', mark: 'proof 1' },
  { kind: 'release', mark: 'evt_4' },
  { kind: 'decide', mark: 'sha256:key' },
]
const KEPT = [
  INIT,
  applied(2, 1, 2),
  ['rolled_back', { rollback_record_id: 'r1' }],
  ['pause_engaged', { reason: 'proof 1' }],
  ['pause_released', {}],
  ['approved', {}, 'sha256:key'],
] as const

for (const [at, { kind, mark }] of PROMISES.entries()) {
  test(`P1 L3 the judge of interleavings names a promised ${kind} that was lost`, async () => {
    assert.deepEqual(await lostPromises(logOf(...KEPT), PROMISES), [])
    // Its place is taken, so that the entries after it keep theirs.
    const lost = KEPT.map((event, index) =>
      index === at + 1 ? (['kpi_snapshot_recorded', {}] as const) : event,
    )
    assert.deepEqual(await lostPromises(logOf(...lost), PROMISES), [
      `${kind} ${mark} was promised and is lost`,
    ])
  })
}
