import type { Command } from 'commander'
import type { Config } from '../config.ts'
import { readConfig } from '../config.ts'
import { EXIT_CODE_OF_REFUSAL, type Refusal, type Result, refuse } from '../domain/refusal.ts'
import { BrokenState, type Ports } from '../loop/ports.ts'
import { progressBar } from './progress.ts'
import { shown } from './terminal-text.ts'

/** What one call of the command line gives to a command. */
export interface Invocation {
  readonly config: Config
  readonly arguments: readonly string[]
  readonly options: Readonly<Record<string, never>>
  /** Opens the installation; refuses where there is none. */
  ports(): Promise<Result<Ports>>
}

/**
 * Makes the action of a command: `run` does the work and returns a value or a refusal; `--json` prints either as one JSON
 * document on stdout, otherwise `text` says it for people. Sets the exit code.
 */
export function performing<T>(
  run: (call: Invocation) => Promise<Result<T>>,
  text: (value: T, call: Invocation) => string,
): (...received: unknown[]) => Promise<void> {
  return async (...received) => {
    const command = received.at(-1) as Command
    const flags = command.optsWithGlobals() as { home?: string; as?: string; json?: boolean }
    const config = readConfig(flags)
    const opened: Ports[] = []
    const call: Invocation = {
      config,
      arguments: command.processedArgs as string[],
      options: command.opts() as Readonly<Record<string, never>>,
      ports: async () => {
        const { composePorts } = await import('../compose.ts')
        const composed = await composePorts(config, progressBar())
        if (composed.ok) opened.push(composed.value)
        return composed
      },
    }
    try {
      const result = await run(call)
      if (result.ok) say(flags.json ? asJson(result.value) : text(result.value, call))
      else tell(result.refusal, flags.json === true)
    } catch (error) {
      if (!(error instanceof BrokenState)) throw error
      tell(error.refusal, flags.json === true)
    } finally {
      for (const ports of opened) await ports.store.close()
    }
  }
}

/** The acting person of a call, or a refusal that says how to name one. */
export const actorOf = (call: Invocation): Result<string> =>
  call.config.actorId === null
    ? refuse('bad_input', 'no actor is named', 'pass `--as ACTOR` or set QUOTEY_ACTOR')
    : { ok: true, value: call.config.actorId }

/** Prints a refusal and sets its exit code. With --json on stdout, else on stderr. */
export function tell(refusal: Refusal, json: boolean): void {
  process.exitCode = EXIT_CODE_OF_REFUSAL[refusal.code]
  if (json) {
    say(asJson({ refusal }))
    return
  }
  const facts = Object.entries(refusal.facts).flatMap(([name, value]) =>
    Array.isArray(value) && value.some(isFinding)
      ? [
          `  ${name}:`,
          ...value.map(finding => `    ${isFinding(finding) ? findingText(finding) : plain(finding)}`),
        ]
      : [`  ${name}: ${plain(value)}`],
  )
  process.stderr.write(
    shown(
      [`refused (${refusal.code}): ${refusal.message}`, ...facts, `  to do: ${refusal.remedy}`, ''].join(
        '\n',
      ),
    ),
  )
}

/** One of several things wrong with a text somebody handed in. */
interface Finding {
  readonly message: string
  readonly line: number | null
  readonly column: number | null
}

const isFinding = (value: unknown): value is Finding =>
  typeof value === 'object' && value !== null && 'message' in value && 'line' in value && 'column' in value

const findingText = ({ message, line, column }: Finding): string =>
  line === null ? message : `${`${line}:${column}`.padEnd(8)}${message}`

const plain = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value))
const asJson = (value: unknown): string => JSON.stringify(value, null, 2)
const say = (text: string): void => {
  process.stdout.write(shown(text.endsWith('\n') ? text : `${text}\n`))
}
