import type { Refusal } from '../domain/refusal.ts'
import { checkpointLine } from './doctor-checkpoints.ts'
import { peopleLines } from './doctor-people.ts'
import { webhookLine } from './doctor-webhooks.ts'
import { keptSnapshots } from './kept-snapshots.ts'
import type { KeyFile, Machine } from './machine.ts'
import { missedJobs } from './missed-jobs.ts'
import { pauseState } from './pause.ts'
import type { Ports } from './ports.ts'
import { logHead } from './trust.ts'

/** One thing looked at. `remedy` says what to do; empty where nothing is. */
export interface DoctorLine {
  readonly name: string
  readonly ok: boolean
  readonly found: string
  readonly remedy: string
}

/** `doctor`, JSON names. */
export interface DoctorReport {
  readonly ok: boolean
  readonly checks: readonly DoctorLine[]
}

export const line = (name: string, ok: boolean, found: string, remedy: string): DoctorLine => ({
  name,
  ok,
  found,
  remedy: ok ? '' : remedy,
})

/** Free space under which writing is in danger: enough for a second copy of the database, and this much at least. */
const FREE_BYTES_MIN = 256 * 1024 * 1024

/**
 * Looks for what would stop the installation or mislead its people, and says what to do about each. Changes nothing, needs no
 * actor. `opened` is the installation, or the refusal to open it.
 */
export async function examine(
  machine: Machine,
  opened: { readonly ok: true; readonly value: Ports } | { readonly ok: false; readonly refusal: Refusal },
): Promise<DoctorReport> {
  const checks: DoctorLine[] = []
  const look = async (name: string, work: () => Promise<readonly DoctorLine[]>): Promise<void> => {
    try {
      checks.push(...(await work()))
    } catch (error) {
      const found = error instanceof Error ? error.message : String(error)
      checks.push(line(name, false, found, 'run `quotey audit verify`, and restore a backup'))
    }
  }
  await look('key_files', () => keyFileLines(machine))
  if (!opened.ok) {
    const { message, remedy } = opened.refusal
    checks.push(line('database', false, message, remedy))
    return { ok: false, checks }
  }
  const ports = opened.value
  await look('permissions', async () => [await permissionLine(machine)])
  await look('disk', async () => [await diskLine(machine)])
  await look('database', async () => [await databaseLine(machine)])
  await look('people', () => peopleLines(ports))
  await look('clock', async () => [await clockLine(ports)])
  await look('pause', async () => [await pauseLine(ports)])
  await look('snapshots', () => snapshotLines(ports))
  await look('jobs', () => jobLines(ports))
  await look('webhooks', async () => [await webhookLine(ports)])
  await look('checkpoints', async () => [await checkpointLine(ports)])
  return { ok: checks.every(check => check.ok), checks }
}

async function keyFileLines(machine: Machine): Promise<readonly DoctorLine[]> {
  const { folder, openToOthers, files } = await machine.keys()
  const open = files.filter(file => file.openToOthers !== 0)
  const readable = (file: KeyFile): string => `\`chmod 600 ${file.path}\``
  return [
    line(
      'key_files',
      open.length === 0,
      open.length === 0
        ? `${files.length} private keys at hand, none readable by others`
        : `others may read ${open.length} of ${files.length} private keys`,
      `run ${open.map(readable).join(', ')}, and replace what may have been read`,
    ),
    line(
      'key_folder',
      openToOthers === 0,
      openToOthers === 0 ? `\`${folder}\` is closed to others` : `others may look into \`${folder}\``,
      `run \`chmod 700 ${folder}\``,
    ),
  ]
}

