import { appendFileSync, existsSync, readFileSync } from 'node:fs'
import { Worker } from 'node:worker_threads'
import type { ProofOptions } from './main.ts'
import { breakdown, type Figure, promiseFigures, shareText } from './worlds/figures.ts'
import type { WorldResult } from './worlds/run.ts'

/** Worlds between two lines of progress. */
const PROGRESS_EVERY = 50

/**
 * E1 and E2 over simulated worlds, and a second family that breaks the model's form, whose shares are printed and held to
 * nothing. `--worlds N` (default 1000; the second family has a fifth as many), `--seed S`, `--threads T` (default 2), `--out
 * FILE` keeps one line of JSON a world and goes on where a run of the same seed was broken off.
 */
export async function prove(options: ProofOptions): Promise<boolean> {
  const worlds = Number(options.worlds ?? 1000)
  const seed = Number(options.seed ?? 1)
  const threads = Number(options.threads ?? 2)
  const first = await runFamily('first', worlds, seed, threads, options.out)
  const figures = promiseFigures(first)
  console.log(`\n${first.length} worlds of seed ${seed}`)
  for (const line of breakdown(first)) console.log(`  ${line}`)
  console.log('')
  for (const figure of figures) console.log(figureText(figure))
  const second = await runFamily('second', Math.ceil(worlds / 5), seed, threads, options.out)
  console.log('\nworlds that break the form of the model; held to nothing')
  for (const line of breaches(second)) console.log(`  ${line}`)
  return figures.every(({ held }) => held)
}

function figureText({ name, measured, limit, held }: Figure): string {
  return `${limit === null ? '    ' : held ? 'ok  ' : 'FAIL'} ${name}: ${measured}${limit === null ? '' : `, ${limit}`}`
}

async function runFamily(
  family: 'first' | 'second',
  worlds: number,
  seed: number,
  threads: number,
  out: string | undefined,
): Promise<readonly WorldResult[]> {
  const kept = out === undefined ? null : `${out}.${family}.seed${seed}.jsonl`
  const done = new Map<number, WorldResult>()
  if (kept !== null && existsSync(kept)) {
    for (const line of readFileSync(kept, 'utf8').split('\n')) {
      if (line === '') continue
      const result = JSON.parse(line) as WorldResult
      if (result.number < worlds) done.set(result.number, result)
    }
  }
  const open = Array.from({ length: worlds }, (_, number) => number).filter(number => !done.has(number))
  const take = (result: WorldResult): void => {
    done.set(result.number, result)
    if (kept !== null) appendFileSync(kept, `${JSON.stringify(result)}\n`)
    if (done.size % PROGRESS_EVERY === 0) console.log(progressText(family, worlds, [...done.values()]))
  }
  await Promise.all(Array.from({ length: threads }, () => work(family, seed, open, take)))
  return [...done.values()].sort((left, right) => left.number - right.number)
}

/** One thread that takes the next world until none is left. */
function work(
  family: 'first' | 'second',
  seed: number,
  open: number[],
  take: (result: WorldResult) => void,
): Promise<void> {
  const worker = new Worker(new URL('./worlds/thread.ts', import.meta.url), { workerData: { seed, family } })
  return new Promise((resolve, reject) => {
    const next = (): void => {
      const number = open.shift()
      if (number === undefined) void worker.terminate().then(() => resolve())
      else worker.postMessage(number)
    }
    worker.on('message', (result: WorldResult) => {
      take(result)
      next()
    })
    worker.on('error', reject)
    next()
  })
}

function progressText(family: string, worlds: number, done: readonly WorldResult[]): string {
  const deltas = done.flatMap(({ proposals }) => proposals.map(({ delta }) => delta))
  const harmed = deltas.filter(delta => delta < 0).length
  return `  ${family}: ${done.length} of ${worlds} worlds, harmful proposals ${shareText(harmed, deltas.length)}`
}

/** By breach: what was proposed, what of it harms, and what a reader would have seen. */
function breaches(worlds: readonly WorldResult[]): readonly string[] {
  return [...Map.groupBy(worlds, ({ breach }) => breach)].flatMap(([breach, members]) => {
    const deltas = members.flatMap(({ proposals }) => proposals.map(({ delta }) => delta))
    const parts = members.flatMap(({ proposals }) => proposals.flatMap(proposal => proposal.parts))
    const harmed = (of: readonly number[]): string =>
      shareText(of.filter(delta => delta < 0).length, of.length)
    const seen = countsOf(
      members.flatMap(({ verdict, findings }) => [`history ${verdict}`, ...new Set(findings)]),
    )
    return [
      `${breach}: ${members.length} worlds, proposing ${members.filter(({ proposals }) => proposals.length > 0).length}`,
      `  harmful proposals ${harmed(deltas)}; harmful single changes ${harmed(parts)}`,
      `  a reader sees: ${seen}`,
    ]
  })
}

const countsOf = (words: readonly string[]): string =>
  [...Map.groupBy(words, word => word)]
    .sort(([, left], [, right]) => right.length - left.length)
    .map(([word, members]) => `${word} ${members.length}`)
    .join(', ')
