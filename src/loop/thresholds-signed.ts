import type { Thresholds } from '../domain/thresholds.ts'
import { thresholdChanges } from '../domain/thresholds-change.ts'
import type { Digest, Json } from '../domain/units.ts'
import { carriedText, isEnvelope } from '../evidence/dsse.ts'
import { rolesHeldAt } from './authorize.ts'
import type { Reading } from './ports.ts'
import { verifyStatement } from './sign.ts'
import type { AuditRow, ThresholdsRow } from './tables.ts'
import { foundingEntry } from './trust.ts'

/**
 * Why the thresholds in force may not be relied on; null where they may. Every signature is checked where it stands in the log,
 * and whether one person or two must have signed follows from the documents and not from what the signers called it. The first
 * version of an installation is signed by nobody: `init` makes it, and a drill makes one for its fork.
 */
export async function objectionToThresholds(tx: Reading, row: ThresholdsRow): Promise<string | null> {
  const before = await tx.last('thresholds_version', { version: row.version - 1 })
  if (await isFounding(tx, row, before)) return null
  if (before === null) return 'the version before it is missing'
  const changes = thresholdChanges(documentOf(before), documentOf(row))
  const loosens = changes.some(change => change.loosened)
  const operation = loosens ? 'thresholds_loosen' : 'thresholds_tighten'
  const subjects = { from: before.digest, to: row.digest }
  const safety = new Set<string>()
  const runtime = new Set<string>()
  for (const envelope of JSON.parse(row.envelopes_json) as Json[]) {
    const actorId = claimedActor(envelope)
    const entry = await entryOf(tx, row, subjects, actorId)
    if (entry === null) return 'the log does not know its signatures'
    const verified = await verifyStatement(
      tx,
      envelope,
      { operation, actorId, subjects },
      row.created_at,
      entry,
    )
    if (!verified.ok) return String(verified.refusal.facts.why)
    const roles = await rolesHeldAt(tx, entry, actorId)
    if (roles.includes('safety_owner')) safety.add(actorId)
    if (roles.includes('runtime_owner')) runtime.add(actorId)
  }
  if (!loosens) return safety.size > 0 ? null : 'no safety owner signed it'
  const two = [...safety].some(one => [...runtime].some(other => other !== one))
  return two ? null : 'it loosens a limit, and a safety owner and a runtime owner did not both sign it'
}

/** Whether no other version stands between it and the founding of this installation. */
async function isFounding(tx: Reading, row: ThresholdsRow, before: ThresholdsRow | null): Promise<boolean> {
  if (before === null) return row.version === 1
  const founded = await foundingEntry(tx)
  const own = await settledEntry(tx, row)
  const earlier = await settledEntry(tx, before)
  if (founded === null || own === null || earlier === null) return false
  return earlier.entry_index < founded.entry_index && founded.entry_index < own.entry_index
}

const settledEntry = (tx: Reading, { version }: ThresholdsRow): Promise<AuditRow | null> =>
  tx.last('policy_lifecycle_audit', {
    event_type: 'thresholds_changed',
    idempotency_key: `thresholds:${version}`,
  })

const documentOf = (row: ThresholdsRow): Thresholds => JSON.parse(row.document_json) as Thresholds

/** The entry a signature stands in: of its own where it waited for a second one, else that of the version. */
async function entryOf(
  tx: Reading,
  row: ThresholdsRow,
  subjects: { readonly from: Digest; readonly to: Digest },
  actorId: string,
): Promise<AuditRow | null> {
  const waited = await tx.last('policy_lifecycle_audit', {
    event_type: 'thresholds_change_signed',
    idempotency_key: `${subjects.from}:${subjects.to}:${actorId}`,
  })
  const settled = await settledEntry(tx, row)
  const ownsSettled = settled !== null && settled.actor_id === actorId
  return ownsSettled ? settled : (waited ?? settled)
}

/** Who an envelope says it is by; nothing is believed before it is checked. */
function claimedActor(envelope: Json): string {
  if (!isEnvelope(envelope)) return ''
  try {
    return String((JSON.parse(carriedText(envelope)) as { readonly actor?: unknown }).actor)
  } catch {
    return ''
  }
}