/** Edits past the triggers are found by `audit verify`; better that nobody can make them. */
async function permissionLine(machine: Machine): Promise<DoctorLine> {
  const { writable, readable } = await machine.openToAll()
  const named = (paths: readonly string[]): string => paths.map(path => `\`${path}\``).join(', ')
  const closing = (bits: string, paths: readonly string[]): string =>
    paths.map(path => `\`chmod ${bits} ${path}\``).join(', ')
  if (writable.length > 0) {
    const remedy = `run ${closing('o-w', writable)}, then \`quotey audit verify\``
    return line('permissions', false, `everybody on this machine may write ${named(writable)}`, remedy)
  }
  return line(
    'permissions',
    readable.length === 0,
    readable.length === 0
      ? 'nothing of the installation is open to everybody'
      : `everybody on this machine may read ${named(readable)}`,
    `run ${closing('o-rwx', readable)}; docs/databases.md says how a dashboard may read`,
  )
}

async function diskLine(machine: Machine): Promise<DoctorLine> {
  const { freeBytes, databaseBytes } = await machine.disk()
  const needed = Math.max(FREE_BYTES_MIN, 2 * databaseBytes)
  const mib = (bytes: number): string => `${Math.floor(bytes / 1024 / 1024)} MiB`
  return line(
    'disk',
    freeBytes >= needed,
    `${mib(freeBytes)} free, ${mib(needed)} wanted, the database takes ${mib(databaseBytes)}`,
    'make room on that disk, or move the installation to a larger one',
  )
}

async function databaseLine(machine: Machine): Promise<DoctorLine> {
  const faults = await machine.databaseFaults()
  return line(
    'database',
    faults.length === 0,
    faults.length === 0 ? 'its pages and indexes are consistent' : faults.join('; '),
    'keep the file as evidence, restore a backup beside it, and check that with `quotey audit verify`',
  )
}

/** Entries from the future mean that the clock went back: windows, expiries and the order of instants would mislead. */
async function clockLine(ports: Ports): Promise<DoctorLine> {
  const now = ports.clock.now()
  const newest = await ports.store.read(tx => tx.last('policy_lifecycle_audit'))
  const late = newest !== null && newest.occurred_at > now
  return line(
    'clock',
    !late,
    late ? `it says ${now}, the newest entry was written at ${newest.occurred_at}` : `it says ${now}`,
    'set the clock of this machine (an NTP client keeps it) before anything is decided or applied',
  )
}

async function pauseLine(ports: Ports): Promise<DoctorLine> {
  const state = await ports.store.read(pauseState)
  const { size } = await ports.store.read(logHead)
  return line(
    'pause',
    state.unreadable === null,
    state.unreadable ??
      `${state.paused ? `paused by ${state.by}` : 'not paused'}; ${size} entries in the log`,
    'it counts as paused: run `quotey audit verify`, and restore a backup',
  )
}

async function snapshotLines(ports: Ports): Promise<readonly DoctorLine[]> {
  const rows = await ports.store.read(keptSnapshots)
  const faults: string[] = []
  for (const row of rows) {
    const loaded = await ports.snapshots.load(row.digest)
    if (!loaded.ok) faults.push(`${row.name}: ${loaded.refusal.message}`)
  }
  const found = `${rows.length} snapshots, each with the digest it is named by`
  return [
    line(
      'snapshots',
      faults.length === 0,
      faults.length === 0 ? found : faults.join('; '),
      'import the same files again, or restore the snapshots from a backup; replays on them cannot be verified until then',
    ),
  ]
}

async function jobLines(ports: Ports): Promise<readonly DoctorLine[]> {
  const { days, weeks } = await ports.store.read(tx => missedJobs(tx, ports.clock.now()))
  const job = (name: string, missed: readonly string[], last: string | null, command: string): DoctorLine =>
    line(
      name,
      missed.length === 0,
      missed.length === 0
        ? `last run ${last ?? 'not yet due'}`
        : `${missed.length} missed since ${last ?? 'the beginning'}, the newest ${missed.at(-1)}`,
      `run \`quotey ${command}\` now, and let cron, a systemd timer or \`quotey serve\` run it`,
    )
  return [
    job('daily_check', days.missed, days.last, 'ops daily'),
    job('weekly_check', weeks.missed, weeks.last, 'ops weekly'),
  ]
}
