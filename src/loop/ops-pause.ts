import type { AlertCode } from '../domain/alert-state.ts'
import { ALERT_COLUMN } from '../domain/playbook.ts'
import { currentThresholds } from './active.ts'
import { openIncidentRows } from './incident.ts'
import { pauseState } from './pause.ts'
import { engagePause } from './pause-engage.ts'
import type { Ports } from './ports.ts'

/** What became of an alert that should engage the pause by itself. */
export interface AutomaticPause {
  readonly cause: AlertCode
  readonly engaged: boolean
  /** Why it could not be engaged, with what to do; null where it was. */
  readonly refused: string | null
}

/**
 * Engages the pause for each open incident whose alert is raised and whose code stands in the thresholds' `engage_pause`, unless the
 * pause holds for it already. Where the one who runs the job may not pause, the report says so.
 */
export async function pauseWhereConfigured(
  ports: Ports,
  actorId: string,
  raised: readonly AlertCode[],
): Promise<readonly AutomaticPause[]> {
  const wanted = await ports.store.read(async tx => {
    const { thresholds } = await currentThresholds(tx)
    // Thresholds signed before this setting existed have none.
    const codes: readonly string[] = thresholds.alerts.engage_pause ?? []
    const { paused, metrics } = await pauseState(tx)
    return (await openIncidentRows(tx)).filter(
      ({ cause }) =>
        cause !== 'other' &&
        codes.includes(cause) &&
        raised.includes(cause) &&
        !(paused && metrics.includes(ALERT_COLUMN[cause])),
    )
  })
  const outcomes: AutomaticPause[] = []
  for (const { cause, ticket, reason } of wanted) {
    if (cause === 'other') continue
    const engagement = { actorId, ticket, reason: `${cause}: ${reason}`, metrics: [ALERT_COLUMN[cause]] }
    const engaged = await engagePause(ports, engagement)
    outcomes.push({
      cause,
      engaged: engaged.ok,
      refused: engaged.ok ? null : `${engaged.refusal.message}; ${engaged.refusal.remedy}`,
    })
  }
  return outcomes
}

/**
 * Engages what an earlier run of the day's job could not, where the alert is still raised: else an early look by somebody who may
 * not pause would keep the scheduler from stopping anything until tomorrow.
 */
export async function pauseAgain(
  ports: Ports,
  actorId: string,
  earlier: readonly AutomaticPause[],
  raised: readonly AlertCode[],
): Promise<readonly AutomaticPause[]> {
  const refused = earlier.filter(({ engaged }) => !engaged).map(({ cause }) => cause)
  if (refused.length === 0) return earlier
  const wanted = raised.filter(code => refused.includes(code))
  const outcomes = await pauseWhereConfigured(ports, actorId, wanted)
  const { paused, metrics } = await ports.store.read(pauseState)
  return earlier.map(before =>
    paused && metrics.includes(ALERT_COLUMN[before.cause])
      ? { cause: before.cause, engaged: true, refused: null }
      : (outcomes.find(({ cause }) => cause === before.cause) ?? before),
  )
}
