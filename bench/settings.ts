import assert from 'node:assert/strict'
import { PeerProcess } from './peers/peer-process.ts'

/*
 * What do a thousand settings of a policy of 12 rules decide on the same generated quotes, from a list of ten prices? Each peer runs in
 * a process of its own and gives a thousand tallies, the same to the last integer; what was asked about a hundredth or a tenth of the
 * quotes says so, and its time for all of them is reckoned from that.
 *
 *     npm run bench -- settings                            1 million quotes; about two minutes on two quiet cores
 *     npm run bench -- settings 100000 settings-columnar   so many quotes, only those peers
 */

const ROUNDS = 3

interface Line {
  readonly name: string
  readonly title: string
  /** Of how many quotes one is looked at. */
  readonly oneIn: number
  readonly rounds: number
}

const SETTINGS: readonly Line[] = [
  { name: 'settings-columnar', title: 'columnar, many settings at once', oneIn: 1, rounds: ROUNDS },
  {
    name: 'settings-columnar-prepared',
    title: 'columnar, classes of rows found beforehand',
    oneIn: 1,
    rounds: ROUNDS,
  },
  { name: 'settings-loop-cells', title: 'loop over distinct quotes, 1 thread', oneIn: 1, rounds: ROUNDS },
  {
    name: 'settings-duckdb-cells',
    title: 'DuckDB over distinct quotes, 2 threads',
    oneIn: 1,
    rounds: ROUNDS,
  },
  { name: 'settings-loop', title: 'loop over typed arrays, 1 thread', oneIn: 10, rounds: ROUNDS },
  { name: 'settings-duckdb', title: 'DuckDB cross join, 2 threads', oneIn: 100, rounds: 1 },
]

const SEPARABLE: readonly Line[] = [
  { name: 'separable-columnar', title: 'columnar, many settings at once', oneIn: 1, rounds: ROUNDS },
  {
    name: 'separable-columnar-prepared',
    title: 'columnar, classes of rows found beforehand',
    oneIn: 1,
    rounds: ROUNDS,
  },
  { name: 'separable-prefix-sums', title: 'prefix sums written by hand', oneIn: 1, rounds: ROUNDS },
]

const numbers = process.argv.slice(2).filter(word => /^\d+$/.test(word))
const named = process.argv.slice(2).filter(word => !/^\d+$/.test(word))
const rows = Number(numbers[0] ?? 1_000_000)

await table('1,000 settings of two caps and a threshold of approval', SETTINGS)
await table('1,000 settings of thresholds that change no price', SEPARABLE)

async function table(title: string, all: readonly Line[]): Promise<void> {
  const lines = all.filter(({ name }) => named.length === 0 || named.includes(name))
  if (lines.length === 0) return
  const known = new Map<number, unknown>()
  const runs: Run[] = []
  for (const line of lines) {
    const size = Math.ceil(rows / line.oneIn)
    if (line.oneIn > 1) known.set(size, await columnarAnswer(size))
    const peer = await PeerProcess.start(line.name, size)
    runs.push({ line, peer, firstSeconds: 0, seconds: Infinity, cpuSeconds: Infinity, peakMegabytes: 0 })
  }
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const run of runs.filter(({ line }) => round < line.rounds)) {
      const { tally, seconds, cpuSeconds, peakMegabytes } = await run.peer.ask()
      if (!known.has(run.peer.rows)) known.set(run.peer.rows, tally)
      assert.deepEqual(tally, known.get(run.peer.rows), `${run.line.name} decides otherwise`)
      if (round === 0) run.firstSeconds = seconds
      run.seconds = Math.min(run.seconds, seconds)
      run.cpuSeconds = Math.min(run.cpuSeconds, cpuSeconds)
      run.peakMegabytes = peakMegabytes
    }
  }
  for (const { peer } of runs) await peer.end()
  print(title, runs)
}

interface Run {
  readonly line: Line
  readonly peer: PeerProcess
  /** Of the first call, for which nothing was compiled yet. */
  firstSeconds: number
  seconds: number
  cpuSeconds: number
  peakMegabytes: number
}

/** What those are held against that look at fewer quotes than the others. */
async function columnarAnswer(size: number): Promise<unknown> {
  const peer = await PeerProcess.start('settings-columnar', size)
  const { tally } = await peer.ask()
  await peer.end()
  return tally
}

function print(title: string, runs: readonly Run[]): void {
  const seconds = (run: Run, of: number, digits: number): string =>
    `${(of * run.line.oneIn).toFixed(digits)} s`.padStart(12)
  const whole = ({ line, seconds }: Run): number => seconds * line.oneIn
  const first = runs[0] as Run
  const heads = ['first call', 'best call', 'processor'].map(head => head.padStart(12)).join('')
  console.log(`\n${title}, ${rows.toLocaleString('en')} quotes; all answers are the same`)
  console.log(`  ${''.padEnd(44)}${heads}${'peak'.padStart(10)}  times the first line`)
  for (const run of runs) {
    const { line, peakMegabytes } = run
    const share = line.oneIn === 1 ? '' : `  (reckoned from one quote in ${line.oneIn})`
    const times = [
      seconds(run, run.firstSeconds, 3),
      seconds(run, run.seconds, 3),
      seconds(run, run.cpuSeconds, 2),
    ].join('')
    const peak = `${Math.round(peakMegabytes)} MB`.padStart(10)
    const ratio = (whole(run) / whole(first)).toPrecision(2)
    console.log(`  ${line.title.padEnd(44)}${times}${peak}  ${ratio}${share}`)
  }
}
