import { setTimeout as sleep } from 'node:timers/promises'
import type { Result } from '../../src/domain/refusal.ts'
import { decideOnPacket } from '../../src/loop/action.ts'
import { applyCandidate } from '../../src/loop/apply.ts'
import { DRILL_ACTORS, recordCalm } from '../../src/loop/drill-fork.ts'
import { engagePause, PAUSE_TAG, TRIGGER_METRICS } from '../../src/loop/pause-engage.ts'
import { releasePause } from '../../src/loop/pause-release.ts'
import { rollbackApply } from '../../src/loop/rollback.ts'
import type { Answer, Errand } from './errand.ts'
import { open } from './place.ts'

/** One of several processes on one database: does the errands it is sent, one after another, and says how each ended. */
const ports = await open(process.argv[2] as string)
const { approver, applier } = DRILL_ACTORS

const said = <T>(result: Result<T>, words: (value: T) => string): Omit<Answer, 'errand'> =>
  result.ok ? { ended: 'done', said: words(result.value) } : { ended: 'refused', said: result.refusal.code }

async function run(errand: Errand): Promise<Omit<Answer, 'errand'>> {
  switch (errand.kind) {
    case 'apply':
      return said(
        await applyCandidate(ports, { actorId: applier.id, candidateId: errand.candidateId }),
        value => value.apply_record.id,
      )
    case 'rollback': {
      const asked = { actorId: applier.id, applyRecordId: errand.applyRecordId, reason: 'proof' }
      return said(
        await rollbackApply(ports, { ...asked, triggeredAt: null }),
        value => value.rollback_record.id,
      )
    }
    case 'pause': {
      const reason = `proof ${ports.randomness.id('pause')}`
      const engaged = { actorId: approver.id, ticket: PAUSE_TAG, reason, metrics: ['other:proof'] }
      return said(await engagePause(ports, engaged), () => reason)
    }
    case 'release':
      return release()
    case 'decide': {
      const { packetId, decision } = errand
      const decided = { actorId: approver.id, packetId, decision, reason: 'proof', channel: 'cli' } as const
      return said(await decideOnPacket(ports, decided), value => value.idempotency_key)
    }
  }
}

/** Three transactions, so that others get between them. */
async function release(): Promise<Omit<Answer, 'errand'>> {
  await recordCalm(ports, TRIGGER_METRICS)
  const first = await releasePause(ports, { actorId: approver.id, remediation: 'proof' })
  if (!first.ok) return said(first, () => '')
  const second = await releasePause(ports, { actorId: applier.id, remediation: 'proof' })
  if (!second.ok) return said(second, () => '')
  // Whoever signed, the newest release can be read by now, and what was read must stay.
  const released = await ports.store.read(tx =>
    tx.last('policy_lifecycle_audit', { event_type: 'pause_released' }),
  )
  return said(second, () => released?.id ?? '')
}

process.on('message', async (errands: readonly Errand[]) => {
  for (const errand of errands) {
    await sleep(errand.afterMs)
    const answer = await run(errand).catch((error: unknown) => ({
      ended: 'fault' as const,
      said: String(error),
    }))
    process.send?.({ errand, ...answer } satisfies Answer)
  }
  process.send?.('finished')
})
process.send?.('ready')
