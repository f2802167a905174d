import { type AlertBacktest, backtestAlerts } from '../domain/alert-backtest.ts'
import { type AlertReading, alertReadings } from '../domain/alert-state.ts'
import { type BacktestRequest, backtestWindows } from '../domain/backtest-windows.ts'
import type { KpiSummary } from '../domain/kpi.ts'
import { done, type Result } from '../domain/refusal.ts'
import type { Instant } from '../domain/units.ts'
import { currentThresholds } from './active.ts'
import type { Ports } from './ports.ts'

/** `kpi backtest`, JSON names. */
export interface KpiBacktest {
  readonly window: string
  readonly step: string
  readonly windows: number
  /** Ends of the first and the last window. */
  readonly first_end: Instant
  readonly last_end: Instant
  readonly alerts: readonly AlertBacktest[]
}

/**
 * How often each alert would have fired on past windows under the thresholds in force: the bare comparison of the v1 query against
 * smallest samples and memory. Needs no actor and records nothing. Refuses bad_input (lengths, instants, too many windows).
 */
export async function kpiBacktest(ports: Ports, request: BacktestRequest): Promise<Result<KpiBacktest>> {
  return ports.store.read(async tx => {
    const installation = await tx.last('installation')
    if (installation === null) throw new Error('an open installation has its row')
    const windows = backtestWindows(request, installation.created_at, ports.clock.now())
    if (!windows.ok) return windows
    const { thresholds } = await currentThresholds(tx)
    const readings: (readonly AlertReading[])[] = []
    for (const { start, end } of windows.value) {
      const [row] = await tx.kpi('clo_kpi_summary_v1', start, end)
      readings.push(alertReadings(row as unknown as KpiSummary, thresholds.alerts))
      ports.progress('back-testing the alerts', readings.length, windows.value.length)
    }
    return done({
      window: request.length,
      step: request.step,
      windows: windows.value.length,
      first_end: windows.value[0]?.end as Instant,
      last_end: windows.value.at(-1)?.end as Instant,
      alerts: backtestAlerts(readings),
    })
  })
}
