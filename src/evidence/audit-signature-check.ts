import { CONTROLS } from '../domain/controls.ts'
import type { Json } from '../domain/units.ts'
import { checkpointFindings } from './audit-checkpoint-check.ts'
import { type Claim, claimsIn } from './audit-claims.ts'
import { dutyFindings } from './audit-duty-check.ts'
import { type AuditFinding, finding, type StoredTables } from './audit-finding.ts'
import type { CheckedKeyrings } from './audit-keyring-check.ts'
import { parsedObject } from './audit-log-check.ts'
import type { Place, Places } from './audit-places.ts'
import { pendingFindings, thresholdsFindings } from './audit-thresholds-check.ts'
import { type DerivedTree, headFindings } from './audit-tree-check.ts'
import { canonicalText } from './canonical.ts'
import { carriedText, type DsseEnvelope, isEnvelope } from './dsse.ts'
import type { Keyring } from './keyring.ts'
import { checkStatement, type Statement } from './statement.ts'

/**
 * Checks every signature: the keyring's chain from the key the installation is named after, actors and keys against it, and each
 * signed record against its statement, under the keyring and the epoch of its place in the log, and that two people did what two
 * must do. A statement also bears the head of the log it was signed over, so a log that was rewritten before it, and linked anew,
 * no longer agrees.
 */
export const signatureFindings = (
  tables: StoredTables,
  keyrings: CheckedKeyrings,
  tree: DerivedTree,
  places: Places,
): readonly AuditFinding[] => [
  ...keyrings.findings,
  ...keyrings.trusted.flatMap(({ version, log }) => headFindings(tree, `keyring ${version}`, log)),
  ...claimsIn(tables).flatMap(claim => claimFindings(claim, places.ofRecord.get(claim.where), tree)),
  ...thresholdsFindings(tables, tree, places),
  ...pendingFindings(tree, places),
  ...dutyFindings(tables, places),
  ...checkpointFindings(tables.checkpoint ?? [], tree, keyrings.trusted),
]

/** Entries that some later signature fixes, counted from the first; those after could be rewritten by who has the file. */
export function entriesFixedBySignatures(tables: StoredTables, trusted: readonly Keyring[]): number {
  const heads = trusted.map(({ log }) => log.size)
  const signed = claimsIn(tables).map(({ envelope }) => signedSize(envelope))
  const checkpoints = (tables.checkpoint ?? []).map(row => Number(row.size))
  return Math.max(0, ...heads, ...signed, ...checkpoints)
}

/** The size of the log that a statement says it was signed over; whether the statement holds is checked elsewhere. */
function signedSize(envelope: Json): number {
  if (!isEnvelope(envelope)) return 0
  const log = parsedObject(carriedText(envelope))?.log as { readonly size?: unknown } | undefined
  return typeof log?.size === 'number' ? log.size : 0
}

function claimFindings(claim: Claim, place: Place | undefined, tree: DerivedTree): readonly AuditFinding[] {
  // A record without an entry is named as such already.
  if (place === undefined) return []
  const { operation, actorId, subjects, signedAt } = claim
  const invalid = (why: string): readonly AuditFinding[] => [
    finding('signature_invalid', claim.where, `a signature of ${actorId} for ${operation}`, why),
  ]
  if (place.keyring === null) return invalid('the keyring in force there cannot be trusted')
  const { epoch: activeEpoch, loggedAfter } = place
  const expected = { operation, actorId, subjects, signedAt, activeEpoch, loggedAfter }
  const verdict = checkStatement(claim.envelope, expected, place.keyring, signedAt)
  if (verdict.kind === 'invalid') return invalid(verdict.why)
  return [
    ...recordFindings(claim, verdict.statement),
    ...roleFindings(claim, verdict.statement, place.keyring),
    ...headFindings(tree, claim.where, verdict.statement.log, place.entryIndex),
  ]
}

/** What the record repeats must be what was signed. */
function recordFindings(claim: Claim, statement: Statement): readonly AuditFinding[] {
  const differs = (name: string, signed: Json, recorded: Json): readonly AuditFinding[] =>
    canonicalText(signed) === canonicalText(recorded)
      ? []
      : [finding('record_differs_from_signed', `${claim.where} ${name}`, signed, recorded)]
  const facts = Object.entries(claim.extra).flatMap(([name, recorded]) =>
    differs(name, statement.extra[name] ?? null, recorded),
  )
  if (claim.columns === null) return facts
  const [signature] = (claim.envelope as DsseEnvelope).signatures
  return [
    ...facts,
    ...differs('signature', signature?.sig ?? null, claim.columns.signature),
    ...differs('signature_key_id', statement.key_id, claim.columns.keyId),
  ]
}

function roleFindings(claim: Claim, statement: Statement, keyring: Keyring): readonly AuditFinding[] {
  const allowed = CONTROLS.find(control => control.operation === claim.operation)?.roles ?? []
  const held = keyring.actors.find(actor => actor.id === claim.actorId)?.roles ?? []
  const role = claim.role ?? String(statement.extra.role)
  return held.includes(role) && allowed.some(name => name === role)
    ? []
    : [
        finding(
          'record_differs_from_signed',
          `${claim.where} role`,
          `one of ${allowed.join(', ')} held then`,
          role,
        ),
      ]
}
