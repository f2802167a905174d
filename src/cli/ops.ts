import type { Command } from 'commander'
import type { DailyReport } from '../loop/ops-daily.ts'
import type { WeeklyReport } from '../loop/ops-weekly.ts'
import { actorOf, type Invocation, performing } from './face.ts'

/** The exit code of a check that ran and found that something does not hold. */
const DOES_NOT_HOLD = 3

export function registerDaily(parent: Command): void {
  parent
    .command('daily')
    .description('the daily check: KPI snapshot, alerts, incidents (CLO-CTRL-009); once a day')
    .action(performing(daily, dailyText))
}

export function registerWeekly(parent: Command): void {
  parent
    .command('weekly')
    .description('the weekly check: drill, its confirmations, validation, governance record (CLO-CTRL-005)')
    .action(performing(weekly, weeklyText))
}

async function daily(call: Invocation) {
  const actor = actorOf(call)
  if (!actor.ok) return actor
  const ports = await call.ports()
  if (!ports.ok) return ports
  const { opsDaily } = await import('../loop/ops-daily.ts')
  return opsDaily(ports.value, { actorId: actor.value })
}

async function weekly(call: Invocation) {
  const actor = actorOf(call)
  if (!actor.ok) return actor
  const ports = await call.ports()
  if (!ports.ok) return ports
  const { opsWeekly } = await import('../loop/ops-weekly.ts')
  const report = await opsWeekly(ports.value, { actorId: actor.value })
  if (report.ok && !report.value.ok) process.exitCode = DOES_NOT_HOLD
  return report
}

const missedText = (what: string, missed: readonly string[]): readonly string[] =>
  missed.length === 0 ? [] : [`MISSED     ${missed.length} ${what}: ${missed.slice(-5).join(', ')}`]

const dailyText = (report: DailyReport): string =>
  [
    `daily check of ${report.day}${report.already_ran ? ', which ran before' : ''}`,
    `snapshot   ${report.kpi_snapshot_id}`,
    `alerts     ${report.alert_reason_codes || 'none'}; raised: ${report.raised_alerts.join(', ') || 'none'}`,
    ...report.incidents.map(
      incident =>
        `incident   ${incident.incident_id} (${incident.cause}), ${
          incident.next_step === null
            ? `waits: ${incident.unmet.join('; ')}`
            : `step ${incident.next_step} is next`
        }`,
    ),
    ...report.pause.map(pause =>
      pause.engaged
        ? `PAUSED     for ${pause.cause}`
        : `NOT PAUSED for ${pause.cause}: ${pause.refused ?? ''}`,
    ),
    ...missedText('daily checks', report.missed_days),
    ...missedText('weekly checks', report.missed_weeks),
    report.incidents.length === 0
      ? 'nothing to do'
      : 'to do: `quotey incident show ID`, then its steps in order',
  ].join('\n')

const weeklyText = (report: WeeklyReport): string =>
  [
    `weekly check of ${report.week}${report.already_ran ? ', which ran before' : ''}: ${report.ok ? 'all holds' : 'DOES NOT HOLD'}`,
    ...report.confirmations.map(line => `${line.ok ? 'ok  ' : 'FAIL'}  ${line.name.replaceAll('_', ' ')}`),
    ...report.validation.checks.map(
      line => `${line.ok ? 'ok  ' : 'FAIL'}  ${line.name.replaceAll('_', ' ')}`,
    ),
    `record     ${report.record_digest}`,
    ...missedText('weekly checks', report.missed_weeks),
  ].join('\n')
