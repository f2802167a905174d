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

/** A first signature that waits for a second person, in an entry of its own. */
export interface WaitingSignature {
  readonly entry: ReadEntry
  readonly place: Place
}

export interface Places {
  /** By `table key` of a signed record, as the entry that first wrote it has it. */
  readonly ofRecord: ReadonlyMap<string, Place>
  readonly waiting: readonly WaitingSignature[]
}

/** Tables whose rows are signed one by one; places of others are not asked for, and a log may write millions of them. */
const SIGNED_TABLES: readonly string[] = [
  'policy_approval_decision',
  'policy_apply_record',
  'policy_rollback_record',
  'safety_pause',
  'thresholds_version',
  'incident_step',
]

/** Where in the log each record was written, and what held there. `trusted` is every keyring whose signatures hold. */
export class PlaceReader implements Places {
  readonly ofRecord = new Map<string, Place>()
  readonly waiting: WaitingSignature[] = []
  readonly #trusted: readonly Keyring[]
  #keyring: Keyring | null = null
  #epoch = 0
  #loggedAfter: Instant = ''

  constructor(trusted: readonly Keyring[]) {
    this.#trusted = trusted
  }

  /** Takes the next entry. */
  read(entry: ReadEntry): void {
    const place: Place = {
      entryIndex: entry.index,
      keyring: this.#keyring,
      epoch: this.#epoch,
      loggedAfter: this.#loggedAfter,
    }
    if (entry.row.event_type === 'thresholds_change_signed') this.waiting.push({ entry, place })
    for (const { table, key } of entry.rows) {
      const name = `${table} ${key}`
      if (SIGNED_TABLES.includes(table) && !this.ofRecord.has(name)) this.ofRecord.set(name, place)
      if (table === 'keyring')
        this.#keyring = this.#trusted.find(known => String(known.version) === key) ?? null
      if (table === 'policy_activation') this.#epoch += 1
    }
    const at = String(entry.row.occurred_at)
    if (at > this.#loggedAfter) this.#loggedAfter = at
  }
}
