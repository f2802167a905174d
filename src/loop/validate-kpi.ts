import type { KpiSummary } from '../domain/kpi.ts'
import { recomputeKpis } from '../domain/kpi-recompute.ts'
import { DEFAULT_WINDOW_LENGTH, reportingWindow } from '../domain/kpi-window.ts'
import { canonicalText } from '../evidence/canonical.ts'
import type { Ports } from './ports.ts'
import type { AuditRow } from './tables.ts'
import type { ValidationCheck } from './validate.ts'

/** The KPI query over the newest window, asked twice and held against a computation of its own. */
export async function kpiFormulasHold(ports: Ports): Promise<ValidationCheck> {
  const name = 'lifecycle_kpis_compute_deterministic_rates_latency_and_alerts'
  const now = ports.clock.now()
  const window = reportingWindow({ length: DEFAULT_WINDOW_LENGTH, from: null, to: null }, now)
  if (!window.ok) return { name, kind: 'control', ok: false, proof: window.refusal.message }
  const { start, end } = window.value
  return ports.store.read(async tx => {
    const [once] = await tx.kpi('clo_kpi_summary_v1', start, end)
    const [again] = await tx.kpi('clo_kpi_summary_v1', start, end)
    const summary = once as unknown as KpiSummary
    const events: AuditRow[] = []
    // A log may be larger than memory; a window is not.
    for await (const block of tx.scan('policy_lifecycle_audit')) {
      events.push(...block.filter(({ occurred_at }) => occurred_at >= start && occurred_at < end))
    }
    const replays = await tx.find('policy_replay_evaluation')
    const recomputed = recomputeKpis(events, replays, start, end, summary)
    const differing = Object.entries(recomputed).filter(
      ([figure, value]) => summary[figure as keyof KpiSummary] !== value,
    )
    const repeatable = canonicalText(once ?? null) === canonicalText(again ?? null)
    const said = differing.map(
      ([figure, value]) => `${figure} is ${summary[figure as keyof KpiSummary]}, recomputed ${value}`,
    )
    return {
      name,
      kind: 'control',
      ok: repeatable && differing.length === 0,
      proof: !repeatable
        ? 'the same question gave two answers'
        : differing.length > 0
          ? said.join('; ')
          : `${Object.keys(recomputed).length} figures from ${events.length} events of the window recomputed without SQL, all equal`,
    }
  })
}
