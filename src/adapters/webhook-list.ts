import { readFileSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { parse, YAMLParseError } from 'yaml'
import { z } from 'zod'
import { done, type Result, refuse } from '../domain/refusal.ts'
import { MAX_AGE_HOURS_DEFAULT, type Webhook } from '../domain/webhook.ts'
import { webhookKey } from '../evidence/webhook-signature.ts'

/** A webhook with what must not leave the adapter. Slack's address is its secret, so it has no key. */
export interface Receiver {
  readonly webhook: Webhook
  readonly url: string
  readonly key: Uint8Array | null
}

const entry = z.strictObject({
  name: z.string().regex(/^[a-z0-9][a-z0-9-]{0,39}$/, 'small letters, digits and hyphens'),
  kind: z.enum(['event', 'slack']).default('event'),
  url: z.string().optional(),
  url_env: z.string().optional(),
  url_file: z.string().optional(),
  secret_env: z.string().optional(),
  secret_file: z.string().optional(),
  events: z.array(z.string().min(1)).min(1),
  max_age_hours: z.number().int().min(1).max(720).default(MAX_AGE_HOURS_DEFAULT),
  link: z.url().optional(),
})
type Entry = z.infer<typeof entry>
const list = z.strictObject({ webhooks: z.array(entry) })

/** Reads the list of receivers. Refuses bad_input with what is wrong; never with an address or a secret. */
export function readWebhookList(
  path: string,
  text: string,
  secretNamed: (variable: string) => string | null,
): Result<readonly Receiver[]> {
  let parsed: z.infer<typeof list>
  try {
    parsed = list.parse(parse(text))
  } catch (error) {
    return unreadable(path, error instanceof z.ZodError ? z.prettifyError(error) : placeOf(error))
  }
  const names = parsed.webhooks.map(({ name }) => name)
  const twice = names.find((name, at) => names.indexOf(name) !== at)
  if (twice !== undefined) return unreadable(path, `the name \`${twice}\` stands twice`)
  const receivers: Receiver[] = []
  for (const listed of parsed.webhooks) {
    const receiver = receiverOf(listed, dirname(path), secretNamed)
    if (typeof receiver === 'string') return unreadable(path, `webhook \`${listed.name}\`: ${receiver}`)
    receivers.push(receiver)
  }
  return done(receivers)
}

/** Where YAML cannot be read. The parser's own words quote the line, and an address may stand there. */
function placeOf(error: unknown): string {
  const [place] = error instanceof YAMLParseError ? (error.linePos ?? []) : []
  return place === undefined ? 'it is not YAML' : `it is not YAML at line ${place.line}, column ${place.col}`
}

/** The receiver, or what is wrong with it in words. */
function receiverOf(
  listed: Entry,
  folder: string,
  secretNamed: (variable: string) => string | null,
): Receiver | string {
  const files = [listed.url_file, listed.secret_file].flatMap(file =>
    file === undefined ? [] : [resolve(folder, file)],
  )
  const open = files.find(isOpenToOthers)
  if (open !== undefined) return `others may read \`${open}\`; close it with chmod 600`
  const kept = (variable?: string, file?: string): string | null =>
    variable !== undefined ? secretNamed(variable) : file !== undefined ? textOf(resolve(folder, file)) : null
  const url = listed.url ?? kept(listed.url_env, listed.url_file)
  if (url === null || !/^https?:\/\/\S+$/.test(url)) {
    return 'no http address in `url`, nor where `url_env` or `url_file` says'
  }
  const webhook: Webhook = {
    name: listed.name,
    kind: listed.kind,
    events: listed.events,
    maxAgeHours: listed.max_age_hours,
    link: listed.link ?? null,
  }
  if (listed.kind === 'slack') return { webhook, url, key: null }
  const secret = kept(listed.secret_env, listed.secret_file)
  if (secret === null) return 'no secret where `secret_env` or `secret_file` says'
  const key = webhookKey(secret)
  return key === null
    ? 'the secret is not `whsec_` and base64 of 24 to 64 bytes'
    : { webhook, url, key: new Uint8Array(key) }
}

/** A secret that others may read is none, as with private keys. Windows has no such modes. */
function isOpenToOthers(path: string): boolean {
  const stats = statSync(path, { throwIfNoEntry: false })
  return process.platform !== 'win32' && stats !== undefined && (stats.mode & 0o077) !== 0
}

function textOf(path: string): string | null {
  try {
    return readFileSync(path, 'utf8').trim()
  } catch {
    return null
  }
}

const unreadable = (path: string, why: string): ReturnType<typeof refuse> =>
  refuse('bad_input', `the list of webhooks \`${path}\` cannot be used`, 'mend it as docs/serve.md shows', {
    why,
  })
