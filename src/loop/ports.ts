import type { CorpusCase } from '../domain/corpus-case.ts'
import type { QuoteColumns } from '../domain/quote.ts'
import type { QuoteFile, RejectedCell } from '../domain/quote-file.ts'
import type { Refusal, Result } from '../domain/refusal.ts'
import type { ReplayEngine, ReplaySums, ReplayTask } from '../domain/replay.ts'
import type { Digest, Instant, JsonObject } from '../domain/units.ts'
import type { Webhook } from '../domain/webhook.ts'
import type { CandidateRow, OutboxMessageRow, Tables } from './tables.ts'

/** The only source of time. It MUST NOT go back between two calls of one process. */
export interface Clock {
  now(): Instant
  /** Milliseconds of a clock that never goes back, from an arbitrary start; for durations only. */
  monotonicMs(): number
}

/** The only source of randomness. */
export interface Randomness {
  /** A fresh identifier `<prefix>_<24 hex digits>`. */
  id(prefix: string): string
  /** A number in [0, 1). */
  share(): number
}

type Where<T extends keyof Tables> = Partial<Tables[T]>

/** One thing wrong with the form of the store, apart from what its rows say. */
export interface StructureFault {
  readonly where: string
  readonly expected: string
  readonly found: string
}

/** Questions inside one consistent view of the store. */
export interface Reading {
  /** Rows whose columns equal `where`, in order of insertion. */
  find<T extends keyof Tables>(table: T, where?: Where<T>): Promise<readonly Tables[T][]>
  /** All rows of a table, in order of insertion, in blocks of which each fits in memory. */
  scan<T extends keyof Tables>(table: T): AsyncIterable<readonly Tables[T][]>
  /** The row inserted last among those. */
  last<T extends keyof Tables>(table: T, where?: Where<T>): Promise<Tables[T] | null>
  /**
   * Tables, indexes and triggers that are not as a new store has them, counters that are not at the highest number given, and
   * damage of the file itself; MUST read every page.
   */
  structure(): Promise<readonly StructureFault[]>
  /** Runs a query of the KPI pack over [start, end). */
  kpi(
    query: 'clo_kpi_summary_v1' | 'clo_kpi_summary_v2' | 'clo_kpi_projected_vs_realized_detail_v1',
    start: Instant,
    end: Instant,
  ): Promise<readonly JsonObject[]>
  /** Messages that are neither delivered nor given up, in the order of the log. */
  undelivered(): Promise<readonly UndeliveredMessage[]>
}

export interface UndeliveredMessage extends OutboxMessageRow {
  /** Attempts begun so far. */
  readonly attempts: number
  /** Nobody may try again before; null where nobody has tried. */
  readonly next_attempt_at: Instant | null
}

/** Changes inside one transaction. Nothing is deleted; only what is named here is ever updated. */
export interface Writing extends Reading {
  insert<T extends keyof Tables>(table: T, row: Tables[T]): Promise<void>
  moveCandidate(id: string, patch: Partial<Omit<CandidateRow, 'id'>>): Promise<void>
  markStale(decisionId: string): Promise<void>
  /** The next number of a named counter, starting at 1, never given twice. */
  nextNumber(counter: 'policy_version' | 'epoch' | 'thresholds_version' | 'keyring_version'): Promise<number>
}

/**
 * What is thrown when stored state contradicts itself, or cannot be read or written: no step can go on, and no step expects it. The face
 * prints the refusal like any other.
 */
export class BrokenState extends Error {
  readonly refusal: Refusal

  constructor(refusal: Refusal) {
    super(refusal.message)
    this.name = 'BrokenState'
    this.refusal = refusal
  }
}

/**
 * The store. `change` MUST take the writers' lock before `work` reads, MUST commit all or nothing, and MUST roll back when
 * `work` throws. Two calls of `change` never overlap, in any number of processes. A store MUST NOT be asked from inside one of
 * its own transactions, and MUST throw BrokenState when its file is damaged
 * (audit_broken), or locked, full or not writable (store_unavailable): then nothing of the change was kept. Where a commit was sent and
 * nobody can say what became of it, it MUST say so (store_unavailable, cause `outcome_unknown`) and neither that it was kept nor that it was not.
 */
export interface Store {
  read<T>(work: (tx: Reading) => Promise<T>): Promise<T>
  change<T>(work: (tx: Writing) => Promise<T>): Promise<T>
  /** A copy of the whole store in another file, consistent; for drill and backup. */
  copyTo(path: string): Promise<void>
  close(): Promise<void>
}

/** Private keys at hand. They MUST NOT leave this port. */
export interface Signer {
  /** Ids of the private keys of an actor that are at hand. */
  keysOf(actorId: string): Promise<readonly string[]>
  /** Ed25519 signature, base64, or a refusal when that private key is not here or does not open. */
  sign(actorId: string, keyId: string, payload: Uint8Array): Promise<Result<string>>
  /** Makes a key pair and keeps the private half in a file of mode 0600; returns the public half, base64. */
  create(actorId: string): Promise<Result<{ keyId: string; publicKey: string }>>
}

/** Receivers outside that are told of events. Addresses and secrets MUST NOT leave this port. */
export interface Webhooks {
  /** Empty where none is configured; refuses bad_input where the configuration cannot be read. */
  all(): Promise<Result<readonly Webhook[]>>
  /** Posts one message, signed with the webhook's secret. MUST end within 15 s and MUST NOT throw for what a receiver does. */
  post(webhook: Webhook, message: { readonly id: string; readonly body: string }): Promise<Posted>
}

