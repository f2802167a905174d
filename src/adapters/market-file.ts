import { createWriteStream, existsSync } from 'node:fs'
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, extname } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { type MarketOptions, marketTruth, simulateQuotes } from '../domain/market.ts'
import { csvHeader, csvLine } from '../domain/market-csv.ts'
import type { MarketTruth } from '../domain/market-truth.ts'
import type { CheckedPolicy } from '../domain/policy.ts'
import { checkPolicyText } from '../domain/policy-text.ts'
import type { Quote } from '../domain/quote.ts'
import { done, type Result, refuse } from '../domain/refusal.ts'
import type { Progress } from '../loop/ports.ts'
import { STARTER_POLICY } from './starter-policy.ts'

const QUOTES_MAX = 100_000_000
const SEED_MAX = 4_294_967_295
const LINES_PER_CHUNK = 500

/** A market as asked for; without a policy the starter policy is in force. */
export type MarketFileOptions = Omit<MarketOptions, 'policy'> & { readonly policy?: CheckedPolicy }

/** What was written, JSON names. */
export interface MarketFile {
  readonly path: string
  readonly truth_path: string
  readonly quotes: number
  readonly won: number
  readonly lost: number
  readonly open: number
}

/**
 * Simulates a market into a CSV with canonical columns, and its truth beside it as `PATH.truth.json`. Streams, so memory does
 * not grow with the number of quotes; the file appears under its name only when it is whole. Refuses `bad_input` on another
 * ending than `.csv`, on a seed or number of quotes out of range, on a place that cannot be written, and on a file that no earlier
 * simulation made: those may be somebody's own quotes.
 */
export async function writeMarketFile(
  path: string,
  options: MarketFileOptions,
  progress: Progress = () => undefined,
): Promise<Result<MarketFile>> {
  const faulty = faultOf(path, options)
  if (faulty !== null) return faulty
  const policy = options.policy === undefined ? await starterPolicy() : done(options.policy)
  if (!policy.ok) return policy
  try {
    return done(
      await writeMarket(path, marketTruth({ ...options, policy: policy.value }), policy.value, progress),
    )
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code
    if (code === undefined) throw error
    return refuse('bad_input', `cannot write \`${path}\``, 'name a file in a folder you may write to', {
      code,
    })
  }
}

async function writeMarket(
  path: string,
  truth: MarketTruth,
  policy: CheckedPolicy,
  progress: Progress,
): Promise<MarketFile> {
  const truthPath = truthPathOf(path)
  await mkdir(dirname(path), { recursive: true })
  const counts = await writeWhole(path, async partial => {
    const counted = { won: 0, lost: 0, open: 0 }
    const chunks = csvChunks(truth, policy, counted, progress)
    await pipeline(Readable.from(chunks, { objectMode: true }), createWriteStream(partial))
    return counted
  })
  await writeWhole(truthPath, partial => writeFile(partial, `${JSON.stringify(truth, null, 2)}\n`))
  return { path, truth_path: truthPath, quotes: truth.quotes, ...counts }
}

const truthPathOf = (path: string): string => `${path}.truth.json`

/** The policy that a new installation and a simulated market begin with. */
export const starterPolicy = async (): Promise<Result<CheckedPolicy>> =>
  checkPolicyText(await readFile(STARTER_POLICY, 'utf8'))

function faultOf(path: string, options: MarketFileOptions) {
  if (extname(path).toLowerCase() !== '.csv') {
    return refuse('bad_input', `cannot write \`${path}\``, 'give a file name that ends in .csv', { path })
  }
  if (existsSync(path) && !existsSync(truthPathOf(path))) {
    const message = `\`${path}\` is there, and no simulation made it`
    return refuse('bad_input', message, 'name a new file, so that none of yours is overwritten', { path })
  }
  if (!isWithin(options.seed, 0, SEED_MAX)) {
    return refuse('bad_input', `seed \`${options.seed}\` is out of range`, `give an integer 0..${SEED_MAX}`)
  }
  if (!isWithin(options.quotes, 1, QUOTES_MAX)) {
    return refuse('bad_input', `\`${options.quotes}\` quotes cannot be made`, `ask for 1..${QUOTES_MAX}`)
  }
  return null
}

const isWithin = (value: number, min: number, max: number): boolean =>
  Number.isSafeInteger(value) && value >= min && value <= max

function* csvChunks(
  truth: MarketTruth,
  policy: CheckedPolicy,
  counted: Record<Quote['outcome'], number>,
  progress: Progress,
): Generator<string> {
  const lines = [csvHeader()]
  let written = 0
  for (const quote of simulateQuotes(truth, policy)) {
    lines.push(csvLine(quote))
    counted[quote.outcome] += 1
    written += 1
    if (lines.length < LINES_PER_CHUNK) continue
    yield lines.splice(0).join('')
    progress('simulating quotes', written, truth.quotes)
  }
  yield lines.join('')
  progress('simulating quotes', written, truth.quotes)
}

/** Writes beside the place and renames, so that nobody reads half a file. */
async function writeWhole<T>(path: string, write: (partial: string) => Promise<T>): Promise<T> {
  const partial = `${path}.partial`
  try {
    const written = await write(partial)
    await rename(partial, path)
    return written
  } catch (error) {
    await rm(partial, { force: true })
    throw error
  }
}
