import type { Ports, Store, Writing } from '../../src/loop/ports.ts'

/** Thrown where the fault was asked for, so that a test can tell it from a bug. */
export class InjectedFault extends Error {}

/** Where a change is cut off: after its n-th write (from 1), or once all are written and the commit is still to come. */
export type Cut = number | 'before commit'

export interface FaultyPorts {
  readonly ports: Ports
  /** Writes of the change that ran last. */
  writes(): number
}

/**
 * The same ports over a store that strikes after the n-th write of a change. `strike` throws (the store rolls back) or ends the
 * process (the file is left as it lies). `cut` null strikes never and counts.
 */
export function faultyPorts(ports: Ports, cut: Cut | null, strike: () => void): FaultyPorts {
  let writes = 0
  const counted = async (write: () => Promise<unknown>): Promise<void> => {
    await write()
    writes += 1
    if (writes === cut) strike()
  }
  const struck = (tx: Writing): Writing => ({
    find: (table, where) => tx.find(table, where),
    last: (table, where) => tx.last(table, where),
    structure: () => tx.structure(),
    kpi: (query, start, end) => tx.kpi(query, start, end),
    undelivered: () => tx.undelivered(),
    insert: (table, row) => counted(() => tx.insert(table, row)),
    moveCandidate: (id, patch) => counted(() => tx.moveCandidate(id, patch)),
    markStale: id => counted(() => tx.markStale(id)),
    nextNumber: async counter => {
      const number = await tx.nextNumber(counter)
      await counted(async () => undefined)
      return number
    },
  })
  const store: Store = {
    read: work => ports.store.read(work),
    change: work =>
      ports.store.change(async tx => {
        writes = 0
        const value = await work(struck(tx))
        if (cut === 'before commit') strike()
        return value
      }),
    copyTo: path => ports.store.copyTo(path),
    close: () => ports.store.close(),
  }
  return { ports: { ...ports, store }, writes: () => writes }
}

export const throwing = (): never => {
  throw new InjectedFault('the store failed here')
}
