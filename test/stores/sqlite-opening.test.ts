import assert from 'node:assert/strict'
import { existsSync, openSync, readdirSync, statSync, truncateSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { composePorts } from '../../src/compose.ts'
import { BrokenState } from '../../src/loop/ports.ts'
import { configIn, freshHome, scratchFolder, valueIn } from '../support/fresh-home.ts'

const refusalIn = async (home: string) => {
  const opened = await composePorts(configIn(home))
  if (opened.ok) throw new Error('it opened')
  return opened.refusal
}

test('a folder without an installation is refused, and nothing is made there', async () => {
  using folder = scratchFolder()
  const refusal = await refusalIn(folder.path)
  assert.equal(refusal.code, 'not_found')
  assert.match(refusal.remedy, /quotey init/)
  assert.deepEqual(readdirSync(folder.path), [])
})

test('a database of another program is refused and stays as it was', async () => {
  using folder = scratchFolder()
  const path = join(folder.path, 'quotey.db')
  const other = new DatabaseSync(path)
  other.exec('CREATE TABLE songs (title TEXT)')
  other.close()
  const refusal = await refusalIn(folder.path)
  assert.equal(refusal.code, 'bad_input')
  const again = new DatabaseSync(path)
  assert.deepEqual(
    again
      .prepare('SELECT name FROM sqlite_schema')
      .all()
      .map(row => row.name),
    ['songs'],
  )
  again.close()
})

test('a database of a newer version is refused with both versions', async () => {
  await using home = await freshHome()
  await home.ports.store.close()
  const database = new DatabaseSync(home.databasePath)
  database.exec('PRAGMA user_version = 99')
  database.close()
  const refusal = await refusalIn(home.config.home)
  assert.equal(refusal.code, 'bad_input')
  assert.equal(refusal.facts.schema_version, 99)
})

test('P3 a file that is no database is refused as broken, never opened half', async () => {
  using folder = scratchFolder()
  const path = join(folder.path, 'quotey.db')
  writeFileSync(
    path,
    'these bytes are no database at all, but there are more than a hundred of them '.repeat(40),
  )
  const refusal = await refusalIn(folder.path)
  assert.equal(refusal.code, 'audit_broken')
  assert.match(refusal.remedy, /backup/)
  assert.equal(existsSync(`${path}-wal`), false)
})

test('P3 damage that shows only while reading ends the step with the refusal of a broken store', async () => {
  await using home = await freshHome({ ana: ['revenue_ops'] })
  await home.ports.store.close()
  const size = statSync(home.databasePath).size
  const file = openSync(home.databasePath, 'r+')
  for (let at = 4096; at < size; at += 4096) writeSync(file, Buffer.alloc(200, 0xa5), 0, 200, at)
  const opened = await composePorts(home.config)
  if (!opened.ok) {
    assert.equal(opened.refusal.code, 'audit_broken')
    return
  }
  await assert.rejects(
    opened.value.store.read(tx => tx.find('policy_lifecycle_audit')),
    error => error instanceof BrokenState && error.refusal.code === 'audit_broken',
  )
  await opened.value.store.close()
})

test('P3 a database cut short is refused as broken, or reads as broken', async () => {
  await using home = await freshHome()
  await home.ports.store.close()
  truncateSync(home.databasePath, 8192)
  const opened = await composePorts(home.config)
  if (opened.ok) {
    await assert.rejects(
      valueIn(opened).store.read(tx => tx.find('policy_lifecycle_audit')),
      BrokenState,
    )
    await opened.value.store.close()
  } else assert.equal(opened.refusal.code, 'audit_broken')
})
