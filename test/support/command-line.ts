import { spawn } from 'node:child_process'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const entry = join(dirname(dirname(dirname(fileURLToPath(import.meta.url)))), 'src', 'cli', 'main.ts')

const shiftedClock = new URL('shifted-clock.ts', import.meta.url).href

/** How one call of the command line ended; `json` is the document it printed with `--json`, null if it printed none. */
export interface Ended {
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string
  readonly json: unknown
}

/** Runs `quotey` in a process of its own, as a person would, with nothing taken from this process's QUOTEY_* settings. */
export const quotey = (home: string, actor: string | null, ...words: readonly string[]): Promise<Ended> =>
  quoteyLater(0, home, actor, ...words)

/** The same so many days later, by the clock of that process. */
export const quoteyLater = (
  days: number,
  home: string,
  actor: string | null,
  ...words: readonly string[]
): Promise<Ended> => run({}, days, home, actor, words)

/** The same with QUOTEY_* settings of its own. */
export const quoteyWith = (
  settings: Readonly<Record<string, string>>,
  home: string,
  actor: string | null,
  ...words: readonly string[]
): Promise<Ended> => run(settings, 0, home, actor, words)

function run(
  settings: Readonly<Record<string, string>>,
  days: number,
  home: string,
  actor: string | null,
  words: readonly string[],
): Promise<Ended> {
  const environment = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !name.startsWith('QUOTEY_')),
  )
  const who = actor === null ? [] : ['--as', actor]
  const clock = days === 0 ? [] : ['--import', `${shiftedClock}?ahead_ms=${days * 86_400_000}`]
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [...clock, entry, '--home', home, ...who, ...words], {
      // Compiled code is kept between calls, as the launcher does.
      env: { NODE_COMPILE_CACHE: join(tmpdir(), 'node-compile-cache'), ...environment, ...settings },
    })
    const out: Buffer[] = []
    const err: Buffer[] = []
    child.stdout.on('data', chunk => out.push(chunk))
    child.stderr.on('data', chunk => err.push(chunk))
    child.on('error', reject)
    child.on('close', code => {
      const stdout = Buffer.concat(out).toString()
      const stderr = Buffer.concat(err).toString()
      resolve({ exitCode: code ?? -1, stdout, stderr, json: parsed(stdout) })
    })
  })
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
