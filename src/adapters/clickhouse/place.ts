import { refuse } from '../../domain/refusal.ts'
import { BrokenState } from '../../loop/ports.ts'
import { type ClickHouse, openClickHouse } from './connection.ts'

/** Opens the ClickHouse that a person named. Throws BrokenState with `bad_input` where nobody named one. */
export const clickHouseAt = (url: string | null, timeoutSeconds: number) => (): Promise<ClickHouse> => {
  if (url !== null) return openClickHouse({ url, timeoutSeconds })
  throw new BrokenState(
    refuse(
      'bad_input',
      'nobody said which ClickHouse to ask',
      'set `QUOTEY_CLICKHOUSE_URL`, such as `http://user:password@host:8123/database`',
    ).refusal,
  )
}
