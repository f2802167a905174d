import { refuse } from '../../domain/refusal.ts'
import { BrokenState } from '../../loop/ports.ts'

/** One part of a cluster's data, with the addresses that a server names it by. */
export interface Shard {
  readonly number: number
  readonly addresses: readonly string[]
  /** Its part of the quotes table as SQL on the server that is asked. */
  readonly table: string
}

/** What a client or a server reported, as the refusal `store_unavailable`; nothing of the answer is used. */
export function unavailable(
  place: string,
  fault: unknown,
  shards: readonly Shard[],
  silent: readonly Shard[],
): BrokenState {
  if (fault instanceof BrokenState) return fault
  const reported = reportedBy(fault)
  const named = shards.find(({ addresses }) => addresses.some(address => reported.includes(address)))
  const shard = named ?? silent[0]
  const who =
    shard === undefined
      ? `ClickHouse at \`${place}\``
      : `shard ${shard.number} (\`${shard.addresses[0]}\`) of ClickHouse at \`${place}\``
  const { refusal } = refuse(
    'store_unavailable',
    `${who} ${isTimeout(reported) ? 'did not answer in time' : 'gave no answer'}; nothing of it was used`,
    shard === undefined
      ? 'see what that server reports; raise `QUOTEY_CLICKHOUSE_TIMEOUT_SECONDS` where it is only slow, then run the command again'
      : 'start that shard again, or wait until it answers, then run the command again; a replay never leaves a shard out',
    {
      cause: isTimeout(reported) ? 'timeout' : 'unreachable',
      database: place,
      shard: shard === undefined ? null : { number: shard.number, address: shard.addresses[0] as string },
      reported: reported.slice(0, 500),
    },
  )
  return new BrokenState(refusal)
}

/** What lies there is not what lies here: rows are missing, there twice, or altered; or the answers contradict each other. */
export const notWhole = (message: string, remedy: string, facts: Parameters<typeof refuse>[3]): BrokenState =>
  new BrokenState(refuse('store_unavailable', message, remedy, { cause: 'not_whole', ...facts }).refusal)

const reportedBy = (fault: unknown): string => {
  const errors = fault instanceof AggregateError ? fault.errors : [fault]
  return errors
    .map(error => (error instanceof Error ? error.message : String(error)))
    .join('; ')
    .trim()
}

/** Code 159 is TIMEOUT_EXCEEDED, 209 SOCKET_TIMEOUT. */
export const isTimeout = (reported: string): boolean => /time(d )?out|Code: (159|209)\b/i.test(reported)
