import type { Ports } from '../../src/loop/ports.ts'

/** Carries a value out of a transaction that is rolled back. */
class Undone extends Error {
  readonly value: unknown

  constructor(value: unknown) {
    super('undone on purpose')
    this.value = value
  }
}

/** The same ports over a store that carries every change out to its end and then takes it back, so that cases do not disturb each other. */
export const undoing = (ports: Ports): Ports => ({
  ...ports,
  store: {
    read: work => ports.store.read(work),
    change: async <T>(work: Parameters<Ports['store']['change']>[0]): Promise<T> => {
      try {
        await ports.store.change(async tx => {
          throw new Undone(await work(tx))
        })
      } catch (error) {
        if (error instanceof Undone) return error.value as T
        throw error
      }
      throw new Error('the change was kept')
    },
    copyTo: path => ports.store.copyTo(path),
    close: () => ports.store.close(),
  } as Ports['store'],
})

/**
 * Tries a step of several transactions inside one that is taken back at the end, so that each finds what the one before wrote. Not
 * for steps that fork: a copy of the store would wait for the transaction it is made in.
 */
export async function tryUndone<T>(ports: Ports, step: (inside: Ports) => Promise<T>): Promise<T> {
  try {
    await ports.store.change(async tx => {
      const store: Ports['store'] = {
        read: work => work(tx),
        change: work => work(tx),
        copyTo: () => Promise.reject(new Error('a step that is undone as a whole cannot fork')),
        close: async () => undefined,
      }
      throw new Undone(await step({ ...ports, store }))
    })
  } catch (error) {
    if (error instanceof Undone) return error.value as T
    throw error
  }
  throw new Error('the change was kept')
}
