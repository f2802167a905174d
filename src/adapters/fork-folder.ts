import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { BrokenState } from '../loop/ports.ts'
import { fileObstacle } from './file-obstacle.ts'

/**
 * Makes something in a temporary folder, which is gone when that fails, and when `remove` is called. What the file system met outside
 * this program is thrown as BrokenState; anything else stays a fault of ours.
 */
export async function inForkFolder<T>(
  make: (folder: string, remove: () => Promise<void>) => Promise<T>,
): Promise<T> {
  const place = tmpdir()
  const folder = await mkdtemp(join(place, 'quotey-fork-')).catch(error => {
    throw obstructed(place, error)
  })
  const remove = (): Promise<void> => rm(folder, { recursive: true, force: true })
  try {
    return await make(folder, remove)
  } catch (error) {
    await remove()
    throw obstructed(place, error)
  }
}

function obstructed(folder: string, error: unknown): unknown {
  const obstacle = fileObstacle(folder, error)
  return obstacle === null ? error : new BrokenState(obstacle)
}
