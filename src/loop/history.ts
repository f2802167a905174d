import type { QuoteFile, QuoteFileCounts, QuoteFileNotes } from '../domain/quote-file.ts'
import { frequentReasons, type RejectReason } from '../domain/quote-file-account.ts'
import { done, type Result } from '../domain/refusal.ts'
import type { Digest, Instant, JsonObject } from '../domain/units.ts'
import { canonicalText } from '../evidence/canonical.ts'
import type { AdoptedSnapshot, Ports } from './ports.ts'
import { record } from './record.ts'
import type { SnapshotRow } from './tables.ts'

export interface ImportRequest {
  readonly path: string
  /** A mapping file or a preset; null where the columns are canonical already. */
  readonly map: string | null
  /** null: at most as many rows may be rejected as are accepted. */
  readonly rejectsMax: number | null
}

/** JSON of `history import`. */
export interface ImportedHistory extends QuoteFileCounts, QuoteFileNotes {
  readonly snapshot_id: string
  readonly digest: Digest
  readonly currency: string
  /** Path of the report on rejected rows; null when there are none. */
  readonly reject_report: string | null
  /** The most frequent reasons, the whole of them is in the report. */
  readonly reject_reasons: readonly RejectReason[]
  /** Whether the installation had the very same quotes before. */
  readonly known_before: boolean
}

const IMPORTER = { type: 'system', id: 'import' } as const

/**
 * Makes a snapshot of a file of quotes. The same quotes again, in whatever format or order, are the snapshot that is there. Refuses
 * what `QuoteFiles.read` refuses, and then stores nothing.
 */
export async function importHistory(ports: Ports, request: ImportRequest): Promise<Result<ImportedHistory>> {
  const kept = await keptFile(ports, request)
  if (!kept.ok) return kept
  const file = kept.value
  const { digest, counts, notes, rejects, reject_report } = file
  const reject_reasons = frequentReasons(rejects)
  return ports.store.change(async tx => {
    const before = await tx.last('history_snapshot', { digest })
    const row = before ?? snapshotRow(file, ports.clock.now(), { ...counts, ...notes, reject_report })
    const told = {
      snapshot_id: row.snapshot_id,
      digest,
      ...counts,
      currency: row.currency,
      reject_report,
      known_before: before !== null,
      ...notes,
    }
    if (before !== null) return done({ ...told, reject_reasons })
    await record(tx, ports, {
      eventType: 'history_imported',
      actor: IMPORTER,
      payload: { source_name: file.name, ...told },
      idempotencyKey: digest,
      occurredAt: row.imported_at,
      inserts: [{ table: 'history_snapshot', row }],
    })
    return done({ ...told, reject_reasons })
  })
}

/** What a file came to, once its snapshot lies in its place. */
interface KeptFile extends AdoptedSnapshot {
  readonly rejects: QuoteFile['rejects']
  readonly reject_report: string | null
}

/** A file in the form of a snapshot is taken as it stands, so that it may be larger than memory; any other is read row by row. */
async function keptFile(ports: Ports, request: ImportRequest): Promise<Result<KeptFile>> {
  const adopted = request.map === null ? await ports.snapshots.adopt(request.path) : null
  if (adopted !== null) {
    return adopted.ok ? done({ ...adopted.value, rejects: [], reject_report: null }) : adopted
  }
  const read = await ports.quoteFiles.read(request.path, request.map, request.rejectsMax)
  if (!read.ok) return read
  const { name, columns, counts, notes, rejects } = read.value
  const digest = await ports.snapshots.save(columns)
  const reject_report = rejects.length === 0 ? null : await ports.snapshots.saveRejects(rejects)
  return done({ name, digest, currency: columns.currency, counts, notes, rejects, reject_report })
}

const snapshotRow = (file: KeptFile, importedAt: Instant, account: JsonObject): SnapshotRow => ({
  snapshot_id: `snap_${file.digest.slice('sha256:'.length, 'sha256:'.length + 12)}`,
  digest: file.digest,
  rows: file.counts.accepted,
  won: file.counts.won,
  lost: file.counts.lost,
  open: file.counts.open,
  currency: file.currency,
  source_name: file.name,
  import_json: canonicalText(account),
  imported_at: importedAt,
})

/** JSON of `history list`: snapshots in order of import. */
export interface HistoryList {
  readonly snapshots: readonly Omit<SnapshotRow, 'import_json'>[]
}

export async function listHistory(ports: Ports): Promise<Result<HistoryList>> {
  const rows = await ports.store.read(tx => tx.find('history_snapshot'))
  return done({ snapshots: rows.map(({ import_json: _account, ...row }) => row) })
}
