import assert from 'node:assert/strict'
import { cpSync, readFileSync, rmSync, truncateSync } from 'node:fs'
import { test } from 'node:test'
import { composePorts } from '../../src/compose.ts'
import { currentActivation } from '../../src/loop/active.ts'
import { verifyAudit } from '../../src/loop/audit.ts'
import { apply, approvedCandidate, installationWithHistory } from '../support/governed-candidate.ts'
import { copyOf, succeeded } from '../support/installation.ts'

const SEED = 7
const CUTS = 24

/** A few lengths between two, both ends included; the same for the same seed. */
function lengthsBetween(low: number, high: number): readonly number[] {
  let state = SEED
  const drawn = Array.from({ length: CUTS }, () => {
    state = (state * 48_271) % 2_147_483_647
    return low + (state % (high - low))
  })
  return [low, high, ...drawn]
}

test(`L4 power lost while an apply is being written: the log of the database cut at any byte is before or after (seed ${SEED})`, async t => {
  const original = await installationWithHistory(1500)
  const { candidateId } = await approvedCandidate(original.ports)
  // Opened anew, so that the write-ahead log holds this apply and nothing else.
  const whole = await copyOf(original)
  await original.remove()
  const log = `${whole.config.home}/quotey.db-wal`
  const before = readFileSync(log).byteLength
  succeeded(await apply(whole.ports, 'ruth', candidateId))
  const after = readFileSync(log).byteLength
  assert.ok(after > before, `the log grew from ${before} to ${after}`)
  const seen = { before: 0, after: 0 }
  for (const length of lengthsBetween(before, after)) {
    const torn = `${whole.folder}/torn`
    cpSync(whole.config.home, torn, { recursive: true })
    rmSync(`${torn}/quotey.db-shm`, { force: true })
    truncateSync(`${torn}/quotey.db-wal`, length)
    const ports = succeeded(await composePorts({ ...whole.config, home: torn, keysFolder: `${torn}/keys` }))
    const { epoch } = await ports.store.read(currentActivation)
    assert.deepEqual(succeeded(await verifyAudit(ports, null)).findings, [], `cut at ${length}`)
    assert.equal(epoch, length === after ? 2 : 1, `cut at ${length} of ${after}`)
    seen[epoch === 1 ? 'before' : 'after'] += 1
    assert.equal(succeeded(await apply(ports, 'ruth', candidateId)).activation.epoch, 2)
    await ports.store.close()
    rmSync(torn, { recursive: true })
  }
  assert.ok(seen.before > 1 && seen.after > 0)
  t.diagnostic(`${seen.before} cuts lost the whole apply, ${seen.after} kept it whole`)
  await whole.remove()
})
