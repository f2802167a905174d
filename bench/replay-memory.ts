import { execFile } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { columnarEngine } from '../src/adapters/columnar/engine.ts'
import { permuteRows, scatteredOrder } from '../src/domain/permute.ts'
import { WHOLE_SNAPSHOT } from '../src/domain/replay.ts'
import { generatedColumns, generatedModel } from './generated-columns.ts'
import { capsLoweredBy, twelveRules } from './twelve-rules.ts'

export interface ReplayMemory {
  /** Of the typed arrays, without quote ids and dictionaries. */
  readonly columnsBytes: number
  /** Beyond what the process held before, at most. */
  readonly moreBytes: number
}

/** Linux alone tells a process's peak and sets it back. */
export const TELLS_PEAKS = process.platform === 'linux'

/**
 * How much memory one replay of the policy of 12 rules with a response model takes besides the columns it is about, of quotes that stand in
 * no order: of this file as a program of its own.
 */
export async function replayMemory(rows: number, threads: number, candidates: number): Promise<ReplayMemory> {
  const words = [rows, threads, candidates].map(String)
  const file = fileURLToPath(import.meta.url)
  const { stdout } = await promisify(execFile)(process.execPath, ['--expose-gc', file, ...words])
  return JSON.parse(stdout)
}

if (import.meta.main) {
  const words = process.argv.slice(2).map(Number) as [number, number, number]
  process.stdout.write(JSON.stringify(await measured(...words)))
}

async function measured(rows: number, threads: number, candidates: number): Promise<ReplayMemory> {
  const base = twelveRules()
  const columns = permuteRows(generatedColumns(rows), scatteredOrder(rows))
  // What was let go of is given back to the system a little later.
  for (let turn = 0; turn < 3; turn += 1) {
    globalThis.gc?.()
    await setTimeout(100)
  }
  const before = process.memoryUsage.rss()
  // 5 sets the peak back to what is held now: proc_pid_clear_refs(5).
  writeFileSync('/proc/self/clear_refs', '5')
  const engine = columnarEngine({ threads })
  await engine.evaluate({
    snapshotDigest: 'sha256:bench',
    columns,
    base,
    candidates: Array.from({ length: candidates }, (_, at) => capsLoweredBy(base, 10 * (at + 1))),
    scope: WHOLE_SNAPSHOT,
    model: generatedModel(),
  })
  const memory = { columnsBytes: bytesOf(columns), moreBytes: peakBytes() - before }
  await engine.close()
  return memory
}

function peakBytes(): number {
  const [, kilobytes] = /VmHWM:\s+(\d+) kB/.exec(readFileSync('/proc/self/status', 'utf8')) ?? []
  if (kilobytes === undefined) throw new Error('/proc/self/status tells no VmHWM')
  return Number(kilobytes) * 1024
}

/** Of all typed arrays in it. */
function bytesOf(value: unknown): number {
  if (ArrayBuffer.isView(value)) return value.byteLength
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return 0
  return Object.values(value).reduce((sum: number, part) => sum + bytesOf(part), 0)
}
