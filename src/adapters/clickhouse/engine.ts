import { refuse } from '../../domain/refusal.ts'
import type { ReplayEngine, ReplaySums, ReplayTask } from '../../domain/replay.ts'
import { BrokenState } from '../../loop/ports.ts'
import { type Answers, assembleSums, type Row } from '../sql/assemble.ts'
import { contradiction } from '../sql/complete.ts'
import { quotesOfHistory } from '../sql/history.ts'
import { askAbout, askHistory, type CandidateInSql, type QuotesInSql } from '../sql/questions.ts'
import { quoteColumnOf } from '../sql/quotes.ts'
import { type LastMover, MOVER_SIGNS, type MoverSign, standingQuestion } from '../sql/sums.ts'
import type { ClickHouse } from './connection.ts'
import { CLICKHOUSE, text } from './dialect.ts'
import { fingerprintOf, fingerprintText, NO_ROWS, sameRows, together } from './fingerprint.ts'
import { type ArrivedSnapshot, arrivedBatches, arrivedSnapshot, inBatches } from './presence.ts'
import { attributeNames } from './table-row.ts'
import { QUOTES_TABLE } from './tables.ts'
import { notWhole } from './unavailable.ts'

/**
 * The SQL engine on ClickHouse: only sums come back. A task's quotes must have been pushed there; before anything is asked, the server adds up the
 * fingerprint of its rows, which must be that of the task's. Throws BrokenState where rows are missing, a shard gives no answer, or one
 * answer is about fewer quotes than another.
 */
export function clickHouseEngine(open: () => Promise<ClickHouse>): ReplayEngine {
  return {
    name: 'clickhouse',
    async evaluate(task, progress) {
      const database = await open()
      try {
        const arrived = await provenArrival(database, task)
        const source = pushedQuotes(task, arrived)
        const history = await askHistory(question => database.ask(question), source)
        agree(database, 'history', task.columns.rows, quotesOfHistory(history))
        const sums: ReplaySums[] = []
        for (const candidate of task.candidates) {
          const { answers, sql } = await askAbout(
            question => database.ask(question),
            source,
            task,
            history,
            candidate,
          )
          const against = contradiction(answers, task.columns.rows)
          if (against !== null) agree(database, against.question, against.expected, against.found)
          await checkMovers(database, answers, sql)
          sums.push(assembleSums(answers))
          progress?.(sums.length, task.candidates.length)
        }
        return sums
      } finally {
        await database.close()
      }
    },
    close: async () => undefined,
  }
}

/** Refuses a task whose quotes do not lie there whole. */
async function provenArrival(
  database: ClickHouse,
  { snapshotDigest, columns }: ReplayTask,
): Promise<ArrivedSnapshot> {
  const arrived = await arrivedSnapshot(database, snapshotDigest)
  if (arrived === null) {
    throw new BrokenState(
      refuse(
        'not_found',
        `the snapshot \`${snapshotDigest}\` never arrived whole in ClickHouse at \`${database.place}\``,
        'move it there with `quotey history push`, then run the command again',
        { database: database.place, snapshot: snapshotDigest },
      ).refusal,
    )
  }
  const batches = await arrivedBatches(database, inBatches(snapshotDigest, arrived.batches))
  const expected = fingerprintOf(columns)
  const found = batches.reduce((sum, batch) => together(sum, batch.fingerprint), NO_ROWS)
  if (sameRows(found, expected)) return arrived
  throw notWhole(
    `ClickHouse at \`${database.place}\` holds other rows of the snapshot \`${snapshotDigest}\` than were pushed`,
    'see which shard lost or repeated rows; `quotey history push` sends what is missing again',
    {
      database: database.place,
      rows_expected: expected.rows,
      rows_found: found.rows,
      fingerprint_expected: fingerprintText(expected),
      fingerprint_found: fingerprintText(found),
    },
  )
}

function agree(database: ClickHouse, question: string, expected: number, found: number): void {
  if (expected === found) return
  throw notWhole(
    `ClickHouse at \`${database.place}\` answered \`${question}\` for ${found} quotes of ${expected}`,
    'see that every shard answers and nobody changes the rows meanwhile, then run the command again',
    { database: database.place, question, quotes_expected: expected, quotes_found: found },
  )
}

/** Those who lose, or gain, most come without a count of all: so it is asked whether as many stand at or before the last of them. */
async function checkMovers(
  database: ClickHouse,
  answers: Answers,
  { scored }: CandidateInSql,
): Promise<void> {
  const last = (sign: MoverSign): LastMover | null => {
    const row = answers[sign].at(-1)
    return row === undefined
      ? null
      : { quoteId: String(row.quote_id), delta: BigInt(row.mover_delta as string) }
  }
  const lasts = { losing: last('losing'), gaining: last('gaining') }
  if (lasts.losing === null && lasts.gaining === null) return
  const [standing] = (await database.ask(standingQuestion(scored, lasts, CLICKHOUSE))) as [Row]
  const [all] = answers.byDimension.filter(row => row.dimension === 'all')
  agree(database, 'standing of movers', Number(all?.scored ?? 0), Number(standing.scored))
  for (const sign of MOVER_SIGNS) {
    agree(database, `standing of ${sign} quotes`, answers[sign].length, Number(standing[sign]))
  }
}

/** The rows of a snapshot that arrived, with the columns that the stages name. */
function pushedQuotes({ columns, snapshotDigest }: ReplayTask, { batches }: ArrivedSnapshot): QuotesInSql {
  const names = attributeNames(columns)
  const attributes = Object.entries(columns.attributes).map(([name, { kind }], at) => {
    const [array, index] =
      kind === 'text'
        ? ['text_attributes', names.texts.indexOf(name)]
        : ['integer_attributes', names.integers.indexOf(name)]
    return `${array}[${Number(index) + 1}] AS attribute_${at},`
  })
  const quotes = `
    SELECT
      place,
      quote_id,
      segment,
      region,
      product_family,
      cluster,
      list_cents,
      cost_cents,
      requested_discount_bps,
      granted_discount_bps AS logged_discount_bps,
      approval_required AS logged_approval,
      approval_outcome,
      approval_latency_seconds,
      ${attributes.join('\n      ')}
      outcome <> ${text('open')} AS closed,
      quoted_at_ms,
      quote_group
    FROM ${QUOTES_TABLE}
    WHERE ${inBatches(snapshotDigest, batches)}`
  return { dialect: CLICKHOUSE, quotes, columnOf: quoteColumnOf(columns) }
}
