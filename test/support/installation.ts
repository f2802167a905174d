import assert from 'node:assert/strict'
import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { readTextFile } from '../../src/adapters/files.ts'
import { composeNew, composePorts } from '../../src/compose.ts'
import { type Config, readConfig } from '../../src/config.ts'
import type { PolicyDocument } from '../../src/domain/policy.ts'
import { readPolicyText } from '../../src/domain/policy-text.ts'
import type { Refusal, RefusalCode, Result } from '../../src/domain/refusal.ts'
import { addActor } from '../../src/loop/actor.ts'
import { foundInstallation } from '../../src/loop/init.ts'
import type { Ports } from '../../src/loop/ports.ts'

/** A real installation in a temporary folder: database, keys, snapshots, all as on a user's machine. */
export interface TestInstallation {
  readonly folder: string
  readonly config: Config
  readonly ports: Ports
  /** Closes it and removes its folder. */
  remove(): Promise<void>
}

/** The people every test knows; two runtime owners, so that one can approve and the other apply. */
export const PEOPLE = {
  ana: ['revenue_ops'],
  ruth: ['runtime_owner'],
  rex: ['runtime_owner'],
  sam: ['safety_owner'],
  both: ['runtime_owner', 'safety_owner'],
} as const

const STARTER = fileURLToPath(new URL('../../policies/starter.yaml', import.meta.url))

/** A fresh installation under a policy, by default the starter policy, with PEOPLE and a scheduler called `cron`. */
export async function newInstallation(policy?: PolicyDocument): Promise<TestInstallation> {
  const folder = await mkdtemp(join(tmpdir(), 'quotey-test-'))
  const config = readConfig({ home: join(folder, 'home') }, {})
  const document = policy ?? succeeded(readPolicyText(succeeded(await readTextFile(STARTER))))
  succeeded(await composeNew(config, ports => foundInstallation(ports, document)))
  const opened = await open(folder)
  const add = (id: string, roles: readonly string[], service = false) =>
    addActor(opened.ports, { id, roles, service, publicKey: null, validUntil: null })
  for (const [id, roles] of Object.entries(PEOPLE)) succeeded(await add(id, roles))
  succeeded(await add('cron', ['scheduler'], true))
  return opened
}

/** A copy of an installation as it stands, for tests that each want to spoil their own. Its keys come along. */
export async function copyOf(original: TestInstallation): Promise<TestInstallation> {
  const folder = await mkdtemp(join(tmpdir(), 'quotey-test-'))
  await cp(original.folder, folder, { recursive: true })
  return open(folder)
}

async function open(folder: string): Promise<TestInstallation> {
  const config = readConfig({ home: join(folder, 'home') }, {})
  const ports = succeeded(await composePorts(config))
  const remove = async (): Promise<void> => {
    await ports.store.close()
    await rm(folder, { recursive: true, force: true })
  }
  return { folder, config, ports, remove }
}

/** The value of a result that must not be a refusal. */
export function succeeded<T>(result: Result<T>): T {
  assert.ok(result.ok, result.ok ? '' : JSON.stringify(result.refusal, null, 2))
  return result.value
}

/** The refusal of a result that must be one, with this code and with a remedy. */
export function refusedWith(code: RefusalCode, result: Result<unknown>): Refusal {
  assert.ok(!result.ok, `expected ${code}, got ${JSON.stringify(result)}`)
  assert.equal(result.refusal.code, code, JSON.stringify(result.refusal))
  assert.ok(result.refusal.remedy.length > 0)
  return result.refusal
}

/** The same ports with a clock that runs ahead by so many days. */
export const daysLater = (ports: Ports, days: number): Ports => ({
  ...ports,
  clock: {
    ...ports.clock,
    now: () => new Date(Date.parse(ports.clock.now()) + days * 86_400_000).toISOString(),
    monotonicMs: () => ports.clock.monotonicMs(),
  },
})
