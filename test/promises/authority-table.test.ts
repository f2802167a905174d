import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { CONTROLS } from '../../src/domain/controls.ts'
import { buildServer } from '../../src/http/server.ts'
import { verifyAudit } from '../../src/loop/audit.ts'
import { liveStateDigest } from '../../src/loop/live-state.ts'
import { logHead } from '../../src/loop/trust.ts'
import { DOORS, type Door, expectedAt } from '../support/authority-doors.ts'
import {
  type AuthorityFixture,
  authorityFixture,
  KNOCKERS,
  type Knocker,
  STATES,
  type State,
} from '../support/authority-fixture.ts'
import { succeeded, type TestInstallation } from '../support/installation.ts'
import {
  expectedFor,
  KEY_HOLDERS,
  KEYRING_DOORS,
  SIGNING_A_DRAFT,
  withRootKeysOf,
} from '../support/keyring-doors.ts'
import { OTHERWISE_OPEN, READING } from '../support/open-commands.ts'
import { PUBLISHED_ROLES } from '../support/published-roles.ts'
import { tryUndone, undoing } from '../support/undone.ts'
import { wholeProgram, wordsOf } from '../support/whole-program.ts'

let fixture: AuthorityFixture
before(async () => {
  fixture = await authorityFixture()
})
after(() => fixture.remove())

/** The two whose roles others hold too. */
const DOUBLES = ['double.valid', 'ruth']
const knockersAt = (door: Door, state: State): readonly Knocker[] =>
  KNOCKERS.filter(
    knocker =>
      !(door.heavy && DOUBLES.includes(knocker.id)) &&
      (door.slowIn?.includes(state) !== true || expectedAt(door, knocker, state) !== 'done'),
  )

for (const state of STATES) {
  test(`A1 A2 P1 every role, key and person at every door while ${state} is decided as the table says`, async t => {
    const installed = fixture.installed[state]
    const counts = await unspoiled(installed, async wrong => {
      const counts: Record<string, number> = {}
      for (const door of DOORS) {
        for (const knocker of knockersAt(door, state)) {
          const got = await answerAt(door, knocker, installed)
          const expected = expectedAt(door, knocker, state)
          counts[got] = (counts[got] ?? 0) + 1
          if (got !== expected) wrong.push(`${knocker.id}: ${door.name}: ${got}, the table says ${expected}`)
        }
      }
      return counts
    })
    const cases = Object.values(counts).reduce((sum, count) => sum + count, 0)
    assert.equal(
      cases,
      DOORS.reduce((sum, door) => sum + knockersAt(door, state).length, 0),
    )
    t.diagnostic(`${cases} cases while ${state}: ${JSON.stringify(counts)}`)
  })
}

async function answerAt(door: Door, { id }: Knocker, { ports }: TestInstallation): Promise<string> {
  const result = door.whole
    ? await tryUndone(ports, inside => door.knock(inside, id, fixture.objects))
    : await door.knock(undoing(ports), id, fixture.objects)
  if (!result.ok) assert.ok(result.refusal.remedy.length > 0, door.name)
  return result.ok ? 'done' : result.refusal.code
}

/** Runs cases, and shows that none was decided wrongly and none left anything behind. */
async function unspoiled<T>({ ports }: TestInstallation, run: (wrong: string[]) => Promise<T>): Promise<T> {
  const standing = async () => [await liveStateDigest(ports), (await ports.store.read(logHead)).size]
  const before = await standing()
  const wrong: string[] = []
  const value = await run(wrong)
  assert.deepEqual(wrong, [])
  assert.deepEqual(await standing(), before, 'a case left something behind')
  assert.deepEqual(succeeded(await verifyAudit(ports, null)).findings, [])
  return value
}

test('A1 A2 who may act is changed by root keys of enough persons, in every state and by no role', async t => {
  const one: readonly (readonly [State, TestInstallation])[] = STATES.map(state => [
    state,
    fixture.installed[state],
  ])
  let cases = 0
  for (const [state, installed] of [...one, ['two must sign', fixture.guarded] as const]) {
    const must = installed === fixture.guarded ? 'two' : 'one'
    await unspoiled(installed, async wrong => {
      for (const door of KEYRING_DOORS) {
        for (const holders of KEY_HOLDERS) {
          for (const draft of door.noDraft ? [false] : [false, true]) {
            cases += 1
            const ports = withRootKeysOf(undoing(installed.ports), holders.persons)
            const result = await door.knock(ports, draft)
            const got = result.ok ? 'done' : result.refusal.code
            const expected = expectedFor(holders, must, draft)
            const who = holders.persons.join(' and ') || 'nobody'
            if (got !== expected)
              wrong.push(
                `${state}: ${who}: ${door.name}${draft ? ' as a draft' : ''}: ${got}, not ${expected}`,
              )
          }
        }
      }
    })
  }
  t.diagnostic(`${cases} cases of ${KEYRING_DOORS.length} doors`)
})

test('A1 every command is a door of the table, or is open for a reason that is written down', async () => {
  const doors = [...DOORS, ...KEYRING_DOORS].map(({ command }) => command)
  const open = [...Object.keys(READING), ...Object.values(OTHERWISE_OPEN).flat(), SIGNING_A_DRAFT]
  const known = [...new Set(doors), ...open]
  assert.equal(new Set(known).size, known.length, 'a command is named twice')
  assert.deepEqual([...known].sort(), [...wordsOf(await wholeProgram())].sort())
})

test('A1 every control of the matrix has a door, and the command that the matrix names for it', () => {
  for (const { operation, command } of CONTROLS) {
    const own = DOORS.filter(
      ({ operations }) => operations !== 'any known actor' && operations.includes(operation),
    )
    assert.ok(
      own.some(door => door.command === command),
      `${operation} behind ${command}`,
    )
  }
})

test('A1 the control matrix gives the roles that were published, and two gates take both', () => {
  assert.deepEqual(
    Object.fromEntries(CONTROLS.map(({ operation, roles }) => [operation, roles])),
    PUBLISHED_ROLES,
  )
  assert.deepEqual(
    CONTROLS.filter(({ together }) => together).map(({ operation }) => operation),
    ['release', 'thresholds_loosen'],
  )
})

test('A1 the service has no route that changes anything', async () => {
  const server = buildServer(fixture.installed.open.ports, { write: () => undefined })
  let routes: readonly string[] = []
  try {
    await server.ready()
    routes = server.printRoutes({ commonPrefix: false }).match(/\/\w+ \(.*\)/g) ?? []
    const methods = server.supportedMethods.filter(method => !['GET', 'HEAD'].includes(method))
    assert.ok(methods.length > 3)
    for (const url of ['/', '/healthz', '/readyz', '/metrics']) {
      for (const method of methods) assert.ok(!server.hasRoute({ method, url }), `${method} ${url}`)
    }
  } finally {
    await server.close()
  }
  const read = ['/healthz', '/metrics', '/readyz'].map(url => `${url} (GET, HEAD)`)
  assert.deepEqual([...routes].sort(), read)
})
