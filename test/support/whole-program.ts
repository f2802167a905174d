import { Command } from 'commander'
import { COMMANDS } from '../../src/cli/commands.ts'

/** Every command there is, under the words and common options that the command line gives them. */
export async function wholeProgram(): Promise<Command> {
  const program = new Command('quotey').option('--home <dir>').option('--as <actor>').option('--json')
  const groups = new Map<string, Command>()
  const registered = new Set<unknown>()
  for (const { group, load } of COMMANDS) {
    const { register } = await load()
    if (registered.has(register)) continue
    registered.add(register)
    if (group !== null && !groups.has(group)) groups.set(group, program.command(group))
    register(group === null ? program : (groups.get(group) as Command))
  }
  return program
}

/** The words of each command that does something. */
export function wordsOf(command: Command, before: readonly string[] = []): readonly string[] {
  if (command.commands.length === 0) return [before.join(' ')]
  return command.commands.flatMap(sub => wordsOf(sub, [...before, sub.name()]))
}
