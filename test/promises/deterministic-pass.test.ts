import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { judgeReport } from '../../src/domain/guardrails.ts'
import type { ReplayEngine, ReplaySums } from '../../src/domain/replay.ts'
import { GUARDRAIL_CODES } from '../../src/domain/replay-report.ts'
import { DEFAULT_THRESHOLDS } from '../../src/domain/thresholds.ts'
import { blockedRefusal } from '../../src/loop/approval-obstacle.ts'
import { candidateEvidence, candidateRow } from '../../src/loop/candidate-evidence.ts'
import { type ChangeToEvaluate, evaluateChange } from '../../src/loop/evaluate.ts'
import { evaluateStored } from '../../src/loop/evaluate-stored.ts'
import { verifyPacket } from '../../src/loop/packet-verify.ts'
import type { Ports } from '../../src/loop/ports.ts'
import { changeOf } from '../../src/loop/replay.ts'
import {
  apply,
  candidateOf,
  decide,
  installationWithHistory,
  packetOf,
} from '../support/governed-candidate.ts'
import { copyOf, refusedWith, succeeded, type TestInstallation } from '../support/installation.ts'

let installed: TestInstallation
let change: ChangeToEvaluate
before(async () => {
  installed = await installationWithHistory(600)
  const id = await candidateOf(installed.ports)
  change = await installed.ports.store.read(async tx =>
    changeOf(succeeded(await candidateEvidence(tx, succeeded(await candidateRow(tx, id))))),
  )
})
after(() => installed.remove())

const offByOneCent = (all: readonly ReplaySums[]): readonly ReplaySums[] =>
  all.map(sums => ({ ...sums, value_cents: sums.value_cents + 1n }))

/** The same ports, on which one engine is wrong by a cent; tells over which rows, in order, each engine was asked. */
function withWrong(wrong: ReplayEngine['name'] | null): { readonly ports: Ports; readonly asked: string[] } {
  const asked: string[] = []
  const engine: Ports['engine'] = async name => {
    const sound = await installed.ports.engine(name)
    return {
      ...sound,
      evaluate: async task => {
        asked.push(`${name} from ${task.columns.quoteIds[0]}`)
        const sums = await sound.evaluate(task)
        return name === wrong ? offByOneCent(sums) : sums
      },
    }
  }
  return { ports: { ...installed.ports, engine }, asked }
}

test('R1 a replay is run again by another engine over rows in another order', async () => {
  for (const [engine, other] of [
    ['columnar', 'oracle'],
    ['oracle', 'columnar'],
  ] as const) {
    const { ports, asked } = withWrong(null)
    assert.equal(succeeded(await evaluateChange(ports, { ...change, engine })).deterministic_pass, true)
    const [first, second] = asked.map(each => each.split(' from '))
    assert.deepEqual([asked.length, first?.[0], second?.[0]], [2, engine, other])
    assert.notEqual(first?.[1], second?.[1], 'both began with the same row')
  }
})

test('R1 a second run that differs by a cent takes the pass away, whichever engine is wrong, and flags the risk', async () => {
  for (const engine of ['columnar', 'oracle', 'sql'] as const) {
    const report = succeeded(await evaluateChange(withWrong('columnar').ports, { ...change, engine }))
    assert.equal(report.deterministic_pass, false, engine)
    assert.ok(report.risk_flags.includes('not_deterministic'), engine)
  }
})

test('R1 quotes that stay in their file are asked about again in another order, and that answer counts', async () => {
  const asked: boolean[] = []
  const storedReplay: Ports['storedReplay'] = async engine => {
    const sound = await installed.ports.storedReplay(engine)
    return {
      ...sound,
      evaluate: async (quotes, task, scattered) => {
        asked.push(scattered)
        const sums = await sound.evaluate(quotes, task, scattered)
        return scattered ? offByOneCent(sums) : sums
      },
    }
  }
  const report = succeeded(await evaluateStored({ ...installed.ports, storedReplay }, change, 'sql', 0))
  assert.deepEqual([asked, report.deterministic_pass], [[false, true], false])
})

test('R1 R5 a candidate whose second run gave other bytes is not approved, whatever it promises, until two runs agree', async () => {
  const copy = await copyOf(installed)
  try {
    const id = await candidateOf(copy.ports)
    const packet = await packetOf({ ...copy.ports, engine: withWrong('oracle').ports.engine }, id)
    assert.deepEqual(
      packet.replay.guardrails.blocks.map(({ code, measured, limit }) => ({ code, measured, limit })),
      [{ code: 'not_deterministic', measured: 1, limit: 2 }],
    )
    assert.match(packet.summary.join(' '), /cannot be approved, blocked by not_deterministic/)
    assert.equal(succeeded(await verifyPacket(copy.ports, JSON.stringify(packet))).ok, true)
    const refusal = refusedWith(
      'guardrail_blocked',
      await decide(copy.ports, 'sam', packet.packet_id, 'approve'),
    )
    assert.match(JSON.stringify(refusal.facts), /not_deterministic/)
    assert.match(refusal.remedy, /replay it again/)
    refusedWith('illegal_move', await apply(copy.ports, 'ruth', id))

    const sound = await packetOf(copy.ports, id)
    succeeded(await decide(copy.ports, 'sam', sound.packet_id, 'approve'))
    succeeded(await apply(copy.ports, 'ruth', id))
  } finally {
    await copy.remove()
  }
})

test('R1 no thresholds excuse a replay that was not repeated, and approve and apply judge a packet by the flag itself', async () => {
  const copy = await copyOf(installed)
  try {
    const packet = await packetOf(copy.ports, await candidateOf(copy.ports))
    assert.equal(blockedRefusal(packet), null)
    const unrepeated = { ...packet, replay: { ...packet.replay, deterministic_pass: false } }
    assert.equal(blockedRefusal(unrepeated)?.code, 'guardrail_blocked')
    const not_required = ['not_deterministic', ...GUARDRAIL_CODES]
    const verdict = judgeReport(unrepeated.replay, { ...DEFAULT_THRESHOLDS.guardrails, not_required })
    assert.deepEqual([verdict.passed, verdict.blocks[0]?.code], [false, 'not_deterministic'])
  } finally {
    await copy.remove()
  }
})
