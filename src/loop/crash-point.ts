import type { Ports, Store, Writing } from './ports.ts'

/** Thrown at a crash point, so that it can be told from a bug. */
export class InjectedCrash extends Error {}

/** Where a change is cut off: after its n-th write (from 1), or once all are written and the commit is still to come. */
export type CrashPoint = number | 'before commit'

export interface CrashingPorts {
  readonly ports: Ports
  /** Writes of the change that ran last. */
  writes(): number
}

/**
 * The same ports over a store that strikes at one point of every change. `strike` throws (the store rolls back) or ends the process
 * (the file is left as it lies). `point` null never strikes and counts. For drills on a fork and for tests.
 */
export function crashingAt(
  ports: Ports,
  point: CrashPoint | null,
  strike: () => void = throwing,
): CrashingPorts {
  let writes = 0
  const counted = async <T>(write: () => Promise<T>): Promise<T> => {
    const value = await write()
    writes += 1
    if (writes === point) strike()
    return value
  }
  const struck = (tx: Writing): Writing => ({
    find: (table, where) => tx.find(table, where),
    scan: table => tx.scan(table),
    last: (table, where) => tx.last(table, where),
    structure: () => tx.structure(),
    kpi: (query, start, end) => tx.kpi(query, start, end),
    undelivered: () => tx.undelivered(),
    insert: (table, row) => counted(() => tx.insert(table, row)),
    moveCandidate: (id, patch) => counted(() => tx.moveCandidate(id, patch)),
    markStale: id => counted(() => tx.markStale(id)),
    nextNumber: counter => counted(() => tx.nextNumber(counter)),
  })
  const store: Store = {
    read: work => ports.store.read(work),
    change: work =>
      ports.store.change(async tx => {
        writes = 0
        const value = await work(struck(tx))
        if (point === 'before commit') strike()
        return value
      }),
    copyTo: path => ports.store.copyTo(path),
    close: () => ports.store.close(),
  }
  return { ports: { ...ports, store }, writes: () => writes }
}

const throwing = (): never => {
  throw new InjectedCrash('the store failed here')
}
