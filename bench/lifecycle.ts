import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { Client } from 'pg'
import { must, newArena, stocked } from '../prove/interleavings/arena.ts'
import { groundOf, type StoreName } from '../prove/interleavings/ground.ts'
import { applyCandidate } from '../src/loop/apply.ts'
import { DRILL_ACTORS } from '../src/loop/drill-fork.ts'
import { rollbackApply } from '../src/loop/rollback.ts'
import { startPostgres, type TestPostgres } from '../test/support/postgres.ts'

/*
 * Apply and rollback end to end, `npm run bench -- lifecycle [turns, default 100] [sqlite|postgres]`: the whole checklist with every
 * signature verified, the rows, the audit entry and the commit forced to disk; beside it a plain insert of one row of the same size with
 * the same durability (SQLite: WAL, synchronous=FULL; PostgreSQL: the same server; one transaction each) on the same disk, in turn.
 */

const turns = Number(process.argv[2] ?? 100)
const store: StoreName = process.argv[3] === 'postgres' ? 'postgres' : 'sqlite'
const started = store === 'postgres' ? await startPostgres({ durable: true }) : null
if (typeof started === 'string') throw new Error(started)
const ground = await groundOf(store, started ?? undefined)
const ports = await newArena(await ground.prepare())

/** A plain insert with the same durability, and its end. */
async function plainInsert(
  server: TestPostgres | null,
): Promise<{ insert: (text: string) => unknown; close: () => Promise<void> }> {
  if (server !== null) {
    const client = new Client({ connectionString: server.url })
    await client.connect()
    await client.query(
      'CREATE TABLE plain_row (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, text text)',
    )
    const insert = (text: string) =>
      client.query({ name: 'plain', text: 'INSERT INTO plain_row (text) VALUES ($1)', values: [text] })
    return { insert, close: () => client.end() }
  }
  const folder = await mkdtemp(join(tmpdir(), 'quotey-bench-'))
  const database = new DatabaseSync(join(folder, 'plain.db'))
  database.exec(
    'PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE row (id INTEGER PRIMARY KEY, text TEXT)',
  )
  const statement = database.prepare('INSERT INTO row (text) VALUES (?)')
  const close = async (): Promise<void> => {
    database.close()
    await rm(folder, { recursive: true })
  }
  return { insert: text => statement.run(text), close }
}

const plain = await plainInsert(started)
const ROW = 'x'.repeat(4000)

const durations: Record<'apply' | 'rollback' | 'plain insert', number[]> = {
  apply: [],
  rollback: [],
  'plain insert': [],
}

async function timed<T>(name: keyof typeof durations, work: () => Promise<T> | T): Promise<T> {
  const began = performance.now()
  const value = await work()
  durations[name].push(performance.now() - began)
  return value
}

const actorId = DRILL_ACTORS.applier.id
for (let turn = 0; turn < turns; turn += 1) {
  const { candidateId } = await stocked(ports, true)
  const applied = must(await timed('apply', () => applyCandidate(ports, { actorId, candidateId })))
  const rollback = {
    actorId,
    applyRecordId: applied.apply_record.id,
    reason: 'measured',
    triggeredAt: null,
  }
  const back = must(await timed('rollback', () => rollbackApply(ports, rollback)))
  if (back.activation.epoch !== applied.activation.epoch + 1)
    throw new Error('the rollback is not the next epoch')
  await timed('plain insert', () => plain.insert(ROW))
}
await plain.close()
await ports.store.close()
await ground[Symbol.asyncDispose]()
await started?.[Symbol.asyncDispose]()

const at = (values: readonly number[], share: number): number =>
  values.toSorted((one, other) => one - other)[
    Math.min(values.length - 1, Math.floor(values.length * share))
  ] as number
console.log(`${store}, ${turns} turns, milliseconds`)
for (const [name, values] of Object.entries(durations)) {
  const ratio = at(values, 0.5) / at(durations['plain insert'], 0.5)
  console.log(
    `${name.padEnd(14)} median ${at(values, 0.5).toFixed(2)}  p95 ${at(values, 0.95).toFixed(2)}  most ${Math.max(...values).toFixed(2)}  x${ratio.toFixed(1)} of a plain insert`,
  )
}
