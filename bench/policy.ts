import assert from 'node:assert/strict'
import { PeerProcess, peersInstalled } from './peers/peer-process.ts'

/*
 * What does one policy of 12 rules decide on the same generated quotes? Each peer runs in a process of its own; all are asked in
 * turn, round after round, so that a busy moment meets all of them alike. Prints the best round of each, and nothing before all
 * answers are the same to the last integer.
 *
 *     npm run bench -- policy                     1 million quotes, fewer for slow peers, then 10 million for the fast ones
 *     npm run bench -- policy 200000 arrays zen   so many quotes (at most), only those peers
 */

/** A loop is compiled well only after some rounds; what takes seconds a round needs fewer. */
const FAST_ROUNDS = 25
const SLOW_ROUNDS = 5
const YARDSTICKS = ['duckdb', 'arrays'] as const

/** By name: how the line reads, and the most quotes it is asked about; what is not named here runs at any size. */
const FAST: Readonly<Record<string, string>> = {
  'columnar-2': 'columnar, 2 threads',
  'columnar-1': 'columnar, 1 thread',
  branchless: 'loop over typed arrays without branches, 1 thread',
  arrays: 'loop over typed arrays, 1 thread',
  objects: 'loop over objects, 1 thread',
  duckdb: 'DuckDB SQL on integer codes, 2 threads',
  chdb: 'chdb SQL on integer codes, 2 threads',
}
const SLOW: Readonly<Record<string, readonly [title: string, rowsMax: number]>> = {
  sqlite: ['SQLite SQL on integer codes', 1_000_000],
  oracle: ['oracle, quote by quote', 100_000],
  'cel-js': ['@marcbachmann/cel-js', 100_000],
  'cel-es': ['@bufbuild/cel', 100_000],
  'zen-engine': ['@gorules/zen-engine', 20_000],
  'json-rules-engine': ['json-rules-engine', 20_000],
}

interface Best {
  readonly name: string
  readonly rows: number
  seconds: number
  cpuSeconds: number
  peakMegabytes: number
}

const numbers = process.argv.slice(2).filter(word => /^\d+$/.test(word))
const named = process.argv.slice(2).filter(word => !/^\d+$/.test(word))
const wanted = (names: readonly string[]): string[] =>
  names.filter(name => (named.length === 0 || named.includes(name)) && peersInstalled(name))
const sizes = numbers.length > 0 ? numbers.map(Number) : [1_000_000, 10_000_000]

const slow = await measured(
  wanted(Object.keys(SLOW)).map(name => [name, Math.min(sizes[0] as number, SLOW[name]?.[1] as number)]),
  SLOW_ROUNDS,
)
for (const [at, rows] of sizes.entries()) {
  const fast = await measured(
    wanted(Object.keys(FAST)).map(name => [name, rows]),
    FAST_ROUNDS,
  )
  print(rows, at === 0 ? [...fast, ...slow] : fast)
}

/** Asks the peers round by round; those with as many quotes must give the same answer. */
async function measured(
  asked: readonly (readonly [name: string, rows: number])[],
  rounds: number,
): Promise<readonly Best[]> {
  const peers: PeerProcess[] = []
  // One after the other, because to make many millions of quotes in all processes at once would want their memory twice.
  for (const [name, rows] of asked) peers.push(await PeerProcess.start(name, rows))
  const best = peers.map(
    ({ name, rows }): Best => ({ name, rows, seconds: Infinity, cpuSeconds: Infinity, peakMegabytes: 0 }),
  )
  const answers = new Map<number, unknown>()
  for (let round = 0; round < rounds; round += 1) {
    for (const [at, peer] of peers.entries()) {
      const { tally, seconds, cpuSeconds, peakMegabytes } = await peer.ask()
      if (!answers.has(peer.rows)) answers.set(peer.rows, tally)
      assert.deepEqual(tally, answers.get(peer.rows), `${peer.name} decides otherwise`)
      const line = best[at] as Best
      line.seconds = Math.min(line.seconds, seconds)
      line.cpuSeconds = Math.min(line.cpuSeconds, cpuSeconds)
      line.peakMegabytes = peakMegabytes
    }
  }
  for (const peer of peers) await peer.end()
  return best
}

function print(rows: number, lines: readonly Best[]): void {
  const rate = (line: Best): number => line.rows / line.seconds
  const yardsticks = YARDSTICKS.map(name => lines.find(line => line.name === name))
  console.log(`\none policy of 12 rules, ${rows.toLocaleString('en')} quotes; all answers are the same`)
  console.log(
    `  ${`best of ${FAST_ROUNDS}, of ${SLOW_ROUNDS} for slow ones`.padEnd(50)}${'quotes/s'.padStart(14)}${'processor'.padStart(18)}${'peak'.padStart(9)}  times ${YARDSTICKS.join(', ')}`,
  )
  for (const line of lines) {
    const title = FAST[line.name] ?? `${SLOW[line.name]?.[0]}, ${line.rows.toLocaleString('en')} quotes`
    const ratios = yardsticks.map(of => (of === undefined ? '-' : times(rate(line) / rate(of))))
    const nanoseconds = Math.round((line.cpuSeconds * 1e9) / line.rows).toLocaleString('en')
    console.log(
      `  ${title.padEnd(50)}${Math.round(rate(line)).toLocaleString('en').padStart(14)}${`${nanoseconds} ns/quote`.padStart(18)}${`${Math.round(line.peakMegabytes)} MB`.padStart(9)}  ${ratios.join(', ')}`,
    )
  }
}

function times(ratio: number): string {
  return ratio < 0.095 ? `1/${Math.round(1 / ratio)}` : ratio.toFixed(1)
}
