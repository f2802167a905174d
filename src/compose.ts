import { copyFile, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { checkpointPlace } from './adapters/checkpoint-place.ts'
import { systemClock, systemRandomness } from './adapters/clock.ts'
import { inForkFolder } from './adapters/fork-folder.ts'
import { conditionOf, databaseFile, openFile, openStore, seatOf } from './adapters/home-database.ts'
import { keyFolder } from './adapters/keys.ts'
import { buildHome } from './adapters/new-home.ts'
import { createDatabase } from './adapters/sqlite/connection.ts'
import { objectionToBackup, objectionToPlace } from './adapters/sqlite/restorable.ts'
import { SqliteStore } from './adapters/sqlite/store.ts'
import { webhookFile } from './adapters/webhooks.ts'
import type { Config } from './config.ts'
import { done, type Result } from './domain/refusal.ts'
import type { ReplayEngine } from './domain/replay.ts'
import type { SoundCopy } from './loop/backup.ts'
import type { Machine } from './loop/machine.ts'
import {
  BrokenState,
  type Fork,
  type Ports,
  type Progress,
  type QuoteFiles,
  type QuotePlace,
  type Snapshots,
  type Store,
} from './loop/ports.ts'

const SILENT: Progress = () => undefined

/** Opens an installation: the sole place that constructs adapters. Refuses where there is none, or none that can be read. */
export async function composePorts(config: Config, progress: Progress = SILENT): Promise<Result<Ports>> {
  const opened = await openStore(config)
  if (!opened.ok) return opened
  const store = opened.value
  const { objectionToInstallation } = await import('./loop/installation.ts')
  const objection = await objectionToInstallation(store, config.installationId)
  if (objection === null) return done(portsOver(config, store, progress))
  await store.close()
  return objection
}

/** Makes an installation where there is none: `work` fills it, and when it refuses or throws nothing is left behind. */
export async function composeNew<T>(
  config: Config,
  work: (ports: Ports) => Promise<Result<T>>,
): Promise<Result<T>> {
  return buildHome(config.home, config.keysFolder, await seatOf(config), async scratch => {
    const store = new SqliteStore(createDatabase(scratch.databasePath), scratch.databasePath)
    try {
      return await work(portsOver({ ...config, keysFolder: scratch.keysFolder }, store, SILENT))
    } finally {
      await store.close()
    }
  })
}

/** Copies an installation in use into a new folder, database and evidence, and checks the copy before it gets its name. */
export async function composeBackup(
  config: Config,
  folder: string,
  progress: Progress = SILENT,
): Promise<Result<SoundCopy>> {
  const ports = await composePorts(config, progress)
  if (!ports.ok) return ports
  const { buildFolder, copyEvidence } = await import('./adapters/whole-folder.ts')
  try {
    return await buildFolder(folder, async scratch => {
      const copy = { ...config, home: scratch }
      // The database first: every snapshot it names was there before it.
      await ports.value.store.copyTo(databaseFile(scratch))
      await copyEvidence(config.home, scratch)
      return withCopy(copy, databaseFile(scratch), progress, checkedCopy)
    })
  } finally {
    await ports.value.store.close()
  }
}

/** Makes an installation from a backup, once the copy passed its checks, where there is none; else nothing is left behind. */
export async function composeRestored(
  config: Config,
  folder: string,
  progress: Progress = SILENT,
): Promise<Result<SoundCopy>> {
  const backup = { ...config, home: folder }
  const unfinished = objectionToBackup(databaseFile(folder)) ?? objectionToPlace(databaseFile(config.home))
  if (unfinished !== null) return unfinished
  const { copyEvidence } = await import('./adapters/whole-folder.ts')
  const { recordRestored } = await import('./loop/backup.ts')
  return buildHome(config.home, config.keysFolder, await seatOf(config), async scratch => {
    await mkdir(scratch.keysFolder)
    await copyFile(databaseFile(folder), scratch.databasePath)
    const restored = await withCopy(backup, scratch.databasePath, progress, async ports => {
      const sound = await checkedCopy(ports)
      if (sound.ok) await recordRestored(ports, sound.value)
      return sound
    })
    if (restored.ok) await copyEvidence(folder, config.home)
    return restored
  })
}

async function checkedCopy(ports: Ports): Promise<Result<SoundCopy>> {
  const { checkCopy } = await import('./loop/backup.ts')
  return checkCopy(ports)
}

/** Opens a copy of a database, with the evidence of this config's home, for as long as `work` takes. */
async function withCopy<T>(
  config: Config,
  path: string,
  progress: Progress,
  work: (ports: Ports) => Promise<Result<T>>,
): Promise<Result<T>> {
  const store = openFile(path)
  if (!store.ok) return store
  try {
    return await work(portsOver(config, store.value, progress))
  } finally {
    await store.value.close()
  }
}

async function quotePlaceIn(config: Config, progress: Progress): Promise<QuotePlace> {
  const { quotePlace } = await import('./adapters/clickhouse/push.ts')
  return quotePlace(await clickHouseOf(config), progress)
}

const clickHouseOf = async ({ clickHouseUrl: url, clickHouseShardUrls: shardUrls, ...config }: Config) => {
  const { clickHouseAt } = await import('./adapters/clickhouse/place.ts')
  return clickHouseAt(url, { shardUrls, timeoutSeconds: config.clickHouseTimeoutSeconds })
}

/** What re-deriving evidence takes, and no installation: snapshots where they are at hand, and the engines. */
export const composeEvidence = (
  config: Config,
  progress: Progress = SILENT,
): Pick<Ports, 'snapshots' | 'engine' | 'storedReplay' | 'progress'> => ({
  snapshots: lateSnapshots(config, progress),
  engine: name => engineNamed(name, config),
  storedReplay: storedReplayIn(config, progress),
  progress,
})

/** The machine under an installation, for `doctor`. */
export async function composeMachine(config: Config): Promise<Machine> {
  const { machineUnder } = await import('./adapters/machine.ts')
  return machineUnder(config.home, config.keysFolder, await conditionOf(config))
}

function portsOver(config: Config, store: Store, progress: Progress): Ports {
  return {
    ...composeEvidence(config, progress),
    clock: systemClock(),
    randomness: systemRandomness,
    store,
    signer: keyFolder(config.keysFolder, config.keyPassphrase),
    webhooks: webhookFile(config.webhooksFile, config.secretNamed),
    checkpointPlace: config.checkpointPlace === null ? null : checkpointPlace(config.checkpointPlace),
    quoteFiles: lateQuoteFiles(progress),
    quotePlace: () => quotePlaceIn(config, progress),
    attackCorpus: async () => (await import('./adapters/attack-corpus-files.ts')).attackCorpusFiles(),
    fork: () => forkOf(config, store, progress),
  }
}

/** DuckDB takes longer to load than most commands take to run, so it comes with the first question. */
function lateSnapshots(config: Config, progress: Progress): Snapshots {
  const late = async (): Promise<Snapshots> => {
    const { snapshots } = await import('./adapters/snapshots.ts')
    return snapshots(config, progress)
  }
  return {
    load: async digest => (await late()).load(digest),
    open: async digest => (await late()).open(digest),
    adopt: async path => (await late()).adopt(path),
    save: async columns => (await late()).save(columns),
    saveRejects: async rejects => (await late()).saveRejects(rejects),
  }
}

const lateQuoteFiles = (progress: Progress): QuoteFiles => ({
  read: async (path, map, rejectsMax) => {
    const { quoteFiles } = await import('./adapters/quote-files.ts')
    return quoteFiles(progress).read(path, map, rejectsMax)
  },
})

const storedReplayIn =
  (config: Config, progress: Progress): Ports['storedReplay'] =>
  async name => {
    const { home } = config
    if (name === 'sql') return (await import('./adapters/sql/stored-replay.ts')).storedReplay(home, progress)
    if (name === 'columnar')
      return (await import('./adapters/columnar/streamed-replay.ts')).streamedReplay(home, progress)
    const { pushedReplay } = await import('./adapters/clickhouse/pushed-replay.ts')
    return pushedReplay(await clickHouseOf(config), progress)
  }

async function engineNamed(name: ReplayEngine['name'], config: Config): Promise<ReplayEngine> {
  switch (name) {
    case 'oracle':
      return (await import('./adapters/oracle-engine.ts')).oracleEngine()
    case 'columnar':
      return (await import('./adapters/columnar/engine.ts')).columnarEngine()
    case 'sql':
      return (await import('./adapters/sql/engine.ts')).sqlEngine()
    case 'clickhouse':
      return (await import('./adapters/clickhouse/engine.ts')).clickHouseEngine(await clickHouseOf(config))
  }
}

/**
 * A second installation over a copy of the store, for drills: its own name, root key and empty keyring, its keys in a folder
 * that goes away with it. It sees the same snapshots, which are named by digest and never change.
 */
const forkOf = (config: Config, store: Store, progress: Progress): Promise<Fork> =>
  inForkFolder((folder, remove) => forkIn(folder, remove, config, store, progress))

async function forkIn(
  folder: string,
  remove: () => Promise<void>,
  config: Config,
  store: Store,
  progress: Progress,
): Promise<Fork> {
  const path = join(folder, 'quotey.db')
  await store.copyTo(path)
  const opened = openFile(path)
  if (!opened.ok) throw new BrokenState(opened.refusal)
  const forked = opened.value
  const keysFolder = join(folder, 'keys')
  const ports = portsOver(
    { ...config, keysFolder, keyPassphrase: null, webhooksFile: null, checkpointPlace: null },
    forked,
    progress,
  )
  const { foundTrust } = await import('./loop/init.ts')
  const trust = await forked.change(tx => foundTrust(tx, ports, ports.clock.now()))
  if (!trust.ok) throw new BrokenState(trust.refusal)
  return {
    ports,
    dispose: async () => {
      await forked.close()
      await remove()
    },
  }
}
