import { type CrashPoint, crashingAt, InjectedCrash } from './crash-point.ts'
import { liveStateDigest } from './live-state.ts'
import type { Ports } from './ports.ts'

/** A move that was cut off at every point and then went through. */
export interface CrashedThrough<T> {
  readonly result: T
  /** Of the run that went through, in whole milliseconds. */
  readonly durationMs: number
  readonly crashPoints: number
  /** Whether state and log were as before after every one of them. */
  readonly nothingStayed: boolean
}

/**
 * Makes a move of one change with a crash injected before its commit and after each of its writes in turn, until none is left to
 * crash at; that last run is the move itself. For a fork only.
 */
export async function crashedThrough<T>(
  ports: Ports,
  move: (ports: Ports) => Promise<T>,
): Promise<CrashedThrough<T>> {
  const before = await standing(ports)
  let nothingStayed = true
  let point: CrashPoint = 'before commit'
  for (let crashPoints = 0; ; crashPoints += 1) {
    const began = ports.clock.monotonicMs()
    try {
      const result = await move(crashingAt(ports, point).ports)
      return { result, durationMs: Math.round(ports.clock.monotonicMs() - began), crashPoints, nothingStayed }
    } catch (error) {
      if (!(error instanceof InjectedCrash)) throw error
    }
    nothingStayed &&= (await standing(ports)) === before
    point = crashPoints + 1
  }
}

async function standing(ports: Ports): Promise<string> {
  const newest = await ports.store.read(tx => tx.last('policy_lifecycle_audit'))
  return `${await liveStateDigest(ports)} ${newest?.entry_hash}`
}
