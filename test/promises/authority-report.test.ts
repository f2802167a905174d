import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type Bearer, gateAuthority } from '../../src/domain/authority.ts'
import { CONTROLS, controlOf, type Role } from '../../src/domain/controls.ts'
import { revokeActor } from '../../src/loop/actor-revoke.ts'
import { authorityReport } from '../../src/loop/authority-report.ts'
import { changeRoot } from '../../src/loop/root.ts'
import { codeIn, freshHome, valueIn } from '../support/fresh-home.ts'
import { daysLater } from '../support/installation.ts'

const NAMES = ['ana', 'bob', 'cleo', 'dan']
const HUMAN: readonly Role[] = ['revenue_ops', 'runtime_owner', 'safety_owner']

/** Teams of up to four persons, each with any roles. */
const TEAMS = fc
  .array(fc.subarray([...HUMAN]), { maxLength: NAMES.length })
  .map(team => team.map((roles, at): Bearer => ({ id: NAMES[at] as string, roles })))

const holds = (person: Bearer, ...roles: readonly Role[]): boolean =>
  roles.some(role => person.roles.includes(role))

/** The runbook's rules written out a second time, by hand. */
const RULES: Readonly<Record<string, (team: readonly Bearer[]) => readonly string[]>> = {
  decide: team =>
    team
      .filter(one => holds(one, 'runtime_owner', 'revenue_ops', 'safety_owner'))
      .filter(one => team.some(other => other.id !== one.id && holds(other, 'runtime_owner', 'revenue_ops')))
      .map(({ id }) => id),
  apply: team =>
    team
      .filter(one => holds(one, 'runtime_owner'))
      .filter(one =>
        team.some(
          decider =>
            decider.id !== one.id &&
            holds(decider, 'runtime_owner', 'revenue_ops', 'safety_owner') &&
            team.some(maker => maker.id !== decider.id && holds(maker, 'runtime_owner', 'revenue_ops')),
        ),
      )
      .map(({ id }) => id),
  release: team => inPairs(team),
  thresholds_loosen: team => inPairs(team),
  rollback: team => team.filter(one => holds(one, 'runtime_owner', 'safety_owner')).map(({ id }) => id),
  incident_sign_off: team => team.filter(one => holds(one, 'safety_owner')).map(({ id }) => id),
}

const inPairs = (team: readonly Bearer[]): readonly string[] =>
  team
    .filter(one =>
      team.some(
        other =>
          other.id !== one.id &&
          ((holds(one, 'runtime_owner') && holds(other, 'safety_owner')) ||
            (holds(one, 'safety_owner') && holds(other, 'runtime_owner'))),
      ),
    )
    .map(({ id }) => id)

test('A1 who can pass a gate is what the rules say, over generated teams', () => {
  let cases = 0
  fc.assert(
    fc.property(TEAMS, team => {
      for (const [operation, expected] of Object.entries(RULES)) {
        const gate = gateAuthority(controlOf(operation as never), team)
        assert.deepEqual([...gate.who].sort(), [...expected(team)].sort(), operation)
        assert.equal(gate.passable, gate.who.length > 0)
        assert.equal(gate.why === null, gate.passable)
        cases += 1
      }
    }),
    { seed: 20261122, numRuns: 500 },
  )
  console.log(`authority: ${cases} gates of generated teams, seed 20261122`)
})

test('A2 no team lets one person alone decide, apply, release a pause or loosen thresholds', () => {
  fc.assert(
    fc.property(TEAMS, team => {
      for (const operation of ['decide', 'apply', 'release', 'thresholds_loosen'] as const) {
        assert.deepEqual(gateAuthority(controlOf(operation), team).alone, [])
      }
      const alone = gateAuthority(controlOf('rollback'), team)
      assert.deepEqual(alone.alone, alone.who)
    }),
    { seed: 20261122, numRuns: 200 },
  )
})

test('without an indispensable person a gate cannot be passed, and without any other it can', () => {
  fc.assert(
    fc.property(TEAMS, fc.constantFrom(...CONTROLS), (team, control) => {
      const gate = gateAuthority(control, team)
      if (!gate.passable) return
      for (const { id } of team) {
        const left = gateAuthority(
          control,
          team.filter(person => person.id !== id),
        )
        assert.equal(left.passable, !gate.indispensable.includes(id), `${control.operation} without ${id}`)
      }
    }),
    { seed: 20261122, numRuns: 500 },
  )
})

test('a gate that takes two is named as impossible for one person with every role', () => {
  const gate = gateAuthority(controlOf('release'), [{ id: 'all', roles: [...HUMAN] }])
  assert.match(gate.why ?? '', /same person/)
  const nobody = gateAuthority(controlOf('release'), [{ id: 'ruth', roles: ['runtime_owner'] }])
  assert.match(nobody.why ?? '', /safety_owner/)
})

test('the report follows the keyring: revoked and expired keys, the root, and an expired keyring', async () => {
  await using home = await freshHome({ ana: ['revenue_ops'], ruth: ['runtime_owner'], sam: ['safety_owner'] })
  const { ports } = home
  const full = valueIn(await authorityReport(ports))
  assert.ok(full.ok)
  assert.deepEqual(full.root, { threshold: 1, who: ['root'], alone: ['root'], indispensable: ['root'] })
  assert.deepEqual(
    full.gates.map(gate => gate.operation),
    CONTROLS.map(control => control.operation),
  )
  valueIn(await revokeActor(ports, { id: 'sam', keyId: null, reason: 'left' }))
  const without = valueIn(await authorityReport(ports))
  assert.deepEqual(
    without.gates.filter(gate => !gate.passable).map(gate => gate.operation),
    ['release', 'thresholds_tighten', 'thresholds_loosen', 'incident_sign_off'],
  )
  assert.match(without.cannot_sign.find(({ actor_id }) => actor_id === 'sam')?.why ?? '', /left/)
  const expiresAt = new Date(Date.parse(ports.clock.now()) + 86_400_000).toISOString()
  valueIn(await changeRoot(ports, { kind: 'expiry', expiresAt }))
  assert.deepEqual(
    valueIn(await authorityReport(ports)).ending.map(({ at }) => at),
    [expiresAt],
  )
  const expired = valueIn(await authorityReport(daysLater(ports, 2)))
  assert.ok(expired.gates.every(gate => !gate.passable))
  assert.equal(
    codeIn(await changeRoot(ports, { kind: 'expiry', expiresAt: '2020-01-01T00:00:00.000Z' })),
    'bad_input',
  )
})
