import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { verifyAudit } from '../../src/loop/audit.ts'
import { freshHome, valueIn } from '../support/fresh-home.ts'

const RECORDING = fileURLToPath(new URL('../support/recording-process.ts', import.meta.url))
const CRASHES = 8

/** Starts the recording process, kills it this long after its first commit, and returns the ids it said were committed. */
function recordUntilKilled(home: string, delayMs: number): Promise<readonly string[]> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [RECORDING, home], { stdio: ['ignore', 'pipe', 'inherit'] })
    let said = ''
    child.stdout.once('data', () => setTimeout(() => child.kill('SIGKILL'), delayMs))
    child.stdout.on('data', chunk => {
      said += String(chunk)
    })
    child.on('close', (code, signal) =>
      signal === 'SIGKILL'
        ? resolve(said.split('\n').slice(0, -1))
        : reject(new Error(`ended by itself with ${code}`)),
    )
  })
}

test('L4 killed at any moment, the store loses nothing it promised, audit and state agree, and work goes on', async () => {
  await using home = await freshHome({ ana: ['revenue_ops'] })
  const promised: string[] = []
  for (let crash = 0; crash < CRASHES; crash += 1) {
    promised.push(...(await recordUntilKilled(home.config.home, crash * 7)))
    const report = valueIn(await verifyAudit(home.ports, null))
    assert.deepEqual(report.findings, [], `after crash ${crash}`)
    const rows = await home.ports.store.read(tx => tx.find('kpi_snapshot'))
    const events = await home.ports.store.read(tx =>
      tx.find('policy_lifecycle_audit', { event_type: 'kpi_snapshot_recorded' }),
    )
    assert.equal(events.length, rows.length)
    const kept = new Set(rows.map(row => row.id))
    assert.deepEqual(
      promised.filter(id => !kept.has(id)),
      [],
      `lost in crash ${crash}`,
    )
    const numbers = rows.map(row => (JSON.parse(row.summary_json) as { number: number }).number)
    assert.equal(new Set(numbers).size, numbers.length, 'a number was given twice')
  }
  assert.ok(promised.length >= CRASHES)
})
