import { readFile } from 'node:fs/promises'
import { done, type Result } from '../domain/refusal.ts'
import type { Webhooks } from '../loop/ports.ts'
import type { Receiver } from './webhook-list.ts'

/** Receivers as listed in a YAML file, read anew each time, so that a running service follows its edits. */
export function webhookFile(path: string | null, secretNamed: (variable: string) => string | null): Webhooks {
  const receivers = async (): Promise<Result<readonly Receiver[]>> => {
    const text = path === null ? null : await textIfThere(path)
    if (path === null || text === null) return done([])
    // Most installations have no list; those pay nothing for its parser.
    const { readWebhookList } = await import('./webhook-list.ts')
    return readWebhookList(path, text, secretNamed)
  }
  return {
    all: async () => {
      const listed = await receivers()
      return listed.ok ? done(listed.value.map(({ webhook }) => webhook)) : listed
    },
    post: async (webhook, message) => {
      const listed = await receivers()
      const receiver = listed.ok ? listed.value.find(known => known.webhook.name === webhook.name) : undefined
      if (receiver === undefined) return { accepted: false, status: null, why: 'no longer listed' }
      const { postMessage } = await import('./webhook-post.ts')
      return postMessage(receiver, message, Math.floor(Date.now() / 1000))
    },
  }
}

/** A list that is there but cannot be opened reads as an empty text, which the parser refuses by name. */
const textIfThere = (path: string): Promise<string | null> =>
  readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => (error.code === 'ENOENT' ? null : ''))
