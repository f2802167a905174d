import type { Thresholds } from '../domain/thresholds.ts'
import { thresholdChanges } from '../domain/thresholds-change.ts'
import type { Digest, Json, JsonObject } from '../domain/units.ts'
import { type AuditFinding, finding, type StoredTables } from './audit-finding.ts'
import { parsedObject } from './audit-log-check.ts'
import type { Place, Places } from './audit-places.ts'
import { type DerivedTree, headFindings } from './audit-tree-check.ts'
import { canonicalText } from './canonical.ts'
import { checkStatement, type ExpectedStatement, type StatementVerdict } from './statement.ts'

/** A signature that holds under a change of thresholds, and what its signer might do where it stands. */
interface Signer {
  readonly actorId: string
  readonly roles: readonly string[]
}

/**
 * Thresholds after the first version: signed for exactly this change, by a safety owner where it tightens, by a safety owner and a
 * runtime owner, two persons, where the documents say that it loosens. Which of the two it is, is derived and not believed.
 */
export function thresholdsFindings(
  tables: StoredTables,
  tree: DerivedTree,
  places: Places,
): readonly AuditFinding[] {
  const versions = tables.thresholds_version ?? []
  return versions.slice(1).flatMap((row, at) => {
    const where = `thresholds_version ${String(row.version)}`
    const before = versions[at] as JsonObject
    const operation = loosens(before, row) ? 'thresholds_loosen' : 'thresholds_tighten'
    const subjects = { from: String(before.digest), to: String(row.digest) }
    const findings: AuditFinding[] = []
    const signers: Signer[] = []
    for (const envelope of parsedList(row.envelopes_json)) {
      const actorId = claimedActor(envelope)
      const place = placeOf(envelope, places) ?? places.ofRecord.get(where)
      // A record without an entry is named as such already.
      if (place === undefined) continue
      const verdict = verdictAt(place, envelope, { operation, actorId, subjects }, String(row.created_at))
      if (verdict.kind === 'invalid') {
        findings.push(
          finding('signature_invalid', where, `a signature of ${actorId} for ${operation}`, verdict.why),
        )
        continue
      }
      findings.push(...headFindings(tree, where, verdict.statement.log, place.entryIndex))
      signers.push({ actorId, roles: rolesAt(place, actorId) })
    }
    const safety = signers.filter(({ roles }) => roles.includes('safety_owner'))
    const runtime = signers.filter(({ roles }) => roles.includes('runtime_owner'))
    const enough =
      operation === 'thresholds_tighten'
        ? safety.length > 0
        : safety.some(one => runtime.some(other => other.actorId !== one.actorId))
    if (!enough) {
      const needed =
        operation === 'thresholds_tighten' ? 'a safety owner' : 'a safety owner and a runtime owner'
      findings.push(
        finding(
          'signature_invalid',
          where,
          `signatures of ${needed}`,
          signers.map(({ actorId }) => actorId),
        ),
      )
    }
    return findings
  })
}

function loosens(before: JsonObject, after: JsonObject): boolean {
  const [from, to] = [parsedObject(before.document_json), parsedObject(after.document_json)]
  if (from === null || to === null) return true
  return thresholdChanges(from as unknown as Thresholds, to as unknown as Thresholds).some(
    change => change.loosened,
  )
}

/** First signatures that wait for a second person, each checked where it stands. */
export function pendingFindings(tree: DerivedTree, places: Places): readonly AuditFinding[] {
  return places.waiting.flatMap(({ entry: { row, where, index }, place }) => {
    const payload = parsedObject(row.event_payload_json)
    const actorId = String(row.actor_id)
    const subjects = payload?.subjects as Readonly<Record<string, Digest>>
    const expected = { operation: 'thresholds_loosen', actorId, subjects, signedAt: String(row.occurred_at) }
    const envelope = (payload?.envelope ?? null) as Json
    const verdict = verdictAt(place, envelope, expected, String(row.occurred_at))
    return verdict.kind === 'valid'
      ? headFindings(tree, where, verdict.statement.log, index)
      : [
          finding(
            'signature_invalid',
            where,
            `a signature of ${actorId} for ${expected.operation}`,
            verdict.why,
          ),
        ]
  })
}

/** The verdict on a statement by what held at its place. */
function verdictAt(place: Place, envelope: Json, expected: ExpectedStatement, at: string): StatementVerdict {
  if (place.keyring === null) return { kind: 'invalid', why: 'the keyring in force there cannot be trusted' }
  const { epoch: activeEpoch, loggedAfter } = place
  return checkStatement(envelope, { ...expected, activeEpoch, loggedAfter }, place.keyring, at)
}

/** A first signature waits in an entry of its own, and is judged by what held there. */
function placeOf(envelope: Json, places: Places): Place | undefined {
  const text = canonicalText(envelope)
  return places.waiting.find(({ entry }) => {
    const payload = parsedObject(entry.row.event_payload_json)
    return canonicalText((payload?.envelope ?? null) as Json) === text
  })?.place
}

const rolesAt = ({ keyring }: Place, actorId: string): readonly string[] =>
  keyring?.actors.find(actor => actor.id === actorId)?.roles ?? []

/** Who an envelope says it is by; nothing is believed before it is checked. */
function claimedActor(envelope: Json): string {
  const payload = String((envelope as JsonObject | null)?.payload)
  return String(parsedObject(Buffer.from(payload, 'base64').toString('utf8'))?.actor)
}

function parsedList(text: unknown): readonly Json[] {
  const list = parsedObject(`{"list":${String(text)}}`)?.list
  return Array.isArray(list) ? list : []
}
