import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { composeNew, composePorts } from '../../src/compose.ts'
import { DEFAULT_THRESHOLDS } from '../../src/domain/thresholds.ts'
import { activePolicy, currentThresholds } from '../../src/loop/active.ts'
import { foundInstallation } from '../../src/loop/init.ts'
import { codeIn, configIn, scratchFolder, starterPolicy, valueIn } from '../support/fresh-home.ts'

const found = (home: string) => composeNew(configIn(home), ports => foundInstallation(ports, starterPolicy()))

test('a new installation has its first policy active, its thresholds, and a private root key', async () => {
  using folder = scratchFolder()
  const home = join(folder.path, 'deep', 'home')
  const founded = valueIn(await found(home))
  const ports = valueIn(await composePorts(configIn(home)))
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
  assert.deepEqual(readdirSync(home).sort(), ['keys', 'quotey.db'])
})

test('founding twice is refused and changes not a byte', async () => {
  using folder = scratchFolder()
  valueIn(await found(folder.path))
  const before = readFileSync(join(folder.path, 'quotey.db'))
  const keys = readdirSync(join(folder.path, 'keys'))
  assert.equal(codeIn(await found(folder.path)), 'bad_input')
  assert.deepEqual(readFileSync(join(folder.path, 'quotey.db')), before)
  assert.deepEqual(readdirSync(join(folder.path, 'keys')), keys)
})

test('a policy that does not pass its check leaves nothing behind', async () => {
  using folder = scratchFolder()
  const home = join(folder.path, 'home')
  const [rule] = starterPolicy().rules
  const twice = { ...starterPolicy(), rules: [rule, rule] as never }
  const founded = await composeNew(configIn(home), ports => foundInstallation(ports, twice))
  assert.equal(codeIn(founded), 'invalid_policy')
  assert.equal(existsSync(home), false)
})

test('a founding that fails half way leaves nothing behind, and works afterwards', async () => {
  using folder = scratchFolder()
  const home = join(folder.path, 'home')
  const failing = composeNew(configIn(home), async ports => {
    valueIn(await foundInstallation(ports, starterPolicy()))
    throw new Error('in the middle')
  })
  await assert.rejects(failing, /in the middle/)
  assert.equal(existsSync(home), false)
  valueIn(await found(home))
})

test('of two foundings at once exactly one wins, and only its root key remains', async () => {
  using folder = scratchFolder()
  const results = await Promise.all([found(folder.path), found(folder.path)])
  const [winner] = results.filter(result => result.ok)
  const [loser] = results.filter(result => !result.ok)
  assert.ok(winner !== undefined && loser !== undefined)
  assert.equal(codeIn(loser), 'bad_input')
  assert.deepEqual(readdirSync(join(folder.path, 'keys')), [`root.${valueIn(winner).root_key_id}.pem`])
  const ports = valueIn(await composePorts(configIn(folder.path)))
  const installation = await ports.store.read(tx => tx.last('installation'))
  assert.equal(installation?.installation_id, valueIn(winner).installation_id)
  await ports.store.close()
})
