import { join } from 'node:path'
import { writeMarketFile } from '../../adapters/market-file.ts'
import { STARTER_POLICY } from '../../adapters/starter-policy.ts'
import type { CheckedPolicy, PolicyDocument } from '../../domain/policy.ts'
import { practisedPolicy } from '../../domain/practised-policy.ts'
import { done, type Result } from '../../domain/refusal.ts'
import type { PolicyVersion } from '../../domain/units.ts'
import type { Ports } from '../../loop/ports.ts'
import { policyOfFile } from '../policy-file.ts'

/** What the reader asked the run to work on. */
export interface Ground {
  /** The reader's own file of quotes; null for simulated ones. */
  readonly history: string | null
  readonly map: string | null
  /** The policy in force; null for the starter policy (simulated) or the policy as practised (own quotes). */
  readonly policy: string | null
  readonly seed: number
  readonly quotes: number
}

/** A file of quotes to import. */
export interface QuoteSource {
  readonly path: string
  readonly name: string
  readonly map: string | null
}

/** The reader's file, or simulated quotes written to `folder`. */
export async function quotesOf(ground: Ground, folder: string, ports: Ports): Promise<Result<QuoteSource>> {
  if (ground.history !== null) return done({ path: ground.history, name: ground.history, map: ground.map })
  const path = join(folder, 'quotes.csv')
  const { seed, quotes } = ground
  const written = await writeMarketFile(path, { seed, quotes }, ports.progress)
  return written.ok ? done({ path, name: `simulated market, seed ${seed}`, map: null }) : written
}

/** The policy in force when the run begins. */
export async function policyOf(ground: Ground, ports: Ports): Promise<Result<PolicyDocument>> {
  if (ground.policy === null && ground.history !== null) {
    const read = await ports.quoteFiles.read(ground.history, ground.map, null)
    return read.ok ? done(practisedPolicy(read.value.columns)) : read
  }
  const checked = await policyOfFile(ground.policy ?? STARTER_POLICY)
  return checked.ok ? done(checked.value.document) : checked
}

const FOLLOWING_PERIOD = { from: '2026-07-01T00:00:00.000Z', to: '2026-10-01T00:00:00.000Z' }

/** Simulated quotes of the quarter after the history, decided under the applied policy. */
export async function outcomesUnder(
  ground: Ground,
  folder: string,
  applied: { readonly policy: CheckedPolicy; readonly version: PolicyVersion },
  ports: Ports,
): Promise<Result<string>> {
  const path = join(folder, 'outcomes.csv')
  const written = await writeMarketFile(
    path,
    {
      seed: ground.seed + 1,
      quotes: Math.ceil(ground.quotes / 4),
      policy: applied.policy,
      policyVersion: applied.version,
      ...FOLLOWING_PERIOD,
    },
    ports.progress,
  )
  return written.ok ? done(path) : written
}
