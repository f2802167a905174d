import type { Command } from 'commander'
import { type ValidationReport, validate } from '../loop/validate.ts'
import { type Invocation, performing } from './face.ts'

/** The exit code of a validation in which something does not hold. */
const DOES_NOT_HOLD = 3

export function register(parent: Command): void {
  parent
    .command('validate')
    .description('the runbook’s validation matrix on this installation, each check with its proof')
    .action(performing(run, validationText))
}

async function run(call: Invocation) {
  const ports = await call.ports()
  if (!ports.ok) return ports
  const report = await validate(ports.value)
  if (report.ok && !report.value.ok) process.exitCode = DOES_NOT_HOLD
  return report
}

const validationText = (report: ValidationReport): string =>
  [
    ...report.checks.flatMap(check => [
      `${check.ok ? 'ok  ' : 'FAIL'}  ${check.name}`,
      `        ${check.proof}`,
    ]),
    report.ok ? 'everything holds' : 'something does not hold: see `quotey doctor` for what to do',
  ].join('\n')
