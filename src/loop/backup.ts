import { done, type Result, refuse } from '../domain/refusal.ts'
import type { Digest } from '../domain/units.ts'
import { currentActivation } from './active.ts'
import { verifyAudit } from './audit.ts'
import { keptSnapshots } from './kept-snapshots.ts'
import type { Ports } from './ports.ts'
import { record } from './record.ts'
import { installationId } from './trust.ts'

/** What a copy of an installation holds, after everything in it was checked. */
export interface SoundCopy {
  readonly installation_id: string
  readonly entries: number
  readonly root_hash: Digest | null
  readonly policy_version: number
  readonly epoch: number
  readonly snapshots: number
}

/** How many findings a refusal names; `audit verify` names all. */
const FINDINGS_SHOWN = 10

/**
 * Checks a copy as an audit does, and every snapshot against its digest: what is no whole installation is neither a backup nor
 * restored from one. Refuses audit_broken: with the findings, or for a snapshot that was altered or is not there.
 */
export async function checkCopy(ports: Ports): Promise<Result<SoundCopy>> {
  const audit = await verifyAudit(ports, null)
  if (!audit.ok) return audit
  const { findings, entries, root_hash } = audit.value
  if (findings.length > 0) {
    return refuse(
      'audit_broken',
      `the copy does not pass the audit: ${findings.length} findings`,
      'keep it as evidence, and take an earlier backup; `quotey audit verify` on the installation names what is wrong',
      { findings: findings.slice(0, FINDINGS_SHOWN) },
    )
  }
  const snapshots = await ports.store.read(keptSnapshots)
  for (const { digest } of snapshots) {
    const loaded = await ports.snapshots.load(digest)
    if (loaded.ok) continue
    if (loaded.refusal.code !== 'not_found') return loaded
    return refuse(
      'audit_broken',
      `the copy lacks the snapshot \`${digest}\`, which its records name`,
      'import the same history again where the copy was taken, or take an earlier backup that has it',
      loaded.refusal.facts,
    )
  }
  return ports.store.read(async tx => {
    const { policy_version, epoch } = await currentActivation(tx)
    const installation_id = await installationId(tx)
    return done({ installation_id, entries, root_hash, policy_version, epoch, snapshots: snapshots.length })
  })
}

/** Nobody signs a restore: whoever holds the files can do it. The entry says that the log went on from a copy, and from which. */
const RESTORER = { type: 'system', id: 'restore' } as const

/** Records in a checked copy that it is the installation from now on. */
export const recordRestored = (ports: Ports, copy: SoundCopy): Promise<void> =>
  ports.store.change(async tx => {
    await record(tx, ports, {
      eventType: 'backup_restored',
      actor: RESTORER,
      payload: { ...copy },
      idempotencyKey: ports.randomness.id('restore'),
      occurredAt: ports.clock.now(),
      inserts: [],
    })
  })
