import { setTimeout as sleep } from 'node:timers/promises'
import { BrokenState } from '../../loop/ports.ts'
import type { PostgresConnection } from './connection.ts'
import { isDisconnected, unknownOutcome } from './obstacle.ts'

/** What names a transaction to the server that ran it. */
export interface Fate {
  readonly transaction_id: string
  /** When the server's main process began: after a restart or on another server the number may mean another transaction. */
  readonly server_started: string
}

/** How long to ask, and how often: the server needs a moment to notice that the other end of a connection is gone. */
const ASKING_MS_MAX = 5_000
const ASKING_EVERY_MS = 200

/**
 * Commits. A commit that is not answered is asked about on a new connection: it is told as done or as undone only when the server
 * says so, else BrokenState says that it is not known. Returns false where PostgreSQL rolled back, which it does without an error
 * when a statement had failed before.
 */
export async function commit(connection: PostgresConnection, fate: Fate): Promise<boolean> {
  try {
    return (await connection.query('COMMIT')).command === 'COMMIT'
  } catch (error) {
    if (!isDisconnected(error)) throw error
    switch (await fateOf(connection.another(), fate)) {
      case 'committed':
        return true
      case 'aborted':
        throw error
      case 'unknown':
        throw new BrokenState(unknownOutcome(connection.name, error))
    }
  }
}

/** What became of a transaction whose commit was not answered; `unknown` where nobody could be asked. */
async function fateOf(
  connection: PostgresConnection,
  { transaction_id, server_started }: Fate,
): Promise<'committed' | 'aborted' | 'unknown'> {
  const until = performance.now() + ASKING_MS_MAX
  try {
    while (performance.now() < until) {
      const status = await statusOf(connection, transaction_id, server_started).catch(() => null)
      if (status === 'committed' || status === 'aborted') return status
      if (status === 'another server') return 'unknown'
      await sleep(ASKING_EVERY_MS)
    }
    return 'unknown'
  } finally {
    await connection.close()
  }
}

async function statusOf(connection: PostgresConnection, id: string, serverStarted: string): Promise<unknown> {
  await connection.begin('reading')
  try {
    const { rows } = await connection.query(
      `SELECT CASE WHEN pg_postmaster_start_time()::text = $2 THEN pg_xact_status($1::xid8) ELSE 'another server' END AS status`,
      [id, serverStarted],
    )
    return rows[0]?.status
  } finally {
    await connection.rollback()
  }
}
