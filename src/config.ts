import { join, resolve } from 'node:path'

const CLICKHOUSE_TIMEOUT_SECONDS = 300

/** Settings of one run; the only reader of the environment. */
export interface Config {
  /** Folder of the installation. */
  readonly home: string
  /** The installation that is meant, by its id; null: whichever lies there. */
  readonly installationId: string | null
  /** Database of the installation on a PostgreSQL server, with its password; null: SQLite in the home folder. */
  readonly databaseUrl: string | null
  /** Folder of private keys. */
  readonly keysFolder: string
  /** Opens private keys that lie under a passphrase. */
  readonly keyPassphrase: string | null
  readonly actorId: string | null
  /** Where receivers of events are listed; null: none are told. */
  readonly webhooksFile: string | null
  /** Folder or URL that every checkpoint is posted to; null: none. */
  readonly checkpointPlace: string | null
  /** A ClickHouse that snapshots are pushed to and replayed in; null: none. */
  readonly clickHouseUrl: string | null
  /** Its shards, where each is asked about its own quotes by itself; none: it answers for all. */
  readonly clickHouseShardUrls: readonly string[]
  /** How long one question may take there; what is no whole number of seconds from 1 on counts as the default. */
  readonly clickHouseTimeoutSeconds: number
  /** A secret that the list names by a variable of the environment. */
  readonly secretNamed: (variable: string) => string | null
}

/** Flags go before the environment, the environment before defaults. */
export function readConfig(
  flags: { readonly home?: string; readonly as?: string },
  environment: Readonly<Record<string, string | undefined>> = process.env,
): Config {
  // A variable that is set to nothing is as good as not set.
  const set = (variable: string): string | undefined => environment[variable] || undefined
  const home = resolve(flags.home ?? set('QUOTEY_HOME') ?? '.quotey')
  return {
    home,
    installationId: set('QUOTEY_INSTALLATION') ?? null,
    databaseUrl: set('QUOTEY_DATABASE_URL') ?? null,
    keysFolder: resolve(set('QUOTEY_KEYS') ?? join(home, 'keys')),
    keyPassphrase: set('QUOTEY_KEY_PASSPHRASE') ?? null,
    actorId: flags.as ?? set('QUOTEY_ACTOR') ?? null,
    webhooksFile: resolve(set('QUOTEY_WEBHOOKS') ?? join(home, 'webhooks.yaml')),
    checkpointPlace: set('QUOTEY_CHECKPOINTS') ?? null,
    clickHouseUrl: set('QUOTEY_CLICKHOUSE_URL') ?? null,
    clickHouseShardUrls: wordsOf(set('QUOTEY_CLICKHOUSE_SHARDS')),
    clickHouseTimeoutSeconds:
      wholeSeconds(set('QUOTEY_CLICKHOUSE_TIMEOUT_SECONDS')) ?? CLICKHOUSE_TIMEOUT_SECONDS,
    secretNamed: variable => environment[variable] ?? null,
  }
}

const wordsOf = (text = ''): readonly string[] => text.split(/[\s,]+/).filter(word => word !== '')

const wholeSeconds = (text: string | undefined): number | null =>
  text !== undefined && /^[1-9]\d{0,5}$/.test(text) ? Number(text) : null
