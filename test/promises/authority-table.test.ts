import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Role } from '../../src/domain/controls.ts'
import type { RefusalCode, Result } from '../../src/domain/refusal.ts'
import { DEFAULT_THRESHOLDS } from '../../src/domain/thresholds.ts'
import { activePolicy } from '../../src/loop/active.ts'
import { verifyAudit } from '../../src/loop/audit.ts'
import { runDrill } from '../../src/loop/drill.ts'
import { recordKpiSummary } from '../../src/loop/kpi.ts'
import { liveStateDigest } from '../../src/loop/live-state.ts'
import { monitorCandidate } from '../../src/loop/monitor.ts'
import { buildPacket } from '../../src/loop/packet.ts'
import { engagePause } from '../../src/loop/pause-engage.ts'
import { releasePause } from '../../src/loop/pause-release.ts'
import type { Ports } from '../../src/loop/ports.ts'
import { propose } from '../../src/loop/propose.ts'
import { replayCandidate } from '../../src/loop/replay.ts'
import { changeThresholds } from '../../src/loop/thresholds.ts'
import {
  type AuthorityFixture,
  authorityFixture,
  KNOCKERS,
  type Knocker,
  type Objects,
  STATES,
  type State,
} from '../support/authority-fixture.ts'
import { apply, decide, parameterChange, rollback } from '../support/governed-candidate.ts'
import { succeeded } from '../support/installation.ts'
import { undoing } from '../support/undone.ts'

type Outcome = 'done' | RefusalCode
type Roles = readonly Role[]

/** One thing a person can ask for: who may by the control matrix (written out again here), and what each state makes of it. */
interface Door {
  readonly name: string
  readonly roles: Roles
  readonly knock: (ports: Ports, actorId: string, objects: Objects) => Promise<Result<unknown>>
  /** For somebody who may: in every state, or state by state (`open` where a state is not named). */
  readonly outcome: Outcome | ({ readonly open: Outcome } & Partial<Record<State, Outcome>>)
  /** It computes for long, so it is left out for the two who hold only roles that others hold too. */
  readonly heavy?: true
  /** People for whom separation of duty decides, in the states where nothing decides before it. */
  readonly notBy?: { readonly id: string; readonly states: readonly State[] }
}

const BUILDERS: Roles = ['runtime_owner', 'revenue_ops']
const DECIDERS: Roles = ['runtime_owner', 'revenue_ops', 'safety_owner']
const OWNERS: Roles = ['runtime_owner', 'safety_owner']
const EVERYBODY: Roles = ['revenue_ops', 'runtime_owner', 'safety_owner', 'scheduler']

/** What an approval and an apply meet in each state; the base version counts before other evidence only once it moved. */
const APPROVAL = {
  open: 'done',
  paused: 'safety_pause_active',
  stale: 'stale_approval',
  moved: 'base_version_moved',
} as const

const stricter = { ...DEFAULT_THRESHOLDS, packet_expiry_days: 5 }
const looser = {
  ...DEFAULT_THRESHOLDS,
  guardrails: { ...DEFAULT_THRESHOLDS.guardrails, max_approval_load_delta_bps: 500 },
}

