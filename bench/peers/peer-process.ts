import { type ChildProcess, fork } from 'node:child_process'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import type { PolicyTally } from '../../src/domain/tally.ts'

/** What a peer's process answers. */
export interface Answer {
  /** One, or a list of a thousand. */
  readonly tally: PolicyTally | readonly PolicyTally[]
  readonly seconds: number
  /** Of all threads of the process together. */
  readonly cpuSeconds: number
  readonly peakMegabytes: number
}

/** A peer in a process of its own; see process.ts. */
export class PeerProcess {
  readonly name: string
  readonly rows: number
  readonly #child: ChildProcess

  private constructor(name: string, rows: number) {
    this.name = name
    this.rows = rows
    const entry = fileURLToPath(new URL('./process.ts', import.meta.url))
    // A tally holds bigints, and objects of many millions of quotes want a heap of some size.
    this.#child = fork(entry, [name, String(rows)], {
      serialization: 'advanced',
      execArgv: ['--max-old-space-size=8192', '--disable-warning=ExperimentalWarning'],
    })
  }

  static async start(name: string, rows: number): Promise<PeerProcess> {
    const peer = new PeerProcess(name, rows)
    await peer.#next()
    return peer
  }

  ask(): Promise<Answer> {
    this.#child.send('ask')
    return this.#next() as Promise<Answer>
  }

  end(): Promise<unknown> {
    const ended = new Promise(resolve => this.#child.once('exit', resolve))
    this.#child.send('end')
    return ended
  }

  #next(): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const ended = (code: number | null): void =>
        reject(new Error(`the peer \`${this.name}\` ended with code ${code}`))
      this.#child.once('exit', ended)
      this.#child.once('message', message => {
        this.#child.off('exit', ended)
        resolve(message)
      })
    })
  }
}

/** Packages that a platform may lack; all others are always there. */
const OPTIONAL = ['chdb']

/** Whether what a peer needs is installed; says so where it is not. */
export function peersInstalled(name: string): boolean {
  if (!OPTIONAL.includes(name)) return true
  try {
    createRequire(import.meta.url).resolve(name)
    return true
  } catch {
    console.log(`  ${name} is not installed here and is left out`)
    return false
  }
}
