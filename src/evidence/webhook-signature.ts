import { createHmac } from 'node:crypto'

const PREFIX = 'whsec_'
const SECRET_BYTES_MIN = 24
const SECRET_BYTES_MAX = 64

/** The key in a secret of the form `whsec_<base64 of 24 to 64 bytes>`, or null where the text is none. */
export function webhookKey(secret: string): Buffer | null {
  if (!secret.startsWith(PREFIX)) return null
  const text = secret.slice(PREFIX.length)
  const key = Buffer.from(text, 'base64')
  const strayed = key.toString('base64').replace(/=+$/, '') !== text.replace(/=+$/, '')
  return strayed || key.length < SECRET_BYTES_MIN || key.length > SECRET_BYTES_MAX ? null : key
}

/**
 * The `webhook-signature` header: HMAC-SHA256 over `<message id>.<seconds since 1970>.<body>`, base64, after `v1,`. Source:
 * Standard Webhooks 1.0.0, "Signature scheme", so that receivers can use its ready libraries.
 */
export const webhookSignature = (
  key: Uint8Array,
  messageId: string,
  timestampSeconds: number,
  body: string,
): string =>
  `v1,${createHmac('sha256', key).update(`${messageId}.${timestampSeconds}.${body}`).digest('base64')}`