/** A 2xx answer accepts a message; anything else does not, and `status` is null where there was no answer. */
export interface Posted {
  readonly accepted: boolean
  readonly status: number | null
  readonly why: string | null
}

/** A place outside the installation where checkpoints are kept. */
export interface CheckpointPlace {
  /** Names the place without telling it, as an address may hold a secret. */
  readonly digest: Digest
  /**
   * Keeps a checkpoint there under a name, whole or not at all. MUST end within 15 s and MUST NOT throw. null: it arrived; else
   * why it did not.
   */
  post(name: string, note: string): Promise<string | null>
}

/** Snapshots by digest, as Parquet under the home folder. */
export interface Snapshots {
  /** Refuses `not_found` when there is none, and `audit_broken` when its content no longer has that digest. */
  load(digest: Digest): Promise<Result<QuoteColumns>>
  /** The same without loading it: the content is proven by streaming, in memory that does not grow with the quotes. */
  open(digest: Digest): Promise<Result<StoredQuotes>>
  /**
   * Keeps a Parquet file that has a snapshot's form already, in memory that does not grow with the quotes. null where it has another
   * form, or none. Refuses `bad_input` what no import would have written.
   */
  adopt(path: string): Promise<Result<AdoptedSnapshot> | null>
  /** Keeps a snapshot for good and returns its digest. Saving the same again changes nothing. */
  save(columns: QuoteColumns): Promise<Digest>
  /** Keeps a report on rejected rows, CSV; returns its path. */
  saveRejects(rejects: readonly RejectedCell[]): Promise<string>
}

/** A file that became a snapshot as it stood, and its account. */
export interface AdoptedSnapshot extends Pick<QuoteFile, 'name' | 'counts' | 'notes'> {
  readonly digest: Digest
  readonly currency: string
}

/** A snapshot that stays in its file, whose content was proven by digest when it was opened. */
export interface StoredQuotes {
  readonly digest: Digest
  readonly rows: number
  readonly currency: string
  readonly attributes: Readonly<Record<string, { readonly kind: 'text' | 'integer' }>>
  /** The Parquet file, for an engine that reads it where it lies. */
  readonly file: string
  /** The quotes at these places, counted from 0, as columns of their own in order of the places. */
  at(places: readonly number[]): Promise<QuoteColumns>
  /** Whether the file is still the one that was opened: its size and the instant of its last change. */
  unchanged(): Promise<boolean>
}

export type StoredEngine = Exclude<ReplayEngine['name'], 'oracle'>

/** An engine for snapshots larger than memory. What ReplayEngine promises of sums holds for its sums. */
export interface StoredReplay {
  /** With `scattered`, the same over the quotes in another order and cut otherwise; sums MUST come out equal. */
  evaluate(
    quotes: StoredQuotes,
    task: Omit<ReplayTask, 'columns'>,
    scattered: boolean,
  ): Promise<readonly ReplaySums[]>
}

/** Files of quotes that people hand in: CSV or Parquet, with a mapping or with canonical columns. */
export interface QuoteFiles {
  /**
   * Reads a file. `map` is the path of a mapping file or the name of a preset, null where the columns are canonical already.
   * `rejectsMax` null: at most as many rows may be rejected as are accepted. It MUST account for every record and refuse
   * `bad_input` beyond the bound, or where nothing is left.
   */
  read(path: string, map: string | null, rejectsMax: number | null): Promise<Result<QuoteFile>>
}

/** A database outside the installation that holds copies of snapshots, by digest. */
export interface QuotePlace {
  /**
   * Copies a snapshot there from its file and proves that it arrived. Until then no replay there MUST see any of it; what arrived before MUST
   * NOT be sent again. Throws BrokenState where the place gives no answer.
   */
  push(quotes: StoredQuotes, now: Instant): Promise<PushedQuotes>
}

/** What a push did. */
export interface PushedQuotes {
  /** The place, without its password. */
  readonly database: string
  readonly shards: number
  readonly rows: number
  /** What the rows add up to, here and there. */
  readonly fingerprint: string
  readonly parts: number
  /** Parts that had arrived before. */
  readonly parts_there: number
}

/** Tells a person how far long work is. */
export type Progress = (label: string, done: number, total: number) => void

/**
 * A second installation for a drill: a consistent copy of the store in a fresh temporary folder, and a signer over an empty
 * folder of its own, so that no person's key is in reach. `dispose` MUST close the store and remove the folder.
 */
export interface Fork {
  readonly ports: Ports
  dispose(): Promise<void>
}

/** Everything a step of the loop may use. */
export interface Ports {
  readonly clock: Clock
  readonly randomness: Randomness
  readonly store: Store
  readonly signer: Signer
  readonly webhooks: Webhooks
  /** null where no place is set. */
  readonly checkpointPlace: CheckpointPlace | null
  readonly snapshots: Snapshots
  readonly quoteFiles: QuoteFiles
  /** Throws BrokenState with `bad_input` where none is set. */
  readonly quotePlace: () => Promise<QuotePlace>
  readonly engine: (name: ReplayEngine['name']) => Promise<ReplayEngine>
  readonly storedReplay: (name: StoredEngine) => Promise<StoredReplay>
  /** The red-team corpus that the package ships. Refuses bad_input where a file of it is no case. */
  readonly attackCorpus: () => Promise<Result<readonly CorpusCase[]>>
  readonly progress: Progress
  readonly fork: () => Promise<Fork>
}
