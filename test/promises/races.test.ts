import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { applyCandidate } from '../../src/loop/apply.ts'
import { verifyAudit } from '../../src/loop/audit.ts'
import { engagePause } from '../../src/loop/pause-engage.ts'
import type { Ports } from '../../src/loop/ports.ts'
import { type Ended, quotey } from '../support/command-line.ts'
import { approvedCandidate, installationWithHistory, parameterChange } from '../support/governed-candidate.ts'
import { copyOf, refusedWith, succeeded, type TestInstallation } from '../support/installation.ts'

/** Two approved candidates on the same base, so that only one can become active. */
let original: TestInstallation
const candidates: string[] = []
before(async () => {
  original = await installationWithHistory()
  const { ports } = original
  candidates.push((await approvedCandidate(ports)).candidateId)
  const other = await parameterChange(ports, 'discount-cap-enterprise', 'cap_bps', -50)
  candidates.push((await approvedCandidate(ports, other)).candidateId)
})
after(() => original.remove())

const onCopy = async (work: (installed: TestInstallation) => Promise<void>): Promise<void> => {
  const copy = await copyOf(original)
  try {
    await work(copy)
    assert.deepEqual(succeeded(await verifyAudit(copy.ports, null)).findings, [])
  } finally {
    await copy.remove()
  }
}

const refusalOf = (ended: Ended): { code: string; facts: Record<string, unknown> } =>
  (ended.json as { refusal: { code: string; facts: Record<string, unknown> } }).refusal

test('L3 of two applies in two processes one wins, and the other is told what is active', () =>
  onCopy(async ({ config, ports }) => {
    const applies = candidates.map(candidate =>
      quotey(config.home, 'ruth', '--json', 'policy-opt', 'apply', candidate),
    )
    const ended = await Promise.all(applies)
    const won = ended.filter(({ exitCode }) => exitCode === 0)
    const lost = ended.filter(({ exitCode }) => exitCode === 3)
    assert.deepEqual([won.length, lost.length], [1, 1], JSON.stringify(ended))
    const { activation } = (won[0] as Ended).json as { activation: { policy_version: number } }
    const refusal = refusalOf(lost[0] as Ended)
    assert.equal(refusal.code, 'base_version_moved')
    assert.equal(refusal.facts.active_policy_version, activation.policy_version)
    const activations = await ports.store.read(tx => tx.find('policy_activation'))
    assert.deepEqual(
      activations.map(row => row.epoch),
      [1, 2],
    )
  }))

test('L3 the same apply twice at once is one apply with one record', () =>
  onCopy(async ({ config, ports }) => {
    const words = ['--json', 'policy-opt', 'apply', candidates[0] as string]
    const ended = await Promise.all([
      quotey(config.home, 'ruth', ...words),
      quotey(config.home, 'rex', ...words),
    ])
    assert.deepEqual(
      ended.map(({ exitCode }) => exitCode),
      [0, 0],
      JSON.stringify(ended),
    )
    assert.deepEqual(ended[0]?.json, ended[1]?.json)
    assert.equal((await ports.store.read(tx => tx.find('policy_apply_record'))).length, 1)
  }))

test('P1 a pause engaged after an apply was asked for and before its transaction stops it', () =>
  onCopy(async ({ ports }) => {
    const pause = { actorId: 'sam', ticket: 'CLO-SAFETY-PAUSE', reason: 'x', metrics: ['other:x'] }
    const late: Ports = {
      ...ports,
      store: {
        read: work => ports.store.read(work),
        change: async work => {
          succeeded(await engagePause(ports, pause))
          return ports.store.change(work)
        },
        copyTo: path => ports.store.copyTo(path),
        close: () => ports.store.close(),
      },
    }
    const candidateId = candidates[0] as string
    refusedWith('safety_pause_active', await applyCandidate(late, { actorId: 'ruth', candidateId }))
  }))

test('P1 an apply that races a pause comes before it or not at all', async () => {
  const outcomes: string[] = []
  for (let round = 0; round < 4; round += 1) {
    await onCopy(async ({ config, ports }) => {
      const pause = [
        'control',
        'pause',
        '--ticket',
        'CLO-SAFETY-PAUSE',
        '--reason',
        'x',
        '--metric',
        'other:x',
      ]
      const calls = [
        () => quotey(config.home, 'sam', '--json', 'policy-opt', ...pause),
        () => quotey(config.home, 'ruth', '--json', 'policy-opt', 'apply', candidates[0] as string),
      ]
      if (round % 2 === 1) calls.reverse()
      const ended = await Promise.all(calls.map(call => call()))
      const applied = round % 2 === 1 ? (ended[0] as Ended) : (ended[1] as Ended)
      const events = await ports.store.read(tx => tx.find('policy_lifecycle_audit'))
      const at = (type: string): number => events.findIndex(event => event.event_type === type)
      assert.ok(at('pause_engaged') >= 0)
      if (applied.exitCode === 0) assert.ok(at('applied') >= 0 && at('applied') < at('pause_engaged'))
      else assert.deepEqual([at('applied'), refusalOf(applied).code], [-1, 'safety_pause_active'])
      outcomes.push(applied.exitCode === 0 ? 'applied first' : 'paused first')
    })
  }
  assert.equal(outcomes.length, 4)
})
