import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CONTROLS, type ControlOperation, type Role } from '../../src/domain/controls.ts'
import { addActor } from '../../src/loop/actor.ts'
import { revokeActor } from '../../src/loop/actor-revoke.ts'
import { authorize } from '../../src/loop/authorize.ts'
import { codeIn, freshHome, valueIn } from '../support/fresh-home.ts'
import { PUBLISHED_ROLES } from '../support/published-roles.ts'

const PEOPLE: Readonly<Record<string, readonly Role[]>> = {
  ana: ['revenue_ops'],
  ruth: ['runtime_owner'],
  sam: ['safety_owner'],
  cron: ['scheduler'],
  rita: ['revenue_ops', 'runtime_owner'],
  sol: ['revenue_ops', 'safety_owner'],
  ria: ['runtime_owner', 'safety_owner'],
  all: ['revenue_ops', 'runtime_owner', 'safety_owner'],
}

test('A1 default deny: over every role and operation exactly the table is allowed', async () => {
  await using home = await freshHome(PEOPLE)
  assert.deepEqual(CONTROLS.map(control => control.operation).sort(), Object.keys(PUBLISHED_ROLES).sort())
  const now = home.ports.clock.now()
  await home.ports.store.read(async tx => {
    for (const [id, held] of Object.entries(PEOPLE)) {
      for (const [operation, allowed] of Object.entries(PUBLISHED_ROLES) as [
        ControlOperation,
        readonly Role[],
      ][]) {
        const result = await authorize(tx, now, id, operation)
        const expected = held.some(role => allowed.includes(role))
        assert.equal(result.ok, expected, `${id} ${operation}`)
        if (result.ok) assert.ok(held.includes(result.value.role) && allowed.includes(result.value.role))
        else assert.equal(codeIn(result), 'not_authorised')
      }
    }
    for (const stranger of ['root', 'nobody', '', 'ANA']) {
      for (const operation of Object.keys(PUBLISHED_ROLES) as ControlOperation[]) {
        assert.equal(codeIn(await authorize(tx, now, stranger, operation)), 'not_authorised', stranger)
      }
    }
  })
})

test('A1 a service is a scheduler and nothing else, and no person is one', async () => {
  await using home = await freshHome()
  const add = (id: string, roles: readonly Role[], service: boolean) =>
    addActor(home.ports, { id, roles, service, publicKey: null, validUntil: null })
  assert.equal(codeIn(await add('cron', ['runtime_owner'], true)), 'bad_input')
  assert.equal(codeIn(await add('cron', ['scheduler', 'runtime_owner'], true)), 'bad_input')
  assert.equal(codeIn(await add('ana', ['scheduler'], false)), 'bad_input')
  assert.equal(codeIn(await add('ana', [], false)), 'bad_input')
  assert.equal(codeIn(await add('../ana', ['revenue_ops'], false)), 'bad_input')
  assert.equal(codeIn(await add('root', ['revenue_ops'], false)), 'bad_input')
  assert.deepEqual(await home.ports.signer.keysOf('ana'), [])
})

test('A1 without the root key nobody is added and nobody is revoked, and no key file is made', async () => {
  await using home = await freshHome({ ana: ['revenue_ops'] })
  const rootless = { ...home.ports, signer: { ...home.ports.signer, keysOf: async () => [] } }
  const added = await addActor(rootless, {
    id: 'eve',
    roles: ['runtime_owner'],
    service: false,
    publicKey: null,
    validUntil: null,
  })
  assert.equal(codeIn(added), 'not_authorised')
  assert.equal(
    codeIn(await revokeActor(rootless, { id: 'ana', keyId: null, reason: 'left' })),
    'not_authorised',
  )
  assert.deepEqual(await home.ports.signer.keysOf('eve'), [])
  assert.equal((await home.ports.store.read(tx => tx.find('keyring'))).length, 2)
})

test('A1 rows in the tables of actors and keys give nobody authority: only the signed keyring does', async () => {
  await using home = await freshHome({ ana: ['revenue_ops'] })
  const at = home.ports.clock.now()
  const key = valueIn(await home.ports.signer.create('eve'))
  await home.ports.store.change(async tx => {
    await tx.insert('actor', { id: 'eve', actor_type: 'user', roles_json: '["runtime_owner"]', added_at: at })
    await tx.insert('actor_key', {
      key_id: key.keyId,
      actor_id: 'eve',
      public_key: key.publicKey,
      purpose: 'actor',
      valid_from: at,
      valid_until: null,
    })
  })
  const result = await home.ports.store.read(tx => authorize(tx, at, 'eve', 'apply'))
  assert.equal(codeIn(result), 'not_authorised')
})

test('an actor whose every key has ended is refused as expired, and a further key restores the right', async () => {
  await using home = await freshHome({ ruth: ['runtime_owner'] })
  const leave = async () =>
    home.ports.store.read(tx => authorize(tx, home.ports.clock.now(), 'ruth', 'apply'))
  assert.ok((await leave()).ok)
  valueIn(await revokeActor(home.ports, { id: 'ruth', keyId: null, reason: 'laptop lost' }))
  assert.equal(codeIn(await leave()), 'key_expired')
  valueIn(
    await addActor(home.ports, { id: 'ruth', roles: [], service: false, publicKey: null, validUntil: null }),
  )
  assert.ok((await leave()).ok)
})
