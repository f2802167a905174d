import type { Digest } from '../domain/units.ts'
import { takeCheckpoint } from './checkpoint.ts'
import type { Ports, Reading } from './ports.ts'
import type { CheckpointRow } from './tables.ts'

/** How many kept checkpoints have not arrived at the place that is set; null where none is set. */
export type Posting = {
  readonly posted: number
  readonly unposted: number
  /** Why the first of those did not arrive. */
  readonly why: string | null
} | null

/**
 * Posts every kept checkpoint that has not arrived at the place set, oldest first, up to the first that fails: what could not be
 * posted stays kept and is tried again the next time. Nothing waits for it: it runs after its checkpoint is committed.
 */
export async function postCheckpoints(ports: Ports): Promise<Posting> {
  const { checkpointPlace: place, store } = ports
  if (place === null) return null
  const waiting = await store.read(tx => unpostedTo(tx, place.digest))
  for (const [posted, { size, note }] of waiting.entries()) {
    const why = await place.post(nameOf(note, size), note)
    if (why !== null) return { posted, unposted: waiting.length - posted, why }
    await store.change(async tx => {
      const known = await tx.last('checkpoint_post', { size, place_digest: place.digest })
      // Another process may have been as quick.
      if (known !== null) return
      const posted_at = ports.clock.now()
      await tx.insert('checkpoint_post', { size, place_digest: place.digest, posted_at })
    })
  }
  return { posted: waiting.length, unposted: 0, why: null }
}

/**
 * Signs a checkpoint over what was just done and posts it, where a place is set; for after a change is committed. What fails is
 * seen by `doctor` and tried again, and never makes the change fail.
 */
export async function checkpointElsewhere(ports: Ports, actorId: string): Promise<Posting> {
  if (ports.checkpointPlace === null) return null
  const taken = await takeCheckpoint(ports, actorId)
  const posting = await postCheckpoints(ports)
  return taken.ok || posting === null ? posting : { ...posting, why: posting.why ?? taken.refusal.message }
}

/** Kept checkpoints that have not arrived at the place set, without trying; null where none is set. */
export const unpostedCheckpoints = async (ports: Ports): Promise<number | null> => {
  const { checkpointPlace: place, store } = ports
  return place === null ? null : (await store.read(tx => unpostedTo(tx, place.digest))).length
}

async function unpostedTo(tx: Reading, placeDigest: Digest): Promise<readonly CheckpointRow[]> {
  const posted = await tx.find('checkpoint_post', { place_digest: placeDigest })
  const arrived = new Set(posted.map(({ size }) => size))
  return (await tx.find('checkpoint')).filter(({ size }) => !arrived.has(size))
}

/** One name a checkpoint, in the order of their sizes; several installations may share a folder. */
const nameOf = (note: string, size: number): string => {
  const origin = note.slice(0, note.indexOf('\n')).replaceAll('/', '-')
  return `${origin}-${String(size).padStart(SIZE_DIGITS, '0')}.txt`
}

const SIZE_DIGITS = 10
