import { join } from 'node:path'
import { composeBackup, composePorts, composeRestored } from '../../src/compose.ts'
import type { Config } from '../../src/config.ts'
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
  const config = { ...installed.config, home: join(installed.folder, `home-${name}`), databaseUrl }
  succeeded(await composeRestored(config, backup))
  return { config, ports: succeeded(await composePorts(config)) }
}
