import { done, type Result } from '../domain/refusal.ts'
import type { Digest } from '../domain/units.ts'
import { changedMeanwhile } from './evaluate-stored.ts'
import type { Ports, PushedQuotes } from './ports.ts'
import { findSnapshot } from './snapshot-lookup.ts'

/** JSON of `history push`. */
export interface PushedHistory extends PushedQuotes {
  readonly snapshot_id: string
  readonly digest: Digest
}

/**
 * Moves a snapshot to the place where it can be replayed beside its quotes. The same again sends only what is missing there. Needs no actor and
 * changes nothing of the installation; refuses `bad_input` where no place is set, what opening the snapshot refuses, and
 * `store_unavailable` where the place gives no answer.
 */
export async function pushHistory(
  ports: Ports,
  input: { readonly snapshot: string | null },
): Promise<Result<PushedHistory>> {
  const found = await ports.store.read(tx => findSnapshot(tx, input.snapshot))
  if (!found.ok) return found
  const { snapshot_id, digest } = found.value
  const quotes = await ports.snapshots.open(digest)
  if (!quotes.ok) return quotes
  const place = await ports.quotePlace()
  const pushed = await place.push(quotes.value, ports.clock.now())
  if (!(await quotes.value.unchanged())) return changedMeanwhile(quotes.value)
  return done({ snapshot_id, digest, ...pushed })
}
