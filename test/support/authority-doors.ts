import { CONTROLS, type ControlOperation, ROLES, type Role } from '../../src/domain/controls.ts'
import type { IncidentCause } from '../../src/domain/playbook.ts'
import type { RefusalCode, Result } from '../../src/domain/refusal.ts'
import { DEFAULT_THRESHOLDS } from '../../src/domain/thresholds.ts'
import { activePolicy } from '../../src/loop/active.ts'
import { takeCheckpoint } from '../../src/loop/checkpoint.ts'
import { runDrill } from '../../src/loop/drill.ts'
import { closeIncident } from '../../src/loop/incident-close.ts'
import { openIncident } from '../../src/loop/incident-open.ts'
import { doIncidentStep } from '../../src/loop/incident-step.ts'
import { recordKpiSummary } from '../../src/loop/kpi.ts'
import { monitorCandidate } from '../../src/loop/monitor.ts'
import { opsDaily } from '../../src/loop/ops-daily.ts'
import { opsWeekly } from '../../src/loop/ops-weekly.ts'
import { buildPacket } from '../../src/loop/packet.ts'
import { engagePause } from '../../src/loop/pause-engage.ts'
import type { Ports } from '../../src/loop/ports.ts'
import { propose } from '../../src/loop/propose.ts'
import { releaseValidated } from '../../src/loop/release-validated.ts'
import { replayCandidate } from '../../src/loop/replay.ts'
import { changeThresholds } from '../../src/loop/thresholds.ts'
import { type Knocker, type Objects, STATES, type State } from './authority-fixture.ts'
import { apply, decide, parameterChange, rollback } from './governed-candidate.ts'

export type Outcome = 'done' | RefusalCode

/** One thing a person can ask for: who may is read off the control matrix, what each state makes of it stands here. */
export interface Door {
  readonly name: string
  /** The words it stands behind on the command line. */
  readonly command: string
  /** Controls that guard it: somebody who may has a role of each. */
  readonly operations: readonly ControlOperation[] | 'any known actor'
  readonly knock: (ports: Ports, actorId: string, objects: Objects) => Promise<Result<unknown>>
  /** For somebody who may: in every state, or state by state (`open` where a state is not named). */
  readonly outcome: Outcome | ({ readonly open: Outcome } & Partial<Record<State, Outcome>>)
  /** It computes for long, so it is left out for the two who hold only roles that others hold too. */
  readonly heavy?: true
  /** It computes for so long that in these states, which change nothing about it, only those are tried who may not. */
  readonly slowIn?: readonly State[]
  /** It writes in several transactions that need each other, so they are taken back as one. */
  readonly whole?: true
  /** People for whom separation of duty decides, in the states where nothing decides before it. */
  readonly notBy?: { readonly id: string; readonly states: readonly State[] }
}

/** Roles that may do all of these, by the matrix. */
const rolesFor = (operations: Door['operations']): readonly (readonly Role[])[] =>
  operations === 'any known actor'
    ? [ROLES]
    : operations.map(operation => CONTROLS.find(entry => entry.operation === operation)?.roles ?? [])

/**
 * What must come out, from the tables alone: what was not said, who is known, the keyring and the key, the roles, then separation of
 * duty and the state.
 */
export function expectedAt(door: Door, { id, roles, key }: Knocker, state: State): Outcome {
  if (door.outcome === 'reason_required') return 'reason_required'
  // Who signs a checkpoint is looked up by key alone.
  const keyless = door.operations === 'any known actor' ? 'not_authorised' : 'key_expired'
  if (key === 'unknown') return 'not_authorised'
  if (state === 'lapsed' || key !== 'valid') return keyless
  if (!rolesFor(door.operations).every(allowed => roles.some(role => allowed.includes(role)))) {
    return 'not_authorised'
  }
  if (door.notBy?.id === id && door.notBy.states.includes(state)) return 'separation_of_duty'
  return typeof door.outcome === 'string' ? door.outcome : (door.outcome[state] ?? door.outcome.open)
}

const open = (ports: Ports, actorId: string, cause: IncidentCause, reason = 'seen') =>
  openIncident(ports, { actorId, cause, reason, ticket: null })

const step = (ports: Ports, actorId: string, incidentId: string, number: number) =>
  doIncidentStep(ports, { actorId, incidentId, step: number, note: 'done' })

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

