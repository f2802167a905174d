import { mkdir, open, readFile, rename, rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { digestOfText } from '../evidence/canonical.ts'
import type { CheckpointPlace } from '../loop/ports.ts'

const TIMEOUT_MS = 10_000

/** A place outside for checkpoints: `http(s)://…` takes each as a POST of text, what is no address is a folder. */
export function checkpointPlace(place: string): CheckpointPlace {
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(place)?.[1]?.toLowerCase()
  if (scheme === undefined) {
    const folder = resolve(place)
    return { digest: digestOfText(folder), post: (name, note) => written(folder, name, note) }
  }
  const digest = digestOfText(place)
  if (scheme === 'http' || scheme === 'https') {
    return { digest, post: (name, note) => sent(place, name, note) }
  }
  return { digest, post: async () => `\`${scheme}\` is no way to post; name a folder or an http address` }
}

async function sent(url: string, name: string, note: string): Promise<string | null> {
  try {
    const answer = await fetch(url, {
      method: 'POST',
      body: note,
      headers: { 'content-type': 'text/plain; charset=utf-8', 'x-quotey-checkpoint': name },
      // A redirect would carry the note to a place nobody set.
      redirect: 'error',
      signal: AbortSignal.timeout(TIMEOUT_MS),
    })
    await answer.body?.cancel()
    return answer.ok ? null : `it answered ${answer.status}`
  } catch (error) {
    return unreachable(error)
  }
}

/** Why nothing was posted. Never the words of a request that could not be made: they quote the address, with what is secret in it. */
function unreachable(error: unknown): string {
  const { name, cause } = error as Error
  if (cause instanceof Error && (cause as NodeJS.ErrnoException).code !== 'ERR_INVALID_URL') {
    return `it cannot be reached: ${cause.message}`
  }
  return name === 'TimeoutError'
    ? `no answer within ${TIMEOUT_MS} ms`
    : 'the address cannot be used; write it whole, without a user or a password'
}

/** Appears whole under its name or not at all. A name that is there already must hold the same checkpoint. */
async function written(folder: string, name: string, note: string): Promise<string | null> {
  const path = join(folder, name)
  const scratch = `${path}.${process.pid}.tmp`
  try {
    await mkdir(folder, { recursive: true })
    const known = await readFile(path, 'utf8').catch(() => null)
    if (known !== null) return known === note ? null : `\`${path}\` holds another checkpoint of that size`
    const file = await open(scratch, 'wx')
    try {
      await file.writeFile(note)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(scratch, path)
    return null
  } catch (error) {
    await rm(scratch, { force: true }).catch(() => undefined)
    return (error as Error).message
  }
}
