import type { Instant } from '../domain/units.ts'
import type { ReadEntry } from './audit-log-check.ts'
import type { Keyring } from './keyring.ts'

/** What the log knew at the place where a record was written. */
export interface Place {
  readonly entryIndex: number
  /** The keyring in force then; null where the version in force cannot be trusted. */
  readonly keyring: Keyring | null
  /** Activations before it, which is the epoch it was signed under. */
  readonly epoch: number
  /** The latest instant among the entries before it; a key that had expired by then signed too late. */
  readonly loggedAfter: Instant
}

export interface Places {
  /** By `table key` of the record, as the entry that first wrote it has it. */
  readonly ofRecord: ReadonlyMap<string, Place>
  /** By index of the entry. */
  readonly ofEntry: readonly Place[]
}

/** Where in the log each record was written, and what held there. `trusted` is every keyring whose signatures hold. */
export function placesIn(entries: readonly ReadEntry[], trusted: readonly Keyring[]): Places {
  const ofRecord = new Map<string, Place>()
  const ofEntry: Place[] = []
  let keyring: Keyring | null = null
  let epoch = 0
  let loggedAfter = ''
  for (const [entryIndex, entry] of entries.entries()) {
    const place: Place = { entryIndex, keyring, epoch, loggedAfter }
    ofEntry.push(place)
    for (const { table, key } of entry.rows) {
      if (!ofRecord.has(`${table} ${key}`)) ofRecord.set(`${table} ${key}`, place)
      if (table === 'keyring') keyring = trusted.find(known => String(known.version) === key) ?? null
      if (table === 'policy_activation') epoch += 1
    }
    const at = String(entry.row.occurred_at)
    if (at > loggedAfter) loggedAfter = at
  }
  return { ofRecord, ofEntry }
}
