import type { DatabasePlace } from '../../src/adapters/home-database.ts'
import { composeNew, composePorts } from '../../src/compose.ts'
import { type Config, readConfig } from '../../src/config.ts'
import { NO_HISTORY } from '../../src/domain/drill-history.ts'
import { done, type Result } from '../../src/domain/refusal.ts'
import type { Ports } from '../../src/loop/ports.ts'

/** A store under proof, described so that another process can open it too: JSON of a DatabasePlace. */
export type Connection = string

export const connectionTo = (place: DatabasePlace): Connection => JSON.stringify(place)

function configOf(connection: Connection): Config {
  const { home, databaseUrl } = JSON.parse(connection) as DatabasePlace
  return readConfig({ home }, { QUOTEY_DATABASE_URL: databaseUrl ?? undefined })
}

/** Founds an installation there. */
export const found = (
  connection: Connection,
  work: (ports: Ports) => Promise<Result<unknown>>,
): Promise<Result<unknown>> => composeNew(configOf(connection), work)

/** Opens the installation, with a history without quotes: what is proved here is the order of changes, not their effects. */
export async function open(connection: Connection): Promise<Ports> {
  const opened = await composePorts(configOf(connection))
  if (!opened.ok) throw new Error(`the store under proof does not open: ${opened.refusal.message}`)
  const ports = opened.value
  return { ...ports, snapshots: { ...ports.snapshots, load: async () => done(NO_HISTORY) } }
}
