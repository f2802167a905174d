import { clearForOneWindow } from '../domain/incident.ts'
import { ALERT_COLUMN, type StepAction } from '../domain/playbook.ts'
import { done, type Result, refuse } from '../domain/refusal.ts'
import type { JsonObject } from '../domain/units.ts'
import { affectedCandidates } from './affected-candidates.ts'
import { newestWindow } from './incident.ts'
import { harmDone, tightenedSince } from './incident-remedy.ts'
import { approvalsOf, lineageHolds, payloadsOf, replayedAgain } from './incident-verification.ts'
import { engagePause } from './pause-engage.ts'
import { controlStatus } from './pause-status.ts'
import type { Ports } from './ports.ts'
import type { IncidentRow } from './tables.ts'
import { validateInstallation } from './validate.ts'

/** What a step leaves as evidence. `holds`: what it verified came out right; a step that only tells always holds. */
export type Evidence = JsonObject & { readonly holds: boolean }

export interface StepInput {
  readonly incident: IncidentRow
  readonly actorId: string
  readonly note: string
}

type Collect = (ports: Ports, input: StepInput) => Promise<Result<Evidence>>

const GAPS_SHOWN_MAX = 10

/** Runs the command of a step, or collects the evidence it asks for. Refuses what must be done first, or as the command does. */
export const collectEvidence = (
  ports: Ports,
  action: StepAction,
  input: StepInput,
): Promise<Result<Evidence>> => COLLECT[action](ports, input)

const COLLECT: Readonly<Record<StepAction, Collect>> = {
  pause: pauseFor,
  largest_gaps: async (ports, { incident }) =>
    ports.store.read(async tx => {
      const { gaps } = await affectedCandidates(tx, incident)
      const rows = gaps.slice(0, GAPS_SHOWN_MAX) as unknown as readonly JsonObject[]
      return done({ holds: true, rows, rows_left_out: gaps.length - rows.length })
    }),
  lineage: lineageHolds,
  rollback: harmDone,
  applied_against_rolled_back: async (ports, { incident }) =>
    ports.store.read(async tx => {
      const { applied, rolled_back } = await affectedCandidates(tx, incident)
      const both = applied.filter(id => rolled_back.includes(id))
      const kept = applied.filter(id => !rolled_back.includes(id))
      return done({
        holds: true,
        applied,
        rolled_back,
        applied_and_rolled_back: both,
        applied_and_kept: kept,
      })
    }),
  approvals: approvalsOf,
  tighten: tightenedSince,
  payloads: payloadsOf,
  replay_again: replayedAgain,
  validate: async ports => {
    const report = await validateInstallation(ports)
    const controls = report.checks.filter(check => check.kind === 'control')
    return done({
      holds: controls.every(check => check.ok),
      checks: report.checks as unknown as readonly JsonObject[],
    })
  },
  document: async (_, { note }) => done({ holds: true, documented: note }),
  sign_off: async (ports, { incident }) => {
    const clear = clearForOneWindow(incident, await ports.store.read(newestWindow))
    return clear.met
      ? done({ holds: true, clear: clear.why })
      : refuse(
          'illegal_move',
          `nothing to sign off yet: ${clear.why}`,
          'record a clear window with `quotey ops daily`, once one full reporting window has passed',
        )
  },
}

/** Engages the pause with this incident's metric, or names the one that holds with it already. */
async function pauseFor(ports: Ports, { incident, actorId, note }: StepInput): Promise<Result<Evidence>> {
  const metric = incident.cause === 'other' ? `other:${incident.reason}` : ALERT_COLUMN[incident.cause]
  const before = await controlStatus(ports)
  const holds = before.paused && (incident.cause === 'other' || before.metrics.includes(metric))
  if (holds && before.unreadable === null)
    return done({ holds: true, engaged_here: false, ...pauseFacts(before) })
  const engagement = { actorId, ticket: incident.ticket, reason: note, metrics: [metric] }
  const engaged = await engagePause(ports, engagement)
  return engaged.ok ? done({ holds: true, engaged_here: true, ...pauseFacts(engaged.value) }) : engaged
}

const pauseFacts = (status: Awaited<ReturnType<typeof controlStatus>>): JsonObject => ({
  incident_ticket: status.incident_ticket,
  metrics: status.metrics,
  since: status.since,
  by: status.by,
})
