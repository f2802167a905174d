import { done, type Result, refuse } from '../domain/refusal.ts'
import type { Digest, Instant, Json, JsonObject } from '../domain/units.ts'
import { canonicalText, digestOfText } from '../evidence/canonical.ts'
import type { Reading } from './ports.ts'
import type { Insert } from './record.ts'

/**
 * Names an artifact by its digest and makes its row for a Change; `record` stores identical artifacts once.
 * `body.schema` MUST be `schema`.
 */
export function putArtifact(
  schema: string,
  body: JsonObject,
  at: Instant,
): { readonly digest: Digest; readonly insert: Insert } {
  if (body.schema !== schema) throw new Error(`the body says schema ${String(body.schema)}, not ${schema}`)
  const text = canonicalText(body)
  const digest = digestOfText(text)
  return { digest, insert: { table: 'artifact', row: { digest, schema, body_json: text, created_at: at } } }
}

/** The body of a stored artifact; refuses one that is missing (not_found), no longer what its name says or not in canonical form (audit_broken). */
export async function artifactByDigest(tx: Reading, digest: Digest): Promise<Result<JsonObject>> {
  const row = await tx.last('artifact', { digest })
  if (row === null) {
    return refuse(
      'not_found',
      `no artifact \`${digest}\``,
      'run `quotey audit verify`; it names what is missing',
    )
  }
  const found = digestOfText(row.body_json)
  if (found !== digest) {
    return refuse('audit_broken', `artifact \`${digest}\` was altered`, 'run `quotey audit verify`', {
      found,
    })
  }
  const body = objectIn(row.body_json)
  if (body !== null) return done(body)
  return refuse(
    'audit_broken',
    `artifact \`${digest}\` is not an object in canonical form`,
    'run `quotey audit verify`',
  )
}

/** The object that a text in canonical form is; null for any other text, as one that says a name twice reads differently to different readers. */
function objectIn(text: string): JsonObject | null {
  try {
    const value = JSON.parse(text) as Json
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value)
    return isObject && canonicalText(value) === text ? (value as JsonObject) : null
  } catch {
    return null
  }
}
