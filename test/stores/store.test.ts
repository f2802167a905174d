import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { composePorts } from '../../src/compose.ts'
import type { Config } from '../../src/config.ts'
import type { KpiSnapshotRow } from '../../src/loop/tables.ts'
import { columnsOfTable, onBothStores, rawDatabase, TABLE_NAMES } from '../support/both-stores.ts'
import { valueIn } from '../support/fresh-home.ts'

const test = onBothStores()

const snapshotRow = (id: string): KpiSnapshotRow => ({
  id,
  window_start: '2026-01-01T00:00:00.000Z',
  window_end: '2026-01-31T00:00:00.000Z',
  summary_json: '{}',
  recorded_by: 'ana',
  recorded_at: '2026-01-31T00:00:00.000Z',
})

test('a change that throws leaves no row, no counter and no lock behind', async store => {
  await using home = await store.freshHome()
  const { store: opened } = home.ports
  const before = await opened.change(tx => tx.nextNumber('epoch'))
  await assert.rejects(
    opened.change(async tx => {
      await tx.insert('kpi_snapshot', snapshotRow('kpi_1'))
      await tx.nextNumber('epoch')
      throw new Error('in the middle')
    }),
    /in the middle/,
  )
  assert.deepEqual(await opened.read(tx => tx.find('kpi_snapshot')), [])
  assert.equal(await opened.change(tx => tx.nextNumber('epoch')), before + 1)
})

test('rows come back as they went in, in order of insertion, and are found by nulls too', async store => {
  await using home = await store.freshHome()
  const rows = ['kpi_b', 'kpi_c', 'kpi_a'].map(snapshotRow)
  const found = await home.ports.store.change(async tx => {
    for (const row of rows) await tx.insert('kpi_snapshot', row)
    return {
      all: await tx.find('kpi_snapshot'),
      last: await tx.last('kpi_snapshot'),
      none: await tx.last('kpi_snapshot', { id: 'kpi_z' }),
      withoutCandidate: await tx.find('policy_version', { candidate_id: null }),
    }
  })
  assert.deepEqual(found.all, rows)
  assert.deepEqual(found.last, rows[2])
  assert.equal(found.none, null)
  assert.equal(found.withoutCandidate.length, 1)
})

test('a scan gives every row once, in order of insertion, in blocks, and may be left half way', async store => {
  await using home = await store.freshHome()
  const rows = Array.from({ length: 1201 }, (_, at) => snapshotRow(`kpi_${(at * 7) % 1201}`))
  const { store: opened } = home.ports
  await opened.change(async tx => {
    for (const row of rows) await tx.insert('kpi_snapshot', row)
  })
  const blocks: (readonly KpiSnapshotRow[])[] = []
  await opened.read(async tx => {
    for await (const block of tx.scan('kpi_snapshot')) blocks.push(block)
  })
  assert.deepEqual(blocks.flat(), rows)
  assert.ok(blocks.length > 1, 'in more than one block')
  const first = await opened.change(async tx => {
    for await (const block of tx.scan('kpi_snapshot')) {
      await tx.nextNumber('epoch')
      return block
    }
    return []
  })
  assert.deepEqual(first, blocks[0])
  assert.deepEqual(await opened.read(tx => tx.find('kpi_snapshot')), rows)
})

test('a row with a missing or unknown column is a bug, and a question by an unknown column too', async store => {
  await using home = await store.freshHome()
  const { id: _, ...partial } = snapshotRow('kpi_1')
  const wrong = { ...partial, 'id) VALUES (1); --': 'x' } as unknown as KpiSnapshotRow
  await assert.rejects(home.ports.store.change(tx => tx.insert('kpi_snapshot', wrong)))
  const where = { '1 = 1 OR id': 'x' } as Partial<KpiSnapshotRow>
  await assert.rejects(
    home.ports.store.read(tx => tx.find('kpi_snapshot', where)),
    /no column/,
  )
})

test('both databases have the same tables with the same columns in the same order', async store => {
  await using home = await store.freshHome()
  await using database = await rawDatabase(home.config)
  const text =
    store.kind === 'SQLite'
      ? `SELECT t.name AS "table", c.name AS "column" FROM sqlite_schema AS t JOIN pragma_table_info(t.name) AS c
         WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite%' ORDER BY t.name, c.cid`
      : `SELECT table_name AS "table", column_name AS "column" FROM information_schema.columns
         WHERE table_schema = 'public' AND table_name <> 'store_control' ORDER BY table_name COLLATE "C", ordinal_position`
  const found = (await database.query(text)).map(row => `${row.table}.${row.column}`)
  const defined = TABLE_NAMES.toSorted().flatMap(name =>
    columnsOfTable(name).map(column => `${name}.${column}`),
  )
  assert.deepEqual(found, defined)
  assert.ok(defined.length > 150, `${defined.length} columns`)
})

