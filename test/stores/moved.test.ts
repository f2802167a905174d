import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { composeBackup, composePorts, composeRestored } from '../../src/compose.ts'
import { readConfig } from '../../src/config.ts'
import { everyTable } from '../../src/loop/audit.ts'
import type { Ports } from '../../src/loop/ports.ts'
import { oneServer, TABLE_NAMES } from '../support/both-stores.ts'
import { succeeded, type TestInstallation } from '../support/installation.ts'
import { livedInInstallation } from '../support/lived-in-installation.ts'

const server = oneServer()
let lived: TestInstallation | undefined
after(() => lived?.remove())

const QUERIES = [
  'clo_kpi_summary_v1',
  'clo_kpi_summary_v2',
  'clo_kpi_projected_vs_realized_detail_v1',
] as const

/** Messages in every state, as nobody sends any here. */
async function queueMessages({ store, clock }: Ports): Promise<void> {
  const at = clock.now()
  await store.change(async tx => {
    const events = (await tx.find('policy_lifecycle_audit')).slice(0, 3)
    for (const [number, { id: event_id }] of events.entries()) {
      const message_id = `msg_${3 - number}`
      await tx.insert('outbox_message', { id: message_id, webhook: 'chat', event_id, created_at: at })
      if (number === 0) continue
      const attempt = { message_id, number: 1, status_code: 500, why: 'busy', at } as const
      await tx.insert('outbox_attempt', { ...attempt, outcome: 'failed', next_attempt_at: at })
      if (number === 1) continue
      const last = { message_id, number: 2, status_code: 200, why: null, at } as const
      await tx.insert('outbox_attempt', { ...last, outcome: 'delivered', next_attempt_at: null })
    }
  })
}

/** The answers to all questions that a store can be asked, over windows that hold everything. */
const answers = ({ store }: Ports, start: string, end: string) =>
  store.read(async tx => {
    const kpis: unknown[] = []
    for (const query of QUERIES) kpis.push(await tx.kpi(query, start, end))
    const scanned: unknown[] = []
    for await (const block of tx.scan('audit_node')) scanned.push(...block)
    return {
      rows: await everyTable(tx),
      messages: [await tx.find('outbox_message'), await tx.find('outbox_attempt')],
      undelivered: await tx.undelivered(),
      scanned,
      kpis,
      structure: await tx.structure(),
    }
  })

test('an installation moved to PostgreSQL and back answers every question as before, but for the entries of its moves', async context => {
  const postgres = await server()
  if (typeof postgres === 'string') return context.skip(`1 test left out: ${postgres}`)
  const installed = await livedInInstallation()
  lived = installed
  await queueMessages(installed.ports)
  const end = new Date(Date.parse(installed.ports.clock.now()) + 1).toISOString()
  const start = new Date(Date.parse(end) - 86_400_000).toISOString()
  const before = await answers(installed.ports, start, end)
  assert.equal(before.undelivered.length, 2)
  assert.ok(TABLE_NAMES.length >= 27)

  let config = installed.config
  for (const [move, databaseUrl] of [await postgres.emptyDatabase(), null].entries()) {
    const backup = join(installed.folder, `backup-${move}`)
    succeeded(await composeBackup(config, backup))
    config = { ...readConfig({ home: join(installed.folder, `moved-${move}`) }, {}), databaseUrl }
    succeeded(await composeRestored(config, backup))
    const ports = succeeded(await composePorts(config))
    try {
      const { rows, scanned, ...others } = await answers(ports, start, end)
      const { rows: rowsBefore, scanned: scannedBefore, ...othersBefore } = before
      assert.deepEqual(others, othersBefore)
      for (const [table, content] of Object.entries(rowsBefore)) {
        assert.deepEqual(rows[table]?.slice(0, content.length), content, table)
        const added = table === 'policy_lifecycle_audit' ? move + 1 : 0
        if (table !== 'audit_node') assert.equal(rows[table]?.length, content.length + added, table)
      }
      assert.deepEqual(scanned.slice(0, scannedBefore.length), scannedBefore)
    } finally {
      await ports.store.close()
    }
  }
})
