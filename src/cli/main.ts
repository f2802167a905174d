import { readFileSync } from 'node:fs'
import { Command, CommanderError } from 'commander'
import { packageFile } from '../adapters/package-files.ts'
import { refuse } from '../domain/refusal.ts'
import { COMMANDS } from './commands.ts'
import { tell } from './face.ts'

/** Loads only the modules that the words of this call can mean, so that a short command stays quick. */
async function programFor(words: readonly string[]): Promise<Command> {
  const program = new Command('quotey')
    .description('closed-loop policy optimizer for sales quotes')
    .option('--home <dir>', 'folder of the installation (default: QUOTEY_HOME or .quotey)')
    .option('--as <actor>', 'who acts (default: QUOTEY_ACTOR)')
    .option('--json', 'print exactly one JSON document on stdout')
    .version(packageVersion(), '--version', 'print the version')
    .configureHelp({ showGlobalOptions: true })
    .exitOverride()
    .configureOutput({ writeErr: () => undefined })
    .showHelpAfterError()
  const spoken = words.filter(word => !word.startsWith('-'))
  const meant = COMMANDS.filter(entry => entry.words.every(word => spoken.includes(word)))
  const groups = new Map<string, Command>()
  const registered = new Set<unknown>()
  if (meant.length === 0) program.addHelpText('after', await loopHelp())
  for (const entry of meant.length > 0 ? meant : COMMANDS) {
    const { register } = await entry.load()
    if (registered.has(register)) continue
    registered.add(register)
    register(entry.group === null ? program : groupOf(program, groups, entry.group))
  }
  return program
}

const packageVersion = (): string =>
  (JSON.parse(readFileSync(packageFile('package.json'), 'utf8')) as { version: string }).version

/** The loop in order, for whoever asks what there is. */
async function loopHelp(): Promise<string> {
  const { STEPS } = await import('../loop/steps.ts')
  const lines = STEPS.map(({ command, takes, gives, control }) => {
    const gate = control === null ? 'anybody' : control.roles.join(', ')
    return `  ${command.padEnd(22)} ${takes} -> ${gives} (${gate})`
  })
  return ['', 'The loop, in order; in brackets who may:', ...lines].join('\n')
}

const GROUPS: Readonly<Record<string, string>> = {
  'policy-opt':
    'candidates and what becomes of them: propose, replay, apply, monitor, roll back, drill, pause',
  'policy-packet': 'what reviewers see and decide on',
  ops: 'what is run every day and every week',
}

function groupOf(program: Command, groups: Map<string, Command>, name: string): Command {
  const known = groups.get(name)
  if (known !== undefined) return known
  const group = program.command(name).description(GROUPS[name] ?? '')
  groups.set(name, group)
  return group
}

/** The first word, where it is one of a command: its help is the one that helps. */
function groupIn(words: readonly string[]): string {
  const word = words.find(each => COMMANDS.some(entry => entry.words[0] === each))
  return word === undefined ? '' : `${word} `
}

async function main(words: readonly string[]): Promise<void> {
  const json = words.includes('--json')
  try {
    const program = await programFor(words)
    await program.parseAsync([...words], { from: 'user' })
  } catch (error) {
    if (error instanceof CommanderError) {
      if (error.exitCode === 0) return
      const unfinished = error.code === 'commander.help'
      const message = unfinished ? 'the command is not finished' : error.message.replace(/^error: /, '')
      const { refusal } = refuse('bad_input', message, `see \`quotey ${groupIn(words)}--help\``)
      tell(refusal, json)
      return
    }
    const fault = error instanceof Error ? error : new Error(String(error))
    process.exitCode = 1
    if (json) process.stdout.write(`${JSON.stringify({ fault: { message: fault.message } }, null, 2)}\n`)
    process.stderr.write(`fault of ours: ${fault.stack ?? fault.message}\n`)
  }
}

// Whoever reads may stop early, as `head` does; that is no fault, and what was done stays done.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error
})

const words = process.argv.slice(2)
await main(words.length === 0 ? ['--help'] : words)
