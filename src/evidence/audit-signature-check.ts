import { CONTROLS } from '../domain/controls.ts'
import type { Json, JsonObject } from '../domain/units.ts'
import { type Claim, claimsIn } from './audit-claims.ts'
import { type AuditFinding, finding, type StoredTables } from './audit-finding.ts'
import { parsedObject, type ReadEntry, type ReadLog } from './audit-log-check.ts'
import { type DerivedTree, headFindings } from './audit-tree-check.ts'
import { canonicalText } from './canonical.ts'
import type { DsseEnvelope } from './dsse.ts'
import { type Keyring, type StoredKeyring, trustKeyring } from './keyring.ts'
import { checkStatement, type Statement } from './statement.ts'

/** What the log knew at the place where a record was written. */
interface Place {
  readonly entryIndex: number
  /** The keyring in force then. */
  readonly keyring: Keyring
  /** Activations before it, which is the epoch it was signed under. */
  readonly epoch: number
}

/**
 * Checks every signature: the keyring's chain from the key the installation is named after, actors and keys against it, and each
 * signed record against its statement, under the keyring and the epoch of its place in the log. A statement also bears the head
 * of the log it was signed over, so a log that was rewritten before it, and linked anew, no longer agrees.
 */
export function signatureFindings(tables: StoredTables, { entries, tree }: ReadLog): readonly AuditFinding[] {
  const stored = (tables.keyring ?? []) as unknown as readonly StoredKeyring[]
  const installationId = String(tables.installation?.at(-1)?.installation_id)
  const verdict = trustKeyring(stored, installationId)
  if (verdict.kind === 'untrusted') {
    return [
      finding('keyring_untrusted', `keyring ${verdict.version}`, 'root signatures that verify', verdict.why),
    ]
  }
  const keyrings = stored.map(row => parsedObject(row.keyring_json) as unknown as Keyring)
  const places = placesIn(entries, keyrings)
  return [
    ...projectionFindings(tables, verdict.keyring),
    ...keyrings.flatMap(keyring => headFindings(tree, `keyring ${keyring.version}`, keyring.log)),
    ...claimsIn(tables).flatMap(claim => claimFindings(claim, places.get(claim.where), tree)),
    ...thresholdsFindings(tables, verdict.keyring, tree),
  ]
}

function claimFindings(claim: Claim, place: Place | undefined, tree: DerivedTree): readonly AuditFinding[] {
  // A record without an entry is named as such already.
  if (place === undefined) return []
  const { operation, actorId, subjects, signedAt } = claim
  const expected = { operation, actorId, subjects, signedAt, activeEpoch: place.epoch }
  const verdict = checkStatement(claim.envelope, expected, place.keyring, signedAt)
  if (verdict.kind === 'invalid') {
    return [
      finding('signature_invalid', claim.where, `a signature of ${actorId} for ${operation}`, verdict.why),
    ]
  }
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

/** Thresholds after the first version: signed for this change, by two people where they say it loosens. */
function thresholdsFindings(
  tables: StoredTables,
  keyring: Keyring,
  tree: DerivedTree,
): readonly AuditFinding[] {
  const versions = tables.thresholds_version ?? []
  return versions.slice(1).flatMap((row, at) => {
    const where = `thresholds_version ${String(row.version)}`
    const subjects = { from: String(versions[at]?.digest), to: String(row.digest) }
    const envelopes = parsedList(row.envelopes_json)
    const claimed = envelopes.map(claimedStatement)
    const signers = new Set(claimed.map(statement => statement.actorId))
    const needed = claimed.some(statement => statement.operation === 'thresholds_loosen') ? 2 : 1
    const few =
      signers.size < needed ? [finding('signature_invalid', where, `${needed} signers`, signers.size)] : []
    const wrong = envelopes.flatMap((envelope, position) => {
      const expected = { ...(claimed[position] as ClaimedStatement), subjects }
      const verdict = checkStatement(envelope, expected, keyring, String(row.created_at))
      if (verdict.kind === 'valid' && expected.operation.startsWith('thresholds_')) {
        return headFindings(tree, where, verdict.statement.log)
      }
      const why = verdict.kind === 'invalid' ? verdict.why : `it is for \`${expected.operation}\``
      return [finding('signature_invalid', where, `a signature of ${expected.actorId}`, why)]
    })
    return [...few, ...wrong]
  })
}

interface ClaimedStatement {
  readonly operation: string
  readonly actorId: string
}

/** Who an envelope says it is by, and for what; nothing is believed before it is checked. */
function claimedStatement(envelope: Json): ClaimedStatement {
  const payload = String((envelope as JsonObject | null)?.payload)
  const statement = parsedObject(Buffer.from(payload, 'base64').toString('utf8'))
  return { operation: String(statement?.operation), actorId: String(statement?.actor) }
}

function parsedList(text: unknown): readonly Json[] {
  const list = parsedObject(`{"list":${String(text)}}`)?.list
  return Array.isArray(list) ? list : []
}

/** Actors, keys and revocations repeat the signed keyring for SQL, and must say nothing else. */
function projectionFindings(tables: StoredTables, keyring: Keyring): readonly AuditFinding[] {
  const people = (tables.actor ?? []).filter(row => row.id !== 'root')
  const compared: readonly [string, readonly JsonObject[], readonly JsonObject[], string][] = [
    [
      'actor',
      people,
      keyring.actors.map(({ roles, ...actor }) => ({ ...actor, roles_json: canonicalText(roles) })),
      'id',
    ],
    ['actor_key', tables.actor_key ?? [], keyring.keys, 'key_id'],
    ['actor_key_revocation', tables.actor_key_revocation ?? [], keyring.revocations, 'key_id'],
  ]
  return compared.flatMap(([table, rows, signed, key]) => {
    const names = new Set([...rows, ...signed].map(row => String(row[key])))
    return [...names].flatMap(name => {
      const row = rows.find(entry => entry[key] === name) ?? null
      const entry = signed.find(known => known[key] === name) ?? null
      return canonicalText(row) === canonicalText(entry)
        ? []
        : [finding('actor_unsigned', `${table} ${name}`, entry, row)]
    })
  })
}

/** Where in the log each signed record was written, and what held there. */
function placesIn(entries: readonly ReadEntry[], keyrings: readonly Keyring[]): ReadonlyMap<string, Place> {
  const places = new Map<string, Place>()
  let keyring: Keyring | undefined
  let epoch = 0
  for (const [entryIndex, { rows }] of entries.entries()) {
    for (const row of rows) {
      const where = `${row.table} ${row.key}`
      if (keyring !== undefined && !places.has(where)) places.set(where, { entryIndex, keyring, epoch })
    }
    for (const row of rows) {
      if (row.table === 'keyring')
        keyring = keyrings.find(known => String(known.version) === row.key) ?? keyring
      if (row.table === 'policy_activation') epoch += 1
    }
  }
  return places
}
