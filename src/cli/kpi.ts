import type { Command } from 'commander'
import type { KpiSummary, KpiSummaryV2 } from '../domain/kpi.ts'
import { DEFAULT_WINDOW_LENGTH, type WindowRequest } from '../domain/kpi-window.ts'
import { type Result, refuse } from '../domain/refusal.ts'
import { kpiDetail, kpiSummary, kpiSummaryV2, recordKpiSummary } from '../loop/kpi.ts'
import { kpiBacktest } from '../loop/kpi-backtest.ts'
import { type KpiHistory, kpiHistory } from '../loop/kpi-history.ts'
import { actorOf, type Invocation, performing } from './face.ts'
import { kpiBacktestCsv, kpiBacktestText, kpiHistoryText, recordsCsv } from './kpi-history-text.ts'
import { kpiDetailText, kpiSummaryText, kpiSummaryV2Text } from './kpi-text.ts'

/** As many snapshots as a line of a terminal shows; a month of `ops daily`. */
const SNAPSHOTS_SHOWN = 30

export function register(parent: Command): void {
  const kpi = parent.command('kpi').description('how the loop is doing, from its audit log')
  windowed(kpi.command('summary'))
    .description('counts, rates, averages and alerts over a window')
    .option('--record', 'keep the summary for the record (control CLO-CTRL-009)')
    .option('--v2', 'the second summary: harmful candidates, absolute gaps, smallest samples')
    .option('--csv', 'as CSV')
    .action(summarise)
  windowed(kpi.command('detail'))
    .description('projected against realised effect, candidate by candidate')
    .option('--csv', 'as CSV')
    .action(asCsvOr(detail, kpiDetailText, ({ rows }) => recordsCsv(rows)))
  kpi
    .command('history')
    .description('recorded snapshots, figure by figure')
    .option('--last <n>', 'how many of the newest', String(SNAPSHOTS_SHOWN))
    .option('--csv', 'as CSV')
    .action(asCsvOr(history, kpiHistoryText, ({ snapshots }) => recordsCsv(snapshots)))
  windowed(kpi.command('backtest'))
    .description('how often each alert would have fired on past windows')
    .option('--step <length>', 'from the end of one window to the end of the next', '1d')
    .option('--csv', 'as CSV')
    .action(asCsvOr(backtest, kpiBacktestText, kpiBacktestCsv))
}

const windowed = (command: Command): Command =>
  command
    .option('--window <length>', 'length of the window, such as 30d or 12h', DEFAULT_WINDOW_LENGTH)
    .option('--from <instant>', 'start of the window, itself inside')
    .option('--to <instant>', 'end of the window, itself outside (default: now)')

/** `--csv` prints CSV in place of text; `--json` goes before both. */
const asCsvOr =
  <T>(
    run: (call: Invocation) => Promise<Result<T>>,
    text: (value: T) => string,
    csv: (value: T) => string,
  ): ((...received: unknown[]) => Promise<void>) =>
  (...received) => {
    const options = (received.at(-1) as Command).opts() as { readonly csv?: boolean }
    return performing(run, options.csv === true ? csv : text)(...received)
  }

function windowOf(call: Invocation): WindowRequest {
  const { window, from, to } = call.options as Readonly<Record<string, string | undefined>>
  return { length: window ?? DEFAULT_WINDOW_LENGTH, from: from ?? null, to: to ?? null }
}

/** The text shows the recorded snapshots too; JSON and CSV are the row alone. */
async function summarise(...received: unknown[]): Promise<void> {
  const options = (received.at(-1) as Command).opts() as { readonly v2?: boolean; readonly record?: boolean }
  if (options.v2 === true) {
    return asCsvOr(secondSummary, kpiSummaryV2Text, row => recordsCsv([row]))(...received)
  }
  let recorded: KpiHistory = { snapshots: [], earlier: 0 }
  const run = async (call: Invocation): Promise<Result<KpiSummary>> => {
    const row = await summary(call)
    const ports = await call.ports()
    const shown = ports.ok ? await kpiHistory(ports.value, SNAPSHOTS_SHOWN) : ports
    if (shown.ok) recorded = shown.value
    return row
  }
  return asCsvOr(
    run,
    row => kpiSummaryText(row, recorded),
    row => recordsCsv([row]),
  )(...received)
}

async function summary(call: Invocation): Promise<Result<KpiSummary>> {
  const ports = await call.ports()
  if (!ports.ok) return ports
  const { record } = call.options as { readonly record?: boolean }
  if (record !== true) return kpiSummary(ports.value, windowOf(call))
  const actor = actorOf(call)
  return actor.ok ? recordKpiSummary(ports.value, { ...windowOf(call), actorId: actor.value }) : actor
}

async function secondSummary(call: Invocation): Promise<Result<KpiSummaryV2>> {
  const { record } = call.options as { readonly record?: boolean }
  if (record === true) {
    return refuse('bad_input', 'snapshots are of the first summary', 'pass either `--record` or `--v2`')
  }
  const ports = await call.ports()
  return ports.ok ? kpiSummaryV2(ports.value, windowOf(call)) : ports
}

async function detail(call: Invocation): ReturnType<typeof kpiDetail> {
  const ports = await call.ports()
  return ports.ok ? kpiDetail(ports.value, windowOf(call)) : ports
}

async function history(call: Invocation): ReturnType<typeof kpiHistory> {
  const ports = await call.ports()
  const { last } = call.options as unknown as { readonly last: string }
  return ports.ok ? kpiHistory(ports.value, Number(last)) : ports
}

async function backtest(call: Invocation): ReturnType<typeof kpiBacktest> {
  const ports = await call.ports()
  const { step } = call.options as unknown as { readonly step: string }
  return ports.ok ? kpiBacktest(ports.value, { ...windowOf(call), step }) : ports
}
