import { refuse } from '../../domain/refusal.ts'
import { BrokenState } from '../../loop/ports.ts'
import { type ClickHouse, type ClickHousePlace, openClickHouse } from './connection.ts'

/** Opens the ClickHouse that a person named. Throws BrokenState with `bad_input` where nobody named one. */
export const clickHouseAt =
  (url: string | null, place: Omit<ClickHousePlace, 'url'>) => (): Promise<ClickHouse> => {
    if (url !== null) return openClickHouse({ ...place, url })
    throw new BrokenState(
      refuse(
        'bad_input',
        'nobody said which ClickHouse to ask',
        'set `QUOTEY_CLICKHOUSE_URL`, such as `http://user:password@host:8123/database`',
      ).refusal,
    )
  }
