import type { Command } from 'commander'
import { DEFAULT_WINDOW_LENGTH, type WindowRequest } from '../domain/kpi-window.ts'
import { kpiDetail, kpiSummary, recordKpiSummary } from '../loop/kpi.ts'
import { actorOf, type Invocation, performing } from './face.ts'
import { kpiDetailText, kpiSummaryText } from './kpi-text.ts'

export function register(parent: Command): void {
  const kpi = parent.command('kpi').description('how the loop is doing, from its audit log')
  windowed(kpi.command('summary'))
    .description('counts, rates, averages and alerts over a window')
    .option('--record', 'keep the summary for the record (control CLO-CTRL-009)')
    .action(performing(summary, kpiSummaryText))
  windowed(kpi.command('detail'))
    .description('projected against realised effect, candidate by candidate')
    .action(performing(detail, kpiDetailText))
}

const windowed = (command: Command): Command =>
  command
    .option('--window <length>', 'length of the window, such as 30d or 12h', DEFAULT_WINDOW_LENGTH)
    .option('--from <instant>', 'start of the window, itself inside')
    .option('--to <instant>', 'end of the window, itself outside (default: now)')

function windowOf(call: Invocation): WindowRequest {
  const { window, from, to } = call.options as Readonly<Record<string, string | undefined>>
  return { length: window ?? DEFAULT_WINDOW_LENGTH, from: from ?? null, to: to ?? null }
}

async function summary(call: Invocation): ReturnType<typeof kpiSummary> {
  const ports = await call.ports()
  if (!ports.ok) return ports
  const { record } = call.options as { readonly record?: boolean }
  if (record !== true) return kpiSummary(ports.value, windowOf(call))
  const actor = actorOf(call)
  return actor.ok ? recordKpiSummary(ports.value, { ...windowOf(call), actorId: actor.value }) : actor
}

async function detail(call: Invocation): ReturnType<typeof kpiDetail> {
  const ports = await call.ports()
  return ports.ok ? kpiDetail(ports.value, windowOf(call)) : ports
}
