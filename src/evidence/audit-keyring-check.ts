import type { JsonObject } from '../domain/units.ts'
import { type AuditFinding, finding, type StoredTables } from './audit-finding.ts'
import { canonicalText } from './canonical.ts'
import { type Keyring, readKeyring, type StoredKeyring, trustKeyring } from './keyring.ts'

export interface CheckedKeyrings {
  /** Every version whose signatures hold, of this installation and of those it was forked from. */
  readonly trusted: readonly Keyring[]
  readonly findings: readonly AuditFinding[]
}

/**
 * Walks the keyring of every installation the store has been, each from the key that installation is named after, and compares the
 * tables of actors and keys with the newest. What stands after a version that does not hold is not trusted either. A second
 * installation is as it should be in the fork of a drill alone, and is named.
 */
export function checkKeyrings(tables: StoredTables): CheckedKeyrings {
  const stored = (tables.keyring ?? []) as unknown as readonly StoredKeyring[]
  const installations = (tables.installation ?? []).map(row => String(row.installation_id))
  const trusted: Keyring[] = []
  const findings: AuditFinding[] = []
  const placed = new Set<StoredKeyring>()
  for (const [at, id] of installations.entries()) {
    // What cannot be read belongs to the newest, whose walk then names it.
    const own = stored.filter(row => {
      const said = readKeyring(row.keyring_json)?.installation_id
      return said === id || (at === installations.length - 1 && !installations.includes(String(said)))
    })
    for (const row of own) placed.add(row)
    const verdict = trustKeyring(own, id)
    trusted.push(...verdict.versions)
    if (verdict.kind === 'untrusted') {
      const where = `keyring ${verdict.version}`
      findings.push(finding('keyring_untrusted', where, 'root signatures that verify', verdict.why))
    }
  }
  for (const id of installations.slice(1)) {
    findings.push(finding('installation_replaced', `installation ${id}`, installations[0], id))
  }
  for (const row of stored) {
    if (!placed.has(row)) {
      findings.push(finding('keyring_untrusted', `keyring ${row.version}`, 'a known installation', null))
    }
  }
  const newest = trusted.at(-1)
  const projected =
    findings.length > 0 || newest === undefined ? [] : projectionFindings(tables, trusted, newest)
  return { trusted, findings: [...findings, ...projected] }
}

/** Actors, keys and revocations repeat the signed keyring for SQL, with the roles an actor came with, and say nothing else. */
function projectionFindings(
  tables: StoredTables,
  trusted: readonly Keyring[],
  newest: Keyring,
): readonly AuditFinding[] {
  const people = (tables.actor ?? []).filter(row => row.id !== 'root')
  const compared: readonly [string, readonly JsonObject[], readonly JsonObject[], string][] = [
    ['actor', people, newest.actors.map(actor => actorAsAdded(trusted, actor.id)), 'id'],
    ['actor_key', tables.actor_key ?? [], newest.keys, 'key_id'],
    ['actor_key_revocation', tables.actor_key_revocation ?? [], newest.revocations, 'key_id'],
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

function actorAsAdded(trusted: readonly Keyring[], id: string): JsonObject {
  const first = trusted.flatMap(({ actors }) => actors).find(actor => actor.id === id)
  if (first === undefined) return { id }
  const { roles, ...actor } = first
  return { ...actor, roles_json: canonicalText(roles) }
}
