import type { Command } from 'commander'

/** Words that begin a command, the group it belongs to, and the module that registers it under that group. */
interface CommandEntry {
  readonly words: readonly string[]
  readonly group: string | null
  readonly load: () => Promise<{ register: (parent: Command) => void }>
}

const entry = (words: string, module: CommandEntry['load'], group: string | null = null): CommandEntry => ({
  words: words.split(' '),
  group,
  load: module,
})

/** Every command of the tool, in the order of the loop. */
export const COMMANDS: readonly CommandEntry[] = [
  entry('init', () => import('./init.ts')),
  entry('backup', () => import('./backup.ts')),
  entry('restore', () => import('./backup.ts')),
  entry('actor', () => import('./actor.ts')),
  entry('policy', () => import('./policy.ts')),
  entry('history', () => import('./history.ts')),
  entry('policy-opt propose', () => import('./propose.ts'), 'policy-opt'),
  entry('policy-opt list', () => import('./candidate.ts'), 'policy-opt'),
  entry('policy-opt show', () => import('./candidate.ts'), 'policy-opt'),
  entry('policy-opt replay', () => import('./replay.ts'), 'policy-opt'),
  entry('policy-packet build', () => import('./packet.ts'), 'policy-packet'),
  entry('policy-packet show', () => import('./packet.ts'), 'policy-packet'),
  entry('policy-packet verify', () => import('./packet.ts'), 'policy-packet'),
  entry('policy-packet action', () => import('./action.ts'), 'policy-packet'),
  entry('policy-opt red-team', () => import('./red-team.ts'), 'policy-opt'),
  entry('policy-opt apply', () => import('./apply.ts'), 'policy-opt'),
  entry('policy-opt rollback', () => import('./rollback.ts'), 'policy-opt'),
  entry('policy-opt drill', () => import('./drill.ts'), 'policy-opt'),
  entry('policy-opt monitor', () => import('./monitor.ts'), 'policy-opt'),
  entry('policy-opt control', () => import('./control.ts'), 'policy-opt'),
  entry('kpi', () => import('./kpi.ts')),
  entry('ops daily', async () => ({ register: (await import('./ops.ts')).registerDaily }), 'ops'),
  entry('ops weekly', async () => ({ register: (await import('./ops.ts')).registerWeekly }), 'ops'),
  entry('ops deliver', () => import('./deliver.ts'), 'ops'),
  entry('incident', () => import('./incident.ts')),
  entry('validate', () => import('./validate.ts')),
  entry('doctor', () => import('./doctor.ts')),
  entry('audit', () => import('./audit.ts')),
  entry('serve', () => import('./serve.ts')),
  entry('demo', () => import('./demo.ts')),
]
