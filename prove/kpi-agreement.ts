import { agreeOnWorlds } from '../test/support/kpi-agreement.ts'
import { startPostgres } from '../test/support/postgres.ts'
import type { ProofOptions } from './main.ts'

/** The KPI pack gives the figures of an independent implementation over generated event sets, in SQLite and in PostgreSQL. */
export async function prove(options: ProofOptions): Promise<boolean> {
  const worlds = Number(options.worlds ?? 500)
  const seed = Number(options.seed ?? 1)
  const postgres = await startPostgres()
  if (typeof postgres === 'string') {
    console.log(postgres)
    return false
  }
  await using server = postgres
  const [version] = await server.query('SELECT version()')
  const agreed = await agreeOnWorlds(server, worlds, seed)
  console.log(
    `${agreed} of ${worlds} event sets, seed ${seed}: SQLite, ${String(version?.version).split(' on ')[0]}`,
  )
  console.log('and the independent computation agree in every column of summary v1, summary v2 and detail v1')
  return agreed === worlds
}
