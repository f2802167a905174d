import type { Digest } from '../../domain/units.ts'
import type { Progress, StoredReplay } from '../../loop/ports.ts'
import type { ClickHouse } from './connection.ts'
import type { Fingerprint } from './fingerprint.ts'
import { replayPushed } from './replay-pushed.ts'
import { fingerprintOf, sentFile } from './sent-quotes.ts'

/**
 * Replays a snapshot in the ClickHouse that it was pushed to. Of its file only the fingerprint is taken, streamed, so that neither quotes nor
 * columns are held in memory. Scattered, each server works its quotes out in two halves.
 */
export function pushedReplay(open: () => Promise<ClickHouse>, progress: Progress): StoredReplay {
  const fingerprints = new Map<Digest, Fingerprint>()
  return {
    async evaluate(quotes, task, scattered) {
      const fingerprint = fingerprints.get(quotes.digest) ?? (await fingerprintOf(sentFile(quotes)))
      fingerprints.set(quotes.digest, fingerprint)
      const database = await open()
      try {
        const label = scattered ? 'checking' : 'replaying'
        return await replayPushed(database, { ...task, quotes, fingerprint, scattered }, (done, total) =>
          progress(label, done, total),
        )
      } finally {
        await database.close()
      }
    },
  }
}