const DOORS: readonly Door[] = [
  {
    name: 'propose a change of the active version',
    heavy: true,
    roles: BUILDERS,
    knock: async (ports, actorId) => {
      const { version } = await ports.store.read(activePolicy)
      const change = await parameterChange(ports, 'discount-cap-smb', 'cap_bps', -200)
      const fromDiff = { base_policy_version: version, rule_diffs: [change] }
      return propose(ports, { actorId, snapshot: null, fromDiff, revertApply: null })
    },
    outcome: 'done',
  },
  {
    name: 'replay a draft',
    heavy: true,
    roles: BUILDERS,
    knock: (ports, actorId, { draft }) => replayCandidate(ports, { actorId, candidateId: draft }),
    outcome: 'done',
  },
  {
    name: 'replay what was applied',
    roles: BUILDERS,
    knock: (ports, actorId, { appliedId }) => replayCandidate(ports, { actorId, candidateId: appliedId }),
    outcome: 'illegal_move',
  },
  {
    name: 'build the packet of a replayed candidate',
    heavy: true,
    roles: BUILDERS,
    knock: (ports, actorId, { replayed }) => buildPacket(ports, { actorId, candidateId: replayed }),
    outcome: 'done',
  },
  {
    name: 'build the packet of a draft',
    roles: BUILDERS,
    knock: (ports, actorId, { draft }) => buildPacket(ports, { actorId, candidateId: draft }),
    outcome: 'illegal_move',
  },
  {
    name: 'approve a packet in review',
    roles: DECIDERS,
    knock: (ports, actorId, { reviewed }) => decide(ports, actorId, reviewed, 'approve'),
    outcome: APPROVAL,
  },
  {
    name: 'reject a packet in review',
    roles: DECIDERS,
    knock: (ports, actorId, { reviewed }) => decide(ports, actorId, reviewed, 'reject', 'no'),
    outcome: 'done',
  },
  {
    name: 'request changes of a packet in review',
    roles: DECIDERS,
    knock: (ports, actorId, { reviewed }) => decide(ports, actorId, reviewed, 'request_changes', 'smaller'),
    outcome: 'done',
  },
  {
    name: 'reject without a reason',
    roles: DECIDERS,
    knock: (ports, actorId, { reviewed }) => decide(ports, actorId, reviewed, 'reject'),
    outcome: 'reason_required',
  },
  {
    name: 'approve the packet of a candidate that Ruth made',
    roles: DECIDERS,
    knock: (ports, actorId, { ofRuth }) => decide(ports, actorId, ofRuth, 'approve'),
    outcome: APPROVAL,
    notBy: { id: 'ruth', states: STATES },
  },
  {
    name: 'approve what was rejected',
    roles: DECIDERS,
    knock: (ports, actorId, { rejected }) => decide(ports, actorId, rejected, 'approve'),
    outcome: 'illegal_move',
  },
  {
    name: 'apply an approved candidate',
    roles: ['runtime_owner'],
    knock: (ports, actorId, { approvedId }) => apply(ports, actorId, approvedId),
    outcome: APPROVAL,
  },
  {
    name: 'apply what Ruth alone approved',
    roles: ['runtime_owner'],
    knock: (ports, actorId, { approvedByRuthId }) => apply(ports, actorId, approvedByRuthId),
    outcome: APPROVAL,
    notBy: { id: 'ruth', states: ['open', 'stale', 'moved'] },
  },
  {
    name: 'apply what is still in review',
    roles: ['runtime_owner'],
    knock: (ports, actorId, { reviewedId }) => apply(ports, actorId, reviewedId),
    outcome: { open: 'illegal_move', paused: 'safety_pause_active' },
  },
  {
    name: 'apply again what is active',
    roles: ['runtime_owner'],
    knock: (ports, actorId, { appliedId }) => apply(ports, actorId, appliedId),
    outcome: { open: 'done', moved: 'illegal_move' },
  },
  {
    name: 'roll the apply back',
    roles: OWNERS,
    knock: (ports, actorId, { applyRecordId }) => rollback(ports, actorId, applyRecordId),
    outcome: 'done',
  },
  {
    name: 'roll the apply back for another reason',
    roles: OWNERS,
    knock: (ports, actorId, { applyRecordId }) => rollback(ports, actorId, applyRecordId, 'other'),
    outcome: { open: 'done', moved: 'idempotency_conflict' },
  },
  {
    name: 'drill',
    heavy: true,
    roles: ['runtime_owner', 'scheduler'],
    knock: (ports, actorId) => runDrill(ports, { actorId, candidateId: null }),
    outcome: 'done',
  },
  {
    name: 'engage the pause',
    roles: ['runtime_owner', 'safety_owner', 'scheduler'],
    knock: (ports, actorId) =>
      engagePause(ports, { actorId, ticket: 'CLO-SAFETY-PAUSE', reason: 'y', metrics: ['other:y'] }),
    outcome: 'done',
  },
  {
    name: 'sign the release of the pause',
    roles: OWNERS,
    knock: (ports, actorId) => releasePause(ports, { actorId, remediation: 'repaired' }),
    outcome: { open: 'release_blocked', paused: 'done' },
  },
  {
    name: 'tighten the thresholds',
    roles: ['safety_owner'],
    knock: (ports, actorId) => changeThresholds(ports, { actorId, thresholds: stricter }),
    outcome: 'done',
  },
  {
    name: 'sign looser thresholds',
    roles: OWNERS,
    knock: (ports, actorId) => changeThresholds(ports, { actorId, thresholds: looser }),
    outcome: 'done',
  },
  {
    name: 'take in outcomes from a file that is not there',
    roles: BUILDERS,
    knock: (ports, actorId, { appliedId }) =>
      monitorCandidate(ports, { actorId, candidateId: appliedId, outcomesPath: '/none.csv', map: null }),
    outcome: { open: 'not_found', moved: 'illegal_move' },
  },
  {
    name: 'record a KPI snapshot',
    roles: EVERYBODY,
    knock: (ports, actorId) => recordKpiSummary(ports, { length: '30d', from: null, to: null, actorId }),
    outcome: 'done',
  },
]

/** The two whose roles others hold too. */
const DOUBLES = ['double.valid', 'ruth']

/** What must come out, from the tables alone: who is known, the key, the roles, then the state. */
function expectedOf(door: Door, { id, roles, key }: Knocker, state: State): Outcome {
  if (door.outcome === 'reason_required') return 'reason_required'
  if (key === 'unknown') return 'not_authorised'
  if (key !== 'valid') return 'key_expired'
  if (!roles.some(role => door.roles.includes(role))) return 'not_authorised'
  if (door.notBy?.id === id && door.notBy.states.includes(state)) return 'separation_of_duty'
  return typeof door.outcome === 'string' ? door.outcome : (door.outcome[state] ?? door.outcome.open)
}

let fixture: AuthorityFixture
before(async () => {
  fixture = await authorityFixture()
})
after(() => fixture.remove())

for (const state of STATES) {
  test(`A1 A2 P1 every role, key and person at every door while ${state} is decided as the table says`, async t => {
    const { ports } = fixture.installed[state]
    const before = await liveStateDigest(ports)
    const wrong: string[] = []
    let cases = 0
    const counts: Record<string, number> = {}
    for (const door of DOORS) {
      for (const knocker of door.heavy ? KNOCKERS.filter(({ id }) => !DOUBLES.includes(id)) : KNOCKERS) {
        cases += 1
        const result = await door.knock(undoing(ports), knocker.id, fixture.objects)
        const got = result.ok ? 'done' : result.refusal.code
        const expected = expectedOf(door, knocker, state)
        counts[got] = (counts[got] ?? 0) + 1
        if (got !== expected) wrong.push(`${knocker.id}: ${door.name}: ${got}, the table says ${expected}`)
        if (!result.ok) assert.ok(result.refusal.remedy.length > 0, door.name)
      }
    }
    assert.deepEqual(wrong, [])
    assert.equal(await liveStateDigest(ports), before, 'a case left something behind')
    assert.deepEqual(succeeded(await verifyAudit(ports, null)).findings, [])
    t.diagnostic(`${cases} cases while ${state}: ${JSON.stringify(counts)}`)
  })
}
