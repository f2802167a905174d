import { DEFAULT_WINDOW_LENGTH, reportingWindow } from '../domain/kpi-window.ts'
import { CANDIDATE_STATUSES } from '../domain/lifecycle.ts'
import type { Standing } from '../domain/metrics.ts'
import { INCIDENT_CAUSES } from '../domain/playbook.ts'
import type { Instant } from '../domain/units.ts'
import { openIncidentRows } from './incident.ts'
import { summaryOver } from './kpi.ts'
import { missedJobs } from './missed-jobs.ts'
import { statusIn } from './pause-status.ts'
import type { Ports, Reading, UndeliveredMessage } from './ports.ts'

/** How the installation stands now, in one consistent view. Needs no actor. */
export async function standingNow(ports: Ports): Promise<Standing> {
  const webhooks = await ports.webhooks.all()
  const names = webhooks.ok ? webhooks.value.map(({ name }) => name) : []
  return ports.store.read(async tx => {
    const now = ports.clock.now()
    const status = await statusIn(tx)
    const { days, weeks } = await missedJobs(tx, now)
    return {
      createdAt: (await tx.last('installation'))?.created_at ?? now,
      paused: status.paused,
      epoch: status.epoch,
      policyVersion: status.policy_version,
      auditEntries: ((await tx.last('policy_lifecycle_audit'))?.entry_index ?? -1) + 1,
      candidatesByStatus: counts(
        CANDIDATE_STATUSES,
        (await tx.find('policy_candidate')).map(row => row.status),
      ),
      openIncidentsByCause: counts(
        INCIDENT_CAUSES,
        (await openIncidentRows(tx)).map(row => row.cause),
      ),
      jobs: {
        daily: { last: days.last, missed: days.missed.length },
        weekly: { last: weeks.last, missed: weeks.missed.length },
      },
      outbox: queues(names, await tx.undelivered()),
      givenUp: (await tx.find('outbox_attempt', { outcome: 'given_up' })).length,
      webhooksReadable: webhooks.ok,
      kpi: await summaryNow(tx, now),
    }
  })
}

async function summaryNow(tx: Reading, now: Instant): Promise<Standing['kpi']> {
  const window = reportingWindow({ length: DEFAULT_WINDOW_LENGTH, from: null, to: null }, now)
  if (!window.ok) throw new Error(window.refusal.message)
  return summaryOver(tx, window.value)
}

/** How often each word occurs; a word that does not counts 0, so that its series begins before its first event. */
const counts = (known: readonly string[], words: readonly string[]): Readonly<Record<string, number>> =>
  Object.fromEntries(known.map(name => [name, words.filter(word => word === name).length]))

function queues(names: readonly string[], waiting: readonly UndeliveredMessage[]): Standing['outbox'] {
  const all = [...new Set([...names, ...waiting.map(message => message.webhook)])]
  return Object.fromEntries(
    all.map(name => {
      const mine = waiting.filter(message => message.webhook === name)
      return [
        name,
        { waiting: mine.length, oldest: mine.map(message => message.created_at).sort()[0] ?? null },
      ]
    }),
  )
}
