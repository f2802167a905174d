import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { currentActivation } from '../../src/loop/active.ts'
import { verifyAudit } from '../../src/loop/audit.ts'
import { type CrashPoint, crashingAt, InjectedCrash } from '../../src/loop/crash-point.ts'
import { liveStateDigest } from '../../src/loop/live-state.ts'
import type { Ports } from '../../src/loop/ports.ts'
import { oneServer } from '../support/both-stores.ts'
import { apply, approvedCandidate, installationWithHistory, rollback } from '../support/governed-candidate.ts'
import { copyOf, succeeded, type TestInstallation } from '../support/installation.ts'
import { restoredIn } from '../support/restored-in.ts'

const STRUCK = fileURLToPath(new URL('../support/struck-process.ts', import.meta.url))

/** One of the two moves of the active policy, on the state it can be made from. */
interface Move {
  readonly name: 'apply' | 'rollback'
  readonly from: () => TestInstallation
  readonly id: () => string
  readonly make: (ports: Ports, id: string) => Promise<{ readonly activation: { readonly epoch: number } }>
}

let approved: TestInstallation
let applied: TestInstallation
let candidateId = ''
let applyRecordId = ''
before(async () => {
  approved = await installationWithHistory(1500)
  candidateId = (await approvedCandidate(approved.ports)).candidateId
  applied = await copyOf(approved)
  applyRecordId = succeeded(await apply(applied.ports, 'ruth', candidateId)).apply_record.id
})
after(async () => {
  await approved.remove()
  await applied.remove()
})

const MOVES: readonly Move[] = [
  {
    name: 'apply',
    from: () => approved,
    id: () => candidateId,
    make: async (ports, id) => succeeded(await apply(ports, 'ruth', id)),
  },
  {
    name: 'rollback',
    from: () => applied,
    id: () => applyRecordId,
    make: async (ports, id) => succeeded(await rollback(ports, 'sam', id)),
  },
]

/** Every place where a move can be cut off, counted on a copy that is let through. */
async function cutsOf(move: Move): Promise<readonly CrashPoint[]> {
  const copy = await copyOf(move.from())
  try {
    const counting = crashingAt(copy.ports, null)
    await move.make(counting.ports, move.id())
    return [...Array.from({ length: counting.writes() }, (_, at) => at + 1), 'before commit']
  } finally {
    await copy.remove()
  }
}

/** What must hold after a crash: nothing of the move is there, the audit is clean, and the same command simply goes on. */
async function goesOn(
  { ports }: Pick<TestInstallation, 'ports'>,
  move: Move,
  before: string,
  where: string,
): Promise<void> {
  assert.equal(await liveStateDigest(ports), before, `${where}: half of it stayed`)
  const { epoch } = await ports.store.read(currentActivation)
  assert.deepEqual(succeeded(await verifyAudit(ports, null)).findings, [], where)
  const made = await move.make(ports, move.id())
  assert.equal(made.activation.epoch, epoch + 1, `${where}: an epoch was lost`)
  assert.deepEqual(await move.make(ports, move.id()), made, `${where}: asked again, another answer`)
  assert.deepEqual(succeeded(await verifyAudit(ports, null)).findings, [], where)
}

for (const move of MOVES) {
  test(`L4 a fault after any single write of ${move.name} leaves nothing, and the same command goes on`, async t => {
    const cuts = await cutsOf(move)
    assert.ok(cuts.length >= 6, `${cuts.length} places`)
    for (const cut of cuts) {
      const copy = await copyOf(move.from())
      try {
        const before = await liveStateDigest(copy.ports)
        const faulty = crashingAt(copy.ports, cut)
        await assert.rejects(move.make(faulty.ports, move.id()), InjectedCrash)
        await goesOn(copy, move, before, `${move.name} cut at ${cut}`)
      } finally {
        await copy.remove()
      }
    }
    t.diagnostic(`${cuts.length} places: after each of ${cuts.length - 1} writes and before the commit`)
  })

  test(`L4 killed after any single write of ${move.name}, the next command in another process goes on`, async t => {
    const cuts = await cutsOf(move)
    for (const cut of cuts) {
      const copy = await copyOf(move.from())
      try {
        const before = await liveStateDigest(copy.ports)
        const words = [STRUCK, copy.config.home, move.name, move.id(), String(cut)]
        const ended = spawnSync(process.execPath, words, { encoding: 'utf8' })
        assert.deepEqual([ended.signal, ended.stdout], ['SIGKILL', 'struck'], ended.stderr)
        await goesOn(copy, move, before, `${move.name} killed at ${cut}`)
      } finally {
        await copy.remove()
      }
    }
    t.diagnostic(`${cuts.length} processes killed`)
  })
}

const server = oneServer()

for (const move of MOVES) {
  test(`L4 on PostgreSQL a fault after any single write of ${move.name} leaves nothing, and the same command goes on`, async t => {
    const postgres = await server()
    if (typeof postgres === 'string') return t.skip(`1 test left out: ${postgres}`)
    const { config, ports } = await restoredIn(await postgres.emptyDatabase(), move.from())
    try {
      const before = await liveStateDigest(ports)
      const counting = crashingAt(ports, 'before commit')
      await assert.rejects(move.make(counting.ports, move.id()), InjectedCrash)
      const cuts = Array.from({ length: counting.writes() }, (_, at) => at + 1)
      for (const cut of cuts) {
        // Half of them end the process, the others its transaction.
        if (cut % 2 === 0) {
          await assert.rejects(move.make(crashingAt(ports, cut).ports, move.id()), InjectedCrash)
        } else {
          const words = [STRUCK, config.home, move.name, move.id(), String(cut), config.databaseUrl as string]
          const ended = spawnSync(process.execPath, words, { encoding: 'utf8' })
          assert.deepEqual([ended.signal, ended.stdout], ['SIGKILL', 'struck'], ended.stderr)
        }
        assert.equal(await liveStateDigest(ports), before, `${move.name} cut at ${cut}: half of it stayed`)
      }
      await goesOn({ ports }, move, before, `${move.name} cut at ${cuts.length} places`)
      t.diagnostic(`${cuts.length} places, one after another on the same database`)
    } finally {
      await ports.store.close()
    }
  })
}
