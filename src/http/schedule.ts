import { Cron } from 'croner'
import type { FastifyBaseLogger } from 'fastify'
import type { Result } from '../domain/refusal.ts'
import { deliverOutbox } from '../loop/deliver.ts'
import { opsDaily } from '../loop/ops-daily.ts'
import { opsWeekly } from '../loop/ops-weekly.ts'
import type { Ports } from '../loop/ports.ts'

/** A job the service runs by itself. Each is safe to run twice. */
interface Job {
  /** Names its pattern: minute, hour, day of month, month, day of week in UTC; with seconds first where there are six. */
  readonly name: keyof typeof PATTERNS
  readonly run: () => Promise<Result<object>>
}

/**
 * When each job runs. The checks are asked again, hourly and daily, so that one that failed is made up for on the same day, in the
 * same week: once it ran, the daily one looks at the alerts again each time, and the weekly one does nothing.
 */
export const PATTERNS = {
  daily: '0 6-23 * * *',
  weekly: '15 6 * * *',
  deliver: '*/2 * * * * *',
} as const

/** Runs jobs on their schedule. `stop` begins no more and waits for those that run. */
export interface Schedule {
  stop(): Promise<void>
}

/**
 * Starts the schedule, and at once every job, so that what fell due while nothing ran is made up for. Without an actor only
 * deliveries run, as the others act in somebody's name. A job that fails is logged and tried again when its time comes.
 */
export function startSchedule(ports: Ports, actorId: string | null, log: FastifyBaseLogger): Schedule {
  const running = new Set<Promise<void>>()
  const crons = jobsOf(ports, actorId).map(job => {
    const once = (): Promise<void> => {
      const run = runJob(job, log).finally(() => running.delete(run))
      running.add(run)
      return run
    }
    // `protect` keeps a job from overlapping itself.
    const cron = new Cron(PATTERNS[job.name], { timezone: 'UTC', protect: true }, once)
    void cron.trigger()
    return cron
  })
  if (actorId === null) {
    log.warn('no actor is named with --as: `ops daily` and `ops weekly` are left to somebody else')
  }
  return {
    stop: async () => {
      for (const cron of crons) cron.stop()
      await Promise.all(running)
    },
  }
}

function jobsOf(ports: Ports, actorId: string | null): readonly Job[] {
  const deliver: Job = { name: 'deliver', run: () => deliverOutbox(ports) }
  if (actorId === null) return [deliver]
  return [
    { name: 'daily', run: () => opsDaily(ports, { actorId }) },
    { name: 'weekly', run: () => opsWeekly(ports, { actorId }) },
    deliver,
  ]
}

async function runJob(job: Job, log: FastifyBaseLogger): Promise<void> {
  try {
    const result = await job.run()
    if (!result.ok) log.warn({ job: job.name, refusal: result.refusal }, 'job refused')
    else if (isIdle(result.value)) return
    else if (foundFault(result.value)) log.warn({ job: job.name, ...said(result.value) }, 'job found a fault')
    else log.info({ job: job.name, ...said(result.value) }, 'job done')
  } catch (error) {
    log.error({ job: job.name, err: error }, 'job failed')
  }
}

/** A delivery that had nothing to do says nothing, every two seconds. */
const isIdle = (report: object): boolean =>
  'delivered' in report &&
  Object.values(report)
    .slice(0, 3)
    .every(count => count === 0)

/** A weekly check in which something does not hold is kept, and is no success. */
const foundFault = (report: object): boolean => 'ok' in report && report.ok === false

/** The short facts of a report; the whole of it is in the audit log. */
const said = (report: object): object =>
  Object.fromEntries(
    Object.entries(report).filter(([, value]) => typeof value !== 'object' || value === null),
  )
