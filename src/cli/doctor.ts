import type { Command } from 'commander'
import { done, type Result } from '../domain/refusal.ts'
import type { DoctorReport } from '../loop/doctor.ts'
import { type Invocation, performing } from './face.ts'

/** The exit code when something needs doing. */
const NEEDS_DOING = 3

export function register(parent: Command): void {
  parent
    .command('doctor')
    .description('what is wrong with keys, roles, clock, disk, database, snapshots and jobs, and what to do')
    .action(performing(run, doctorText))
}

async function run(call: Invocation): Promise<Result<DoctorReport>> {
  const { composeMachine } = await import('../compose.ts')
  const { examine } = await import('../loop/doctor.ts')
  const report = await examine(await composeMachine(call.config), await call.ports())
  if (!report.ok) process.exitCode = NEEDS_DOING
  return done(report)
}

const doctorText = (report: DoctorReport): string =>
  [
    ...report.checks.flatMap(check => [
      `${check.ok ? 'ok  ' : 'WRONG'}  ${check.name.padEnd(14)}${check.found}`,
      ...(check.ok ? [] : [`       to do: ${check.remedy}`]),
    ]),
    report.ok ? 'nothing to do' : `${report.checks.filter(check => !check.ok).length} things to do`,
  ].join('\n')
