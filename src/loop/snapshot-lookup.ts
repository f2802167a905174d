import { done, type Result, refuse } from '../domain/refusal.ts'
import type { Reading } from './ports.ts'
import type { SnapshotRow } from './tables.ts'

/** Shorter prefixes would soon mean two snapshots. */
const PREFIX_LENGTH_MIN = 4

/**
 * The snapshot of a name: its id, its digest, or the beginning of either with at least four hex digits; null or `latest` for the
 * one imported last. Refuses `not_found` with the snapshots at hand, and a prefix that several share.
 */
export async function findSnapshot(tx: Reading, name: string | null): Promise<Result<SnapshotRow>> {
  const newest = await tx.last('history_snapshot')
  if (newest === null) {
    return refuse('not_found', 'no history was imported yet', 'run `quotey history import FILE`')
  }
  if (name === null || name === 'latest') return done(newest)
  const rows = await tx.find('history_snapshot')
  const meant = rows.filter(row => isNamed(row, name))
  const [only, second] = meant
  if (only !== undefined && second === undefined) return done(only)
  return refuse(
    'not_found',
    only === undefined
      ? `there is no snapshot \`${name}\``
      : `\`${name}\` is the beginning of several snapshots`,
    'name one of the snapshots at hand',
    { snapshots: (only === undefined ? rows : meant).map(row => row.snapshot_id) },
  )
}

function isNamed(row: SnapshotRow, name: string): boolean {
  const hex = name
    .replace(/^snap_/, '')
    .replace(/^sha256:/, '')
    .toLowerCase()
  return hex.length >= PREFIX_LENGTH_MIN && row.digest.slice('sha256:'.length).startsWith(hex)
}
