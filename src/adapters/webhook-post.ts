import { webhookSignature } from '../evidence/webhook-signature.ts'
import type { Posted } from '../loop/ports.ts'
import type { Receiver } from './webhook-list.ts'

const ANSWER_MS_MAX = 10_000
const REASON_LENGTH_MAX = 200

/** Posts one message. Redirects are not followed: a signed message goes where the list says and nowhere else. */
export async function postMessage(
  { url, key }: Receiver,
  message: { readonly id: string; readonly body: string },
  timestampSeconds: number,
): Promise<Posted> {
  try {
    const answer = await fetch(url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'user-agent': 'quotey',
        'webhook-id': message.id,
        'webhook-timestamp': String(timestampSeconds),
        ...(key === null
          ? {}
          : { 'webhook-signature': webhookSignature(key, message.id, timestampSeconds, message.body) }),
      },
      body: message.body,
      redirect: 'manual',
      signal: AbortSignal.timeout(ANSWER_MS_MAX),
    })
    await answer.body?.cancel()
    const why = answer.ok ? null : `answered ${answer.status}`
    return { accepted: answer.ok, status: answer.status, why }
  } catch (error) {
    return { accepted: false, status: null, why: reasonOf(error).slice(0, REASON_LENGTH_MAX) }
  }
}

/** `fetch failed` says nothing; its cause does. The address is left out, as Slack's is a secret. */
function reasonOf(error: unknown): string {
  const cause = (error as { cause?: { code?: string } }).cause
  if (cause?.code !== undefined) return cause.code
  return error instanceof Error && error.name === 'TimeoutError'
    ? `no answer within ${ANSWER_MS_MAX} ms`
    : 'the request could not be made'
}
