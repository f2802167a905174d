import type { Command } from 'commander'
import { type DrillReport, runDrill } from '../loop/drill.ts'
import { actorOf, type Invocation, performing } from './face.ts'
import { idNamed } from './latest.ts'

export function register(parent: Command): void {
  parent
    .command('drill')
    .argument('[candidate]', 'candidate id, or latest (default: moves one parameter of the active policy)')
    .description('apply, roll back and apply again on a fork of the live state (CLO-CTRL-005)')
    .action(performing(drill, drillText))
}

async function drill(call: Invocation) {
  const actor = actorOf(call)
  if (!actor.ok) return actor
  const ports = await call.ports()
  if (!ports.ok) return ports
  const [candidate] = call.arguments
  if (candidate === undefined) return runDrill(ports.value, { actorId: actor.value, candidateId: null })
  const named = await idNamed(ports.value, 'policy_candidate', candidate)
  return named.ok ? runDrill(ports.value, { actorId: actor.value, candidateId: named.value }) : named
}

const drillText = (report: DrillReport): string =>
  [
    report.safety_passed ? 'drill passed' : 'DRILL FAILED: read the checks, then `quotey audit verify`',
    `apply      ${report.apply_duration_ms} ms   ${report.first_apply_verification_checksum}`,
    `rollback   ${report.rollback_duration_ms} ms   ${report.rollback_verification_checksum}`,
    `reapply    ${report.reapply_duration_ms} ms   ${report.reapply_verification_checksum}`,
    `restore    ${report.time_to_restore_ms} ms of ${report.time_to_restore_ms_max} allowed`,
    `crashes    ${report.crash_points} injected on the fork`,
    `version    ${report.final_policy_version} at the end, ${report.expected_policy_version} expected`,
    ...report.checks.map(check => `${check.ok ? 'ok  ' : 'FAIL'}       ${check.name}`),
    report.live_state_digest_before === report.live_state_digest_after
      ? 'ok         the live state did not change'
      : 'FAIL       the live state changed while the drill ran',
  ].join('\n')
