import type { ReplayEngine } from '../../domain/replay.ts'
import type { ClickHouse } from './connection.ts'
import { replayPushed } from './replay-pushed.ts'
import { fingerprintOf, sentColumns } from './sent-quotes.ts'

/**
 * The SQL engine on ClickHouse: only sums come back. A task's quotes must have been pushed there; before anything is asked, the server adds up the
 * fingerprint of its rows, which must be that of the task's. Throws what replayPushed throws.
 */
export function clickHouseEngine(open: () => Promise<ClickHouse>): ReplayEngine {
  return {
    name: 'clickhouse',
    async evaluate(task, progress) {
      const quotes = sentColumns(task.columns)
      const fingerprint = await fingerprintOf(quotes)
      const database = await open()
      try {
        const pushed = { ...task, quotes, fingerprint, scattered: false }
        return await replayPushed(database, pushed, progress ?? (() => undefined))
      } finally {
        await database.close()
      }
    },
    close: async () => undefined,
  }
}
