import type { Digest, Instant } from '../domain/units.ts'
import { digestOf } from '../evidence/canonical.ts'
import { rolesHeldAt } from './authorize.ts'
import type { Reading } from './ports.ts'
import { verifyStatement } from './sign.ts'
import type { PauseRow } from './tables.ts'

/** One person's signature under the release, with the roles held when signing. */
export interface ReleaseSignature {
  readonly actorId: string
  readonly roles: readonly string[]
  readonly remediation: string
}

/** What holds now. `unreadable` says why the state could not be read, which counts as paused. */
export interface PauseState {
  readonly paused: boolean
  readonly pauseId: string | null
  readonly ticket: string | null
  readonly reason: string | null
  readonly metrics: readonly string[]
  readonly since: Instant | null
  /** When the pause was last engaged or widened; release evidence must be newer. */
  readonly engagedAt: Instant | null
  readonly by: string | null
  readonly signatures: readonly ReleaseSignature[]
  /** What a release signature stands on: it binds the engagements and dies when another one follows. */
  readonly subject: Digest | null
  readonly unreadable: string | null
}

export const NOT_PAUSED: PauseState = {
  paused: false,
  pauseId: null,
  ticket: null,
  reason: null,
  metrics: [],
  since: null,
  engagedAt: null,
  by: null,
  signatures: [],
  subject: null,
  unreadable: null,
}

/** The two roles whose holders must both sign a release. */
export const RELEASE_ROLES = ['runtime_owner', 'safety_owner'] as const

/**
 * The pause as the transaction sees it. Fails closed: rows out of order, a release without two verified signatures, a
 * pause that only the audit log knows of, or a store that cannot be read all count as paused.
 */
export async function pauseState(tx: Reading): Promise<PauseState> {
  try {
    return await readPause(tx)
  } catch (error) {
    return unreadable(error instanceof Error ? error.message : String(error))
  }
}

const unreadable = (why: string): PauseState => ({ ...NOT_PAUSED, paused: true, unreadable: why })

async function readPause(tx: Reading): Promise<PauseState> {
  const rows = await tx.find('safety_pause')
  if (rows.some((row, at) => row.sequence !== at + 1)) return unreadable('the pause records have a gap')
  const audited = await tx.last('policy_lifecycle_audit', { event_type: 'pause_engaged' })
  const last = rows.at(-1)
  if (last === undefined) {
    return audited === null ? NOT_PAUSED : unreadable('the audit log knows a pause that has no record')
  }
  const ofThisPause = rows.filter(row => row.pause_id === last.pause_id)
  const engagements = ofThisPause.filter(row => row.kind === 'engaged')
  const newest = engagements.at(-1)
  if (newest === undefined) return unreadable(`the pause \`${last.pause_id}\` was never engaged`)
  if (audited !== null && pauseIdOf(audited.event_payload_json) !== last.pause_id) {
    return unreadable('the audit log knows a newer pause than the records')
  }
  const subject = releaseSubject(engagements)
  const after = ofThisPause.filter(row => row.sequence > newest.sequence)
  const signatures = await verifiedSignatures(tx, after, subject)
  if (signatures === null) return unreadable('a release signature does not verify')
  if (last.kind === 'released' && signedByBothRoles(signatures)) return NOT_PAUSED
  if (last.kind === 'released')
    return unreadable('the pause was released without two people of the two roles')
  const first = engagements[0] as PauseRow
  return {
    paused: true,
    pauseId: last.pause_id,
    ticket: newest.ticket,
    reason: newest.reason,
    metrics: metricsOf(engagements),
    since: first.at,
    engagedAt: newest.at,
    by: first.actor_id,
    signatures,
    subject,
    unreadable: null,
  }
}

const pauseIdOf = (payload: string): unknown => (JSON.parse(payload) as { pause_id?: unknown }).pause_id

const metricsOf = (engagements: readonly PauseRow[]): readonly string[] => [
  ...new Set(engagements.flatMap(row => JSON.parse(row.metrics_json) as string[])),
]

/** The digest a release signature binds: every engagement of this pause, so that a later one voids earlier signatures. */
const releaseSubject = (engagements: readonly PauseRow[]): Digest =>
  digestOf(
    engagements.map(row => ({
      pause_id: row.pause_id,
      sequence: row.sequence,
      ticket: row.ticket,
      metrics: JSON.parse(row.metrics_json) as string[],
    })),
  )

async function verifiedSignatures(
  tx: Reading,
  rows: readonly PauseRow[],
  subject: Digest,
): Promise<readonly ReleaseSignature[] | null> {
  const signatures: ReleaseSignature[] = []
  for (const row of rows) {
    if (row.kind !== 'release_signed') continue
    const expected = { operation: 'release', actorId: row.actor_id, subjects: { pause: subject } } as const
    const entry = await tx.last('policy_lifecycle_audit', {
      event_type: 'pause_release_signed',
      idempotency_key: `${row.pause_id}:${row.sequence}`,
    })
    if (entry === null) return null
    const verified = await verifyStatement(tx, JSON.parse(row.envelope_json), expected, row.at, entry)
    if (!verified.ok) return null
    const { remediation } = verified.value.extra as { remediation: string }
    const roles = await rolesHeldAt(tx, entry, row.actor_id)
    signatures.push({ actorId: row.actor_id, roles, remediation })
  }
  return signatures
}

/** Whether two different people signed, one as each role. One person with both roles is still one person. */
export const signedByBothRoles = (signatures: readonly ReleaseSignature[]): boolean =>
  signatures.some(
    one =>
      one.roles.includes(RELEASE_ROLES[0]) &&
      signatures.some(other => other.actorId !== one.actorId && other.roles.includes(RELEASE_ROLES[1])),
  )

/** What the release still lacks: roles nobody signed as, or a second person where one person holds both. */
export const missingSignatures = (signatures: readonly ReleaseSignature[]): readonly string[] => {
  if (signedByBothRoles(signatures)) return []
  const open = RELEASE_ROLES.filter(role => !signatures.some(signature => signature.roles.includes(role)))
  return open.length > 0 ? open : ['a second person']
}
