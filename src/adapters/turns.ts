import { AsyncLocalStorage } from 'node:async_hooks'

/** Lets the transactions of one process on one connection take turns. */
export class Turns {
  readonly #inside = new AsyncLocalStorage<boolean>()
  #turn: Promise<unknown> = Promise.resolve()

  take<T>(work: () => Promise<T>): Promise<T> {
    if (this.#inside.getStore() === true) {
      // It would wait for itself for ever.
      throw new Error('the store was asked from inside its own transaction; use `tx`')
    }
    const mine = this.#turn.then(() => this.#inside.run(true, work))
    this.#turn = mine.catch(() => undefined)
    return mine
  }
}
