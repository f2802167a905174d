import type { Result } from '../../domain/refusal.ts'

/** Tells a reader on stderr what a run is doing, a line a step with the time it took. */
export class Narrator {
  readonly #screen: NodeJS.WritableStream
  readonly #began = performance.now()

  constructor(screen: NodeJS.WritableStream = process.stderr) {
    this.#screen = screen
  }

  /** Does a step and says how it ended; a refusal is passed on as it is. */
  async step<T>(
    name: string,
    work: () => Promise<Result<T>>,
    words: (value: T) => string,
  ): Promise<Result<T>> {
    const from = performance.now()
    const result = await work()
    const said = result.ok ? words(result.value) : `refused: ${result.refusal.message}`
    this.#line(result.ok ? 'ok' : 'no', name, said, performance.now() - from)
    return result
  }

  note(name: string, words: string): void {
    this.#line('--', name, words, null)
  }

  /** Seconds since the run began. */
  seconds(): number {
    return (performance.now() - this.#began) / 1000
  }

  #line(mark: string, name: string, words: string, durationMs: number | null): void {
    const took = durationMs === null ? '' : `  (${(durationMs / 1000).toFixed(1)} s)`
    this.#screen.write(`  ${mark}  ${name.padEnd(9)} ${words}${took}\n`)
  }
}