export const DOORS: readonly Door[] = [
  {
    name: 'propose a change of the active version',
    command: 'policy-opt propose',
    heavy: true,
    operations: ['propose'],
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
    command: 'policy-opt replay',
    heavy: true,
    operations: ['replay'],
    knock: (ports, actorId, { draft }) => replayCandidate(ports, { actorId, candidateId: draft }),
    outcome: 'done',
  },
  {
    name: 'replay what was applied',
    command: 'policy-opt replay',
    operations: ['replay'],
    knock: (ports, actorId, { appliedId }) => replayCandidate(ports, { actorId, candidateId: appliedId }),
    outcome: 'illegal_move',
  },
  {
    name: 'build the packet of a replayed candidate',
    command: 'policy-packet build',
    heavy: true,
    operations: ['packet_build'],
    knock: (ports, actorId, { replayed }) => buildPacket(ports, { actorId, candidateId: replayed }),
    outcome: 'done',
  },
  {
    name: 'build the packet of a draft',
    command: 'policy-packet build',
    operations: ['packet_build'],
    knock: (ports, actorId, { draft }) => buildPacket(ports, { actorId, candidateId: draft }),
    outcome: 'illegal_move',
  },
  {
    name: 'approve a packet in review',
    command: 'policy-packet action',
    operations: ['decide'],
    knock: (ports, actorId, { reviewed }) => decide(ports, actorId, reviewed, 'approve'),
    outcome: APPROVAL,
  },
  {
    name: 'reject a packet in review',
    command: 'policy-packet action',
    operations: ['decide'],
    knock: (ports, actorId, { reviewed }) => decide(ports, actorId, reviewed, 'reject', 'no'),
    outcome: 'done',
  },
  {
    name: 'request changes of a packet in review',
    command: 'policy-packet action',
    operations: ['decide'],
    knock: (ports, actorId, { reviewed }) => decide(ports, actorId, reviewed, 'request_changes', 'smaller'),
    outcome: 'done',
  },
  {
    name: 'reject without a reason',
    command: 'policy-packet action',
    operations: ['decide'],
    knock: (ports, actorId, { reviewed }) => decide(ports, actorId, reviewed, 'reject'),
    outcome: 'reason_required',
  },
  {
    name: 'approve the packet of a candidate that Ruth made',
    command: 'policy-packet action',
    operations: ['decide'],
    knock: (ports, actorId, { ofRuth }) => decide(ports, actorId, ofRuth, 'approve'),
    outcome: APPROVAL,
    notBy: { id: 'ruth', states: STATES },
  },
  {
    name: 'approve what was rejected',
    command: 'policy-packet action',
    operations: ['decide'],
    knock: (ports, actorId, { rejected }) => decide(ports, actorId, rejected, 'approve'),
    outcome: 'illegal_move',
  },
  {
    name: 'apply an approved candidate',
    command: 'policy-opt apply',
    operations: ['apply'],
    knock: (ports, actorId, { approvedId }) => apply(ports, actorId, approvedId),
    outcome: APPROVAL,
  },
  {
    name: 'apply what Ruth alone approved',
    command: 'policy-opt apply',
    operations: ['apply'],
    knock: (ports, actorId, { approvedByRuthId }) => apply(ports, actorId, approvedByRuthId),
    outcome: APPROVAL,
    notBy: { id: 'ruth', states: ['open', 'stale', 'moved'] },
  },
  {
    name: 'apply what is still in review',
    command: 'policy-opt apply',
    operations: ['apply'],
    knock: (ports, actorId, { reviewedId }) => apply(ports, actorId, reviewedId),
    outcome: { open: 'illegal_move', paused: 'safety_pause_active' },
  },
  {
    name: 'apply again what is active',
    command: 'policy-opt apply',
    operations: ['apply'],
    knock: (ports, actorId, { appliedId }) => apply(ports, actorId, appliedId),
    outcome: { open: 'done', moved: 'illegal_move' },
  },
  {
    name: 'roll the apply back',
    command: 'policy-opt rollback',
    operations: ['rollback'],
    knock: (ports, actorId, { applyRecordId }) => rollback(ports, actorId, applyRecordId),
    outcome: 'done',
  },
  {
    name: 'roll the apply back for another reason',
    command: 'policy-opt rollback',
    operations: ['rollback'],
    knock: (ports, actorId, { applyRecordId }) => rollback(ports, actorId, applyRecordId, 'other'),
    outcome: { open: 'done', moved: 'idempotency_conflict' },
  },
  {
    name: 'drill',
    command: 'policy-opt drill',
    heavy: true,
    operations: ['drill'],
    slowIn: ['stale', 'moved'],
    knock: (ports, actorId) => runDrill(ports, { actorId, candidateId: null }),
    outcome: 'done',
  },
  {
    name: 'engage the pause',
    command: 'policy-opt control pause',
    operations: ['pause'],
    knock: (ports, actorId) =>
      engagePause(ports, { actorId, ticket: 'CLO-SAFETY-PAUSE', reason: 'y', metrics: ['other:y'] }),
    outcome: 'done',
  },
  {
    name: 'sign the release of the pause',
    command: 'policy-opt control release',
    operations: ['release'],
    heavy: true,
    knock: (ports, actorId) => releaseValidated(ports, { actorId, remediation: 'repaired' }),
    outcome: { open: 'release_blocked', paused: 'done' },
  },
  {
    name: 'tighten the thresholds',
    command: 'policy-opt control thresholds',
    operations: ['thresholds_tighten'],
    knock: (ports, actorId) => changeThresholds(ports, { actorId, thresholds: stricter }),
    outcome: 'done',
  },
  {
    name: 'sign looser thresholds',
    command: 'policy-opt control thresholds',
    operations: ['thresholds_loosen'],
    knock: (ports, actorId) => changeThresholds(ports, { actorId, thresholds: looser }),
    outcome: 'done',
  },
  {
    name: 'take in outcomes from a file that is not there',
    command: 'policy-opt monitor',
    operations: ['monitor'],
    knock: (ports, actorId, { appliedId }) =>
      monitorCandidate(ports, { actorId, candidateId: appliedId, outcomesPath: '/none.csv', map: null }),
    outcome: { open: 'not_found', moved: 'illegal_move' },
  },
  {
    name: 'record a KPI snapshot',
    command: 'kpi summary',
    operations: ['kpi_record'],
    knock: (ports, actorId) => recordKpiSummary(ports, { length: '30d', from: null, to: null, actorId }),
    outcome: 'done',
  },
  {
    name: 'run the daily check',
    command: 'ops daily',
    operations: ['kpi_record', 'incident_open'],
    whole: true,
    knock: (ports, actorId) => opsDaily(ports, { actorId }),
    outcome: 'done',
  },
  {
    name: 'run the weekly check that ran already',
    command: 'ops weekly',
    operations: ['drill'],
    knock: (ports, actorId) => opsWeekly(ports, { actorId }),
    outcome: 'done',
  },
  {
    name: 'sign a checkpoint of the log',
    command: 'audit checkpoint',
    operations: 'any known actor',
    knock: (ports, actorId) => takeCheckpoint(ports, actorId),
    outcome: 'done',
  },
  {
    name: 'open an incident',
    command: 'incident open',
    operations: ['incident_open'],
    knock: (ports, actorId) => open(ports, actorId, 'rollback_spike'),
    outcome: 'done',
  },
  {
    name: 'open an incident that is open',
    command: 'incident open',
    operations: ['incident_open'],
    knock: (ports, actorId) => open(ports, actorId, 'margin_gap_drift'),
    outcome: 'illegal_move',
  },
  {
    name: 'open an incident without a reason',
    command: 'incident open',
    operations: ['incident_open'],
    knock: (ports, actorId) => open(ports, actorId, 'rollback_spike', ' '),
    outcome: 'reason_required',
  },
  {
    name: 'do the step of an incident that engages the pause',
    command: 'incident step',
    operations: ['incident_step', 'pause'],
    knock: (ports, actorId, { freshIncident }) => step(ports, actorId, freshIncident, 1),
    outcome: 'done',
  },
  {
    name: 'do a step of an incident before its turn',
    command: 'incident step',
    operations: ['incident_step'],
    knock: (ports, actorId, { freshIncident }) => step(ports, actorId, freshIncident, 2),
    outcome: 'illegal_move',
  },
  {
    name: 'do a step of an incident again',
    command: 'incident step',
    operations: ['incident_step'],
    knock: (ports, actorId, { ripeIncident, signOffStep }) =>
      step(ports, actorId, ripeIncident, signOffStep - 1),
    outcome: 'done',
  },
  {
    name: 'sign an incident off',
    command: 'incident step',
    operations: ['incident_step', 'incident_sign_off'],
    knock: (ports, actorId, { ripeIncident, signOffStep }) => step(ports, actorId, ripeIncident, signOffStep),
    outcome: 'done',
  },
  {
    name: 'close an incident before its sign-off',
    command: 'incident close',
    operations: ['incident_close'],
    knock: (ports, actorId, { ripeIncident }) =>
      closeIncident(ports, { actorId, incidentId: ripeIncident, note: 'over' }),
    outcome: 'illegal_move',
  },
  {
    name: 'close an incident that Sam signed off',
    command: 'incident close',
    operations: ['incident_close'],
    whole: true,
    knock: async (ports, actorId, { ripeIncident, signOffStep }) => {
      await step(ports, 'sam', ripeIncident, signOffStep)
      return closeIncident(ports, { actorId, incidentId: ripeIncident, note: 'over' })
    },
    outcome: 'done',
  },
]
