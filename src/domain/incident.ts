import { alertReadings, clearsAlert } from './alert-state.ts'
import type { KpiSummary } from './kpi.ts'
import { ALERT_COLUMN, type IncidentCause, PLAYBOOKS, type StepAction } from './playbook.ts'
import type { Thresholds } from './thresholds.ts'
import type { Digest, Instant } from './units.ts'

/** What was done about an incident, as its rows have it. */
export interface IncidentDeed {
  readonly kind: 'step' | 'signed_off' | 'closed'
  readonly step_number: number | null
  readonly actor_id: string
  readonly actor_role: string
  readonly note: string
  readonly at: Instant
  readonly evidence_digest: Digest
  /** Whether what the evidence verified came out right; true where it only tells. */
  readonly holds: boolean
}

/** A recorded KPI snapshot as far as an incident asks for it, and the limits in force. */
export interface ReportedWindow {
  readonly kpi_snapshot_id: string
  readonly window_start: Instant
  readonly window_end: Instant
  readonly recorded_at: Instant
  readonly summary: KpiSummary
  readonly limits: Thresholds['alerts']
}

/** One line of an incident's checklist and the newest thing done about it. */
export interface ChecklistLine {
  readonly step: number
  readonly action: StepAction
  readonly text: string
  readonly done: IncidentDeed | null
}

/** One condition of closing, computed. */
export interface ExitCriterion {
  readonly name: 'steps_done' | 'evidence_holds' | 'clear_for_one_window' | 'safety_owner_signed'
  readonly met: boolean
  readonly why: string
}

/** The playbook of a cause with what was done; a step done again counts as done the last time. */
export const checklistOf = (cause: IncidentCause, deeds: readonly IncidentDeed[]): readonly ChecklistLine[] =>
  PLAYBOOKS[cause].map(({ action, text }, at) => ({
    step: at + 1,
    action,
    text,
    done: deeds.findLast(deed => deed.step_number === at + 1) ?? null,
  }))

/** The step whose turn it is; null when all are done. */
export const nextStep = (lines: readonly ChecklistLine[]): number | null =>
  lines.find(line => line.done === null)?.step ?? null

export interface RaisedWindow {
  readonly cause: IncidentCause
  readonly triggered_at: Instant
  readonly window_start: Instant
  readonly window_end: Instant
}

/**
 * Whether the alert has been clear for one full reporting window: the newest recorded snapshot does not show it, and its
 * window starts at or after the alert was raised, is over, and is no shorter than the one that raised it.
 */
export function clearForOneWindow(raised: RaisedWindow, newest: ReportedWindow | null): ExitCriterion {
  const name = 'clear_for_one_window'
  if (raised.cause === 'other') return { name, met: true, why: 'no alert is behind it' }
  const not = (why: string): ExitCriterion => ({ name, met: false, why })
  if (newest === null) return not('no KPI snapshot is recorded')
  const { cause, triggered_at } = raised
  const reading = alertReadings(newest.summary, newest.limits).find(({ code }) => code === cause)
  if (reading === undefined) throw new Error(`no reading of ${cause}`)
  const column = ALERT_COLUMN[cause]
  if (newest.window_start < triggered_at) {
    return not(`the newest window starts at ${newest.window_start}, before ${triggered_at}`)
  }
  if (newest.summary[column] !== 0 || !clearsAlert(reading, triggered_at)) {
    return not(`${column} is not clear in ${newest.kpi_snapshot_id}`)
  }
  if (newest.window_end > newest.recorded_at) return not('the newest window was not over when recorded')
  if (lengthMs(newest) < lengthMs(raised)) {
    return not('the newest window is shorter than the one that raised the alert')
  }
  return { name, met: true, why: `${column} is clear in ${newest.kpi_snapshot_id}` }
}

const lengthMs = ({ window_start, window_end }: Pick<RaisedWindow, 'window_start' | 'window_end'>): number =>
  Date.parse(window_end) - Date.parse(window_start)

/** All that closing waits for, in the order in which it is usually met. */
export function exitCriteria(
  raised: RaisedWindow,
  deeds: readonly IncidentDeed[],
  newest: ReportedWindow | null,
): readonly ExitCriterion[] {
  const lines = checklistOf(raised.cause, deeds)
  const open = lines.filter(line => line.done === null).map(line => line.step)
  const failed = lines.filter(line => line.done?.holds === false).map(line => line.step)
  const wantsSignature = lines.some(line => line.action === 'sign_off')
  const signed = deeds.find(deed => deed.kind === 'signed_off')
  return [
    {
      name: 'steps_done',
      met: open.length === 0,
      why: open.length === 0 ? 'every step is done' : `not done: ${open.join(', ')}`,
    },
    {
      name: 'evidence_holds',
      met: failed.length === 0,
      why:
        failed.length === 0
          ? 'what the steps verified came out right'
          : `evidence that does not hold, of step ${failed.join(', ')}`,
    },
    clearForOneWindow(raised, newest),
    ...(wantsSignature
      ? [
          {
            name: 'safety_owner_signed' as const,
            met: signed !== undefined,
            why: signed === undefined ? 'no safety owner signed' : `signed by ${signed.actor_id}`,
          },
        ]
      : []),
  ]
}
