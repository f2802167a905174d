import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { composeNew, composePorts } from '../../src/compose.ts'
import type { Config } from '../../src/config.ts'
import type { Role } from '../../src/domain/controls.ts'
import type { PolicyDocument } from '../../src/domain/policy.ts'
import { readPolicyText } from '../../src/domain/policy-text.ts'
import type { Result } from '../../src/domain/refusal.ts'
import { addActor } from '../../src/loop/actor.ts'
import { foundInstallation } from '../../src/loop/init.ts'
import type { Ports } from '../../src/loop/ports.ts'

const STARTER_POLICY = new URL('../../policies/starter.yaml', import.meta.url)

export const starterPolicy = (): PolicyDocument =>
  valueIn(readPolicyText(readFileSync(STARTER_POLICY, 'utf8')))

/** The value of a result that must be one; the refusal is the failure's message otherwise. */
export function valueIn<T>(result: Result<T>): T {
  if (result.ok) return result.value
  throw new Error(`refused: ${JSON.stringify(result.refusal)}`)
}

/** The refusal's code of a result that must be one. */
export function codeIn(result: Result<unknown>): string {
  if (!result.ok) return result.refusal.code
  throw new Error(`not refused: ${JSON.stringify(result.value)}`)
}

export interface FreshHome extends AsyncDisposable {
  readonly config: Config
  readonly databasePath: string
  readonly ports: Ports
}

export const configIn = (home: string): Config => ({
  home,
  databaseUrl: null,
  keysFolder: join(home, 'keys'),
  installationId: null,
  keyPassphrase: null,
  checkpointPlace: null,
  actorId: null,
  webhooksFile: join(home, 'webhooks.yaml'),
  clickHouseUrl: null,
  clickHouseShardUrls: [],
  clickHouseTimeoutSeconds: 1,
  secretNamed: () => null,
})

/** A folder that goes away with its test. */
export function scratchFolder(): Disposable & { readonly path: string } {
  const path = mkdtempSync(join(tmpdir(), 'quotey-test-'))
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) }
}

/**
 * A real installation in a temporary folder, with these people in it (a service where the role is scheduler); its database is there
 * too, or in an empty one on a server.
 */
export async function freshHome(
  people: Readonly<Record<string, readonly Role[]>> = {},
  databaseUrl: string | null = null,
): Promise<FreshHome> {
  const folder = mkdtempSync(join(tmpdir(), 'quotey-test-'))
  const config = { ...configIn(join(folder, 'home')), databaseUrl }
  valueIn(await composeNew(config, ports => foundInstallation(ports, starterPolicy())))
  const ports = valueIn(await composePorts(config))
  for (const [id, roles] of Object.entries(people)) {
    const service = roles.includes('scheduler')
    valueIn(await addActor(ports, { id, roles, service, publicKey: null, validUntil: null }))
  }
  return {
    config,
    databasePath: join(config.home, 'quotey.db'),
    ports,
    [Symbol.asyncDispose]: async () => {
      await ports.store.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
