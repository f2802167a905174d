import { cp } from 'node:fs/promises'
import { join } from 'node:path'
import { composeBackup, composePorts, composeRestored } from '../../src/compose.ts'
import { type Config, readConfig } from '../../src/config.ts'
import type { Ports } from '../../src/loop/ports.ts'
import { succeeded, type TestInstallation } from './installation.ts'

/** An installation moved into an empty database on a server by backup and restore, with its owners' keys. */
export async function restoredIn(
  databaseUrl: string,
  installed: TestInstallation,
): Promise<{ readonly config: Config; readonly ports: Ports }> {
  const name = new URL(databaseUrl).pathname.slice(1)
  const backup = join(installed.folder, `backup-${name}`)
  succeeded(await composeBackup(installed.config, backup))
  const home = join(installed.folder, `home-${name}`)
  const config = { ...readConfig({ home }, {}), databaseUrl }
  succeeded(await composeRestored(config, backup))
  await cp(installed.config.keysFolder, config.keysFolder, { recursive: true })
  return { config, ports: succeeded(await composePorts(config)) }
}
