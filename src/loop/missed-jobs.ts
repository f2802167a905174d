import { daysBetween, weeksBetween } from '../domain/job-calendar.ts'
import type { Instant } from '../domain/units.ts'
import type { Reading } from './ports.ts'

export interface JobRuns {
  /** Instant of the newest run; null before the first. */
  readonly last: Instant | null
  /** Days or weeks since then, or since the beginning, that are over and had none. */
  readonly missed: readonly string[]
}

export interface MissedJobs {
  readonly days: JobRuns
  readonly weeks: JobRuns
}

export const DAILY_EVENT = 'ops_daily_run'
export const WEEKLY_EVENT = 'governance_recorded'

/** Which daily and weekly runs are missing. The day and the week of `init` are not yet due. */
export async function missedJobs(tx: Reading, now: Instant): Promise<MissedJobs> {
  const installation = await tx.last('installation')
  const began = installation?.created_at ?? now
  const last = async (eventType: string): Promise<Instant | null> =>
    (await tx.last('policy_lifecycle_audit', { event_type: eventType }))?.occurred_at ?? null
  const [day, week] = [await last(DAILY_EVENT), await last(WEEKLY_EVENT)]
  return {
    days: { last: day, missed: daysBetween(day ?? began, now) },
    weeks: { last: week, missed: weeksBetween(week ?? began, now) },
  }
}
