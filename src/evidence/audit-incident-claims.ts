import type { Digest, Json } from '../domain/units.ts'
import type { Claim } from './audit-claims.ts'
import { rowWith } from './audit-content-check.ts'
import type { StoredTables } from './audit-finding.ts'
import { parsedObject } from './audit-log-check.ts'
import { digestOf } from './canonical.ts'

/** What the sign-offs and closings of incidents say was signed. */
export const incidentClaims = (tables: StoredTables): readonly Claim[] =>
  (tables.incident_step ?? [])
    .filter(row => row.kind !== 'step')
    .map(row => ({
      where: `incident_step ${String(row.id)}`,
      envelope: parsedObject(row.envelope_json),
      operation: row.kind === 'closed' ? 'incident_close' : 'incident_sign_off',
      actorId: String(row.actor_id),
      role: String(row.actor_role),
      signedAt: String(row.at),
      subjects: {
        incident: digestOf(rowWith(tables, 'incident', 'id', row.incident_id) ?? null),
        evidence: row.evidence_digest as Digest,
      },
      extra: { note: row.note as Json },
      columns: null,
    }))
