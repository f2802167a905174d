import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Answer, Errand } from './errand.ts'
import type { Connection } from './place.ts'

const CONTENDER = fileURLToPath(new URL('./contender.ts', import.meta.url))

/** What a contender said in one round; `killed` when it was, with how many errands it had not answered. */
export interface Told {
  readonly answers: readonly Answer[]
  readonly killed: boolean
  readonly unanswered: number
}

/** A process of the proof, replaced when it was killed. */
export class Contender {
  readonly #connection: Connection
  #process: ChildProcess

  private constructor(connection: Connection, process: ChildProcess) {
    this.#connection = connection
    this.#process = process
  }

  static async start(connection: Connection): Promise<Contender> {
    return new Contender(connection, await started(connection))
  }

  /** Sends errands and waits for all their answers, or kills it after so many milliseconds (null: never). */
  async run(errands: readonly Errand[], killAfterMs: number | null): Promise<Told> {
    const process = this.#process
    const answers: Answer[] = []
    const ended = new Promise<boolean>(resolve => {
      process.on('message', (message: Answer | 'finished') => {
        if (message === 'finished') resolve(false)
        else answers.push(message)
      })
      process.once('exit', () => resolve(true))
    })
    process.send(errands as Errand[])
    const timer = killAfterMs === null ? null : setTimeout(() => process.kill('SIGKILL'), killAfterMs)
    const dead = await ended
    if (timer !== null) clearTimeout(timer)
    process.removeAllListeners('message')
    process.removeAllListeners('exit')
    const killed = dead || process.killed
    if (killed) {
      if (!dead && process.exitCode === null && process.signalCode === null) await once(process, 'exit')
      if (process.signalCode !== 'SIGKILL')
        throw new Error(`a contender ended by itself: ${process.exitCode}`)
      this.#process = await started(this.#connection)
    }
    return { answers, killed, unanswered: errands.length - answers.length }
  }

  stop(): void {
    this.#process.removeAllListeners('exit')
    this.#process.kill('SIGKILL')
  }
}

async function started(connection: Connection): Promise<ChildProcess> {
  const child = fork(CONTENDER, [connection], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  await once(child, 'message')
  return child
}
