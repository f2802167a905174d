import type { PromiseKept } from '../../domain/promise.ts'
import { count, moment } from './figures.ts'
import type { RunReport, TimelineEntry } from './run-report.ts'

/** What has become of the change so far, latest last, in the fewest words. */
export function standing(report: RunReport): readonly string[] {
  const lines = [
    guardLine(report),
    ...happened(report),
    outcomeLine(report),
    rollbackLine(report),
    auditLine(report),
  ]
  return lines.filter(line => line !== null)
}

function guardLine({ replay, packet }: RunReport): string | null {
  if (replay === null) return null
  const blocks = replay.guardrails.blocks.length + (packet?.safety.blocking.length ?? 0)
  if (blocks > 0) return `Blocked: ${blocks} of the checks below did not pass.`
  return packet === null
    ? 'All guardrails passed; no packet was built yet.'
    : `All guardrails and all ${packet.safety.attacks.length} attacks passed.`
}

const HAPPENED: Readonly<Record<string, string>> = {
  approved: 'Approved',
  rejected: 'Rejected',
  changes_requested: 'Changes were requested',
  applied: 'Applied',
}

function happened({ timeline }: RunReport): readonly string[] {
  return timeline
    .filter(entry => entry.event_type in HAPPENED)
    .map(
      (entry: TimelineEntry) => `${HAPPENED[entry.event_type]} by ${entry.actor_id} at ${moment(entry.at)}.`,
    )
}

function outcomeLine({ monitoring }: RunReport): string | null {
  if (monitoring === null) return null
  const [objective] = monitoring.promises
  return `Observed on ${count(monitoring.counts.scored)} closed quotes since: ${OUTCOMES[objective?.verdict ?? 'unknown']}`
}

const OUTCOMES: Readonly<Record<PromiseKept['verdict'], string>> = {
  arrived: 'the promised margin arrived.',
  not_arrived: 'the promised margin did not arrive.',
  not_yet_shown: 'too few quotes to show the promised margin yet.',
  unknown: 'whether the promised margin arrived cannot be told.',
}

function rollbackLine({ rollback }: RunReport): string | null {
  if (rollback === null) return null
  return `Rolled back to policy version ${rollback.rollback_target_version}: ${rollback.rollback_reason}.`
}

function auditLine({ audit }: RunReport): string | null {
  if (audit === null) return null
  return audit.ok
    ? `The audit log verifies: ${count(audit.entries)} entries, nothing altered.`
    : `The audit log does NOT verify: ${audit.findings.length} findings.`
}