test('the database itself refuses update and delete of every recorded row', async store => {
  await using home = await store.freshHome({ ana: ['revenue_ops'] })
  await using database = await rawDatabase(home.config)
  assert.ok(TABLE_NAMES.length >= 20)
  const refuses = (text: string, why: RegExp): Promise<void> =>
    assert.rejects(database.query(text), why, text)
  const filled: string[] = []
  for (const table of TABLE_NAMES) {
    if ((await database.query(`SELECT 1 FROM ${table} LIMIT 1`)).length > 0) filled.push(table)
  }
  assert.ok(filled.length >= 9, filled.join(', '))
  for (const table of filled) {
    await refuses(`DELETE FROM ${table}`, /append-only/)
    if (store.kind === 'PostgreSQL') await refuses(`TRUNCATE ${table} CASCADE`, /append-only/)
    for (const column of columnsOfTable(table)) {
      if (table === 'counter' && column === 'value') continue
      const changed = `UPDATE ${table} SET ${column} = ${column === 'row_order' && store.kind === 'PostgreSQL' ? 'DEFAULT' : column}`
      await refuses(changed, /append-only|only grows/)
    }
  }
  await refuses('UPDATE counter SET value = value - 1', /only grows/)
})

test('a question from inside a transaction fails at once instead of waiting for itself', async store => {
  await using home = await store.freshHome()
  const { store: opened } = home.ports
  await assert.rejects(
    opened.change(() => opened.read(tx => tx.last('installation'))),
    /from inside/,
  )
  assert.notEqual(await opened.read(tx => tx.last('installation')), null)
})

test('changes of one process take turns even when they are started together', async store => {
  await using home = await store.freshHome()
  const inside: number[] = []
  const numbers = await Promise.all(
    Array.from({ length: 20 }, () =>
      home.ports.store.change(async tx => {
        inside.push(1)
        assert.equal(inside.length, 1)
        await new Promise(resolve => setImmediate(resolve))
        inside.pop()
        return tx.nextNumber('policy_version')
      }),
    ),
  )
  assert.deepEqual(
    numbers,
    Array.from({ length: 20 }, (_, at) => at + 2),
  )
})

const COUNTING = fileURLToPath(new URL('../support/counting-process.ts', import.meta.url))

const countIn = ({ home, databaseUrl }: Config, times: number): Promise<readonly number[]> =>
  new Promise((resolve, reject) => {
    const words = [COUNTING, home, String(times), ...(databaseUrl === null ? [] : [databaseUrl])]
    const child = spawn(process.execPath, words, {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    let said = ''
    child.stdout.on('data', chunk => {
      said += String(chunk)
    })
    child.on('exit', code => (code === 0 ? resolve(JSON.parse(said)) : reject(new Error(`exit ${code}`))))
  })

test('two processes that change at once never share a number and lose none', async store => {
  await using home = await store.freshHome()
  const [one, other] = await Promise.all([countIn(home.config, 40), countIn(home.config, 40)])
  const numbers = [...one, ...other].sort((left, right) => left - right)
  assert.deepEqual(
    numbers,
    Array.from({ length: 80 }, (_, at) => at + 2),
  )
})

test('a copy holds everything that was committed and shares nothing with its original', async store => {
  await using home = await store.freshHome()
  const copyHome = `${home.config.home}-copy`
  mkdirSync(copyHome)
  await home.ports.store.change(tx => tx.insert('kpi_snapshot', snapshotRow('kpi_1')))
  await home.ports.store.copyTo(`${copyHome}/quotey.db`)
  const copy = valueIn(await composePorts({ ...home.config, home: copyHome, databaseUrl: null }))
  await copy.store.change(tx => tx.insert('kpi_snapshot', snapshotRow('kpi_2')))
  assert.equal((await copy.store.read(tx => tx.find('kpi_snapshot'))).length, 2)
  assert.equal((await home.ports.store.read(tx => tx.find('kpi_snapshot'))).length, 1)
  await copy.store.close()
})
