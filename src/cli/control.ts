import type { Command } from 'commander'
import type { ControlStatus } from '../loop/pause-status.ts'
import type { ThresholdsOutcome } from '../loop/thresholds.ts'
import { actorOf, type Invocation, performing } from './face.ts'

/** Each command loads what it needs and no more: `status` is asked often, and first in an emergency. */
export function register(parent: Command): void {
  const control = parent.command('control').description('the safety pause and the thresholds')
  control
    .command('status')
    .description('whether applies are paused, why, and who still has to sign')
    .action(performing(status, statusText))
  control
    .command('pause')
    .description('stop every approval and apply at once (CLO-CTRL-006)')
    .requiredOption('--ticket <ticket>', 'incident ticket, tagged CLO-SAFETY-PAUSE')
    .option('--reason <text>', 'what is wrong', '')
    .option('--metric <metric>', 'what triggered it; may be given several times', collected, [])
    .action(performing(pause, statusText))
  control
    .command('release')
    .description('sign the release; a safety owner and a runtime owner, two people (CLO-CTRL-006)')
    .option('--remediation <text>', 'what was done about it', '')
    .action(performing(release, statusText))
  control
    .command('thresholds')
    .argument('<file>', 'a whole clo_thresholds.v1 document, YAML or JSON')
    .description('put thresholds in force; loosening needs a second signature (CLO-CTRL-007)')
    .action(performing(thresholds, thresholdsText))
}

const collected = (metric: string, before: readonly string[]): readonly string[] => [...before, metric]

async function status(call: Invocation) {
  const { controlStatus } = await import('../loop/pause-status.ts')
  const ports = await call.ports()
  return ports.ok ? { ok: true as const, value: await controlStatus(ports.value) } : ports
}

async function pause(call: Invocation) {
  const actor = actorOf(call)
  if (!actor.ok) return actor
  const ports = await call.ports()
  if (!ports.ok) return ports
  const { ticket, reason, metric } = call.options as unknown as {
    ticket: string
    reason: string
    metric: readonly string[]
  }
  const { engagePause } = await import('../loop/pause-engage.ts')
  return engagePause(ports.value, { actorId: actor.value, ticket, reason, metrics: metric })
}

async function release(call: Invocation) {
  const actor = actorOf(call)
  if (!actor.ok) return actor
  const ports = await call.ports()
  if (!ports.ok) return ports
  const { remediation } = call.options as Readonly<Record<string, string>>
  const { releaseValidated } = await import('../loop/release-validated.ts')
  return releaseValidated(ports.value, { actorId: actor.value, remediation: remediation ?? '' })
}

async function thresholds(call: Invocation) {
  const actor = actorOf(call)
  if (!actor.ok) return actor
  const [path] = call.arguments as [string]
  const { readTextFile } = await import('../adapters/files.ts')
  const text = await readTextFile(path)
  if (!text.ok) return text
  const { readThresholdsText } = await import('../domain/thresholds-text.ts')
  const document = readThresholdsText(text.value)
  if (!document.ok) return document
  const ports = await call.ports()
  if (!ports.ok) return ports
  const { changeThresholds } = await import('../loop/thresholds.ts')
  return changeThresholds(ports.value, { actorId: actor.value, thresholds: document.value })
}

function statusText(now: ControlStatus): string {
  const active = `active     version ${now.policy_version}, epoch ${now.epoch}`
  if (!now.paused) return ['not paused; approvals and applies go on', active].join('\n')
  if (now.unreadable !== null) {
    return [
      `PAUSED: the state cannot be read (${now.unreadable})`,
      active,
      'to do: run `quotey audit verify`',
    ].join('\n')
  }
  const { signed_by, missing } = now.release
  return [
    'PAUSED: nothing is approved and nothing is applied; reject, request_changes and rollback go on',
    `ticket     ${now.incident_ticket}`,
    `reason     ${now.reason}`,
    `metrics    ${now.metrics.join(', ')}`,
    `since      ${now.since}, by ${now.by}`,
    active,
    `release    signed by ${signed_by.join(', ') || 'nobody'}; missing: ${missing.join(', ')}`,
    'to do: clear the metrics, record them with `quotey kpi summary --record`, then `control release`',
  ].join('\n')
}

function thresholdsText(outcome: ThresholdsOutcome): string {
  const changes = outcome.changes.map(
    change =>
      `  ${change.path}: ${change.from} -> ${change.to} (${change.loosened ? 'loosened' : 'tightened'})`,
  )
  const state = {
    unchanged: `nothing changes; version ${outcome.thresholds_version} stays in force`,
    in_force: `version ${outcome.thresholds_version} is in force, signed by ${outcome.signed_by.join(', ')}`,
    pending: `signed by ${outcome.signed_by.join(', ')}; a second person of the other role must sign the same file`,
  }[outcome.state]
  const stale =
    outcome.state === 'in_force' ? ['packets and approvals under the old thresholds are stale now'] : []
  return [state, ...changes, ...stale].join('\n')
}
