import assert from 'node:assert/strict'
import { existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { composeNew, composePorts } from '../../src/compose.ts'
import type { Config } from '../../src/config.ts'
import { DEFAULT_THRESHOLDS } from '../../src/domain/thresholds.ts'
import { activePolicy, currentThresholds } from '../../src/loop/active.ts'
import { foundInstallation } from '../../src/loop/init.ts'
import { onBothStores, rawDatabase, type StoreUnderTest, TABLE_NAMES } from '../support/both-stores.ts'
import { codeIn, configIn, scratchFolder, starterPolicy, valueIn } from '../support/fresh-home.ts'

const test = onBothStores()

const found = (config: Config) => composeNew(config, ports => foundInstallation(ports, starterPolicy()))

/** A home that is not there yet, and an empty database for it. */
async function place(store: StoreUnderTest, home: string): Promise<Config> {
  return { ...configIn(home), databaseUrl: await store.emptyDatabase() }
}

/** What lies in a home besides its keys: the database where it is a file. */
const databaseIn = (store: StoreUnderTest): readonly string[] =>
  store.kind === 'SQLite' ? ['quotey.db'] : []

/** Every row of every table; null where there are none. */
async function contentOf(config: Config): Promise<unknown> {
  await using database = await rawDatabase(config)
  const content: unknown[] = []
  for (const table of TABLE_NAMES) content.push(await database.query(`SELECT * FROM ${table}`))
  return content
}

test('a new installation has its first policy active, its thresholds, and a private root key', async store => {
  using folder = scratchFolder()
  const home = join(folder.path, 'deep', 'home')
  const config = await place(store, home)
  const founded = valueIn(await found(config))
  const ports = valueIn(await composePorts(config))
  const state = await ports.store.read(async tx => ({
    policy: await activePolicy(tx),
    thresholds: await currentThresholds(tx),
    events: (await tx.find('policy_lifecycle_audit')).map(row => row.event_type),
  }))
  await ports.store.close()
  assert.deepEqual([state.policy.version, state.policy.epoch], [1, 1])
  assert.deepEqual(state.policy.document, starterPolicy())
  assert.deepEqual(state.thresholds.thresholds, DEFAULT_THRESHOLDS)
  assert.deepEqual(state.events, ['keyring_changed', 'policy_initialised', 'thresholds_changed'])
  const key = join(home, 'keys', `root.${founded.root_key_id}.pem`)
  assert.equal(statSync(key).mode & 0o777, 0o600)
  assert.equal(statSync(join(home, 'keys')).mode & 0o777, 0o700)
  assert.deepEqual(readdirSync(home).sort(), ['keys', ...databaseIn(store)])
})

test('founding twice is refused and changes no row and no key', async store => {
  using folder = scratchFolder()
  const config = await place(store, folder.path)
  valueIn(await found(config))
  const before = await contentOf(config)
  const keys = readdirSync(join(folder.path, 'keys'))
  assert.equal(codeIn(await found(config)), 'bad_input')
  assert.deepEqual(await contentOf(config), before)
  assert.deepEqual(readdirSync(join(folder.path, 'keys')), keys)
})

test('a policy that does not pass its check leaves nothing behind', async store => {
  using folder = scratchFolder()
  const home = join(folder.path, 'home')
  const [rule] = starterPolicy().rules
  const twice = { ...starterPolicy(), rules: [rule, rule] as never }
  const config = await place(store, home)
  const founded = await composeNew(config, ports => foundInstallation(ports, twice))
  assert.equal(codeIn(founded), 'invalid_policy')
  assert.equal(existsSync(home), false)
  assert.equal(codeIn(await composePorts(config)), 'not_found')
})

test('a founding that fails half way leaves nothing behind, and works afterwards', async store => {
  using folder = scratchFolder()
  const home = join(folder.path, 'home')
  const config = await place(store, home)
  const failing = composeNew(config, async ports => {
    valueIn(await foundInstallation(ports, starterPolicy()))
    throw new Error('in the middle')
  })
  await assert.rejects(failing, /in the middle/)
  assert.equal(existsSync(home), false)
  assert.equal(codeIn(await composePorts(config)), 'not_found')
  valueIn(await found(config))
})

test('of two foundings at once exactly one wins, and only its root key remains', async store => {
  using folder = scratchFolder()
  const config = await place(store, folder.path)
  const results = await Promise.all([found(config), found(config)])
  const [winner] = results.filter(result => result.ok)
  const [loser] = results.filter(result => !result.ok)
  assert.ok(winner !== undefined && loser !== undefined)
  assert.equal(codeIn(loser), 'bad_input')
  assert.deepEqual(readdirSync(join(folder.path, 'keys')), [`root.${valueIn(winner).root_key_id}.pem`])
  const ports = valueIn(await composePorts(config))
  const installation = await ports.store.read(tx => tx.last('installation'))
  assert.equal(installation?.installation_id, valueIn(winner).installation_id)
  await ports.store.close()
})
