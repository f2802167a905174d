import type { KpiDetailRow, KpiSummary, KpiSummaryV2 } from '../domain/kpi.ts'
import { type ReportingWindow, reportingWindow, type WindowRequest } from '../domain/kpi-window.ts'
import { done, type Result } from '../domain/refusal.ts'
import { canonicalText, digestOf } from '../evidence/canonical.ts'
import { authorize } from './authorize.ts'
import type { Ports, Reading } from './ports.ts'
import { record } from './record.ts'
import type { KpiSnapshotRow } from './tables.ts'

/** How the loop is doing over a window. Needs no actor. Refuses bad_input on an unreadable or empty window. */
export async function kpiSummary(ports: Ports, request: WindowRequest): Promise<Result<KpiSummary>> {
  const window = reportingWindow(request, ports.clock.now())
  if (!window.ok) return window
  return done(await ports.store.read(tx => summaryOver(tx, window.value)))
}

/** What the first summary cannot say. Needs no actor. Refuses bad_input on an unreadable or empty window. */
export async function kpiSummaryV2(ports: Ports, request: WindowRequest): Promise<Result<KpiSummaryV2>> {
  const window = reportingWindow(request, ports.clock.now())
  if (!window.ok) return window
  const { start, end } = window.value
  const [row] = await ports.store.read(tx => tx.kpi('clo_kpi_summary_v2', start, end))
  if (row === undefined) throw new Error('clo_kpi_summary_v2 gave no row')
  return done(row as unknown as KpiSummaryV2)
}

/** Projection against observation, candidate by candidate, the largest gap first. Needs no actor. */
export async function kpiDetail(
  ports: Ports,
  request: WindowRequest,
): Promise<Result<{ readonly rows: readonly KpiDetailRow[] }>> {
  const window = reportingWindow(request, ports.clock.now())
  if (!window.ok) return window
  const { start, end } = window.value
  const rows = await ports.store.read(tx => tx.kpi('clo_kpi_projected_vs_realized_detail_v1', start, end))
  return done({ rows: rows as unknown as readonly KpiDetailRow[] })
}

export interface RecordedKpiSummary extends KpiSummary {
  /** Id of the kept row; the same window with the same figures is kept once. */
  readonly kpi_snapshot_id: string
}

/** The summary, kept for the record: control `kpi_record`. Refuses bad_input, not_authorised, key_expired. */
export async function recordKpiSummary(
  ports: Ports,
  input: WindowRequest & { readonly actorId: string },
): Promise<Result<RecordedKpiSummary>> {
  const window = reportingWindow(input, ports.clock.now())
  if (!window.ok) return window
  return ports.store.change(async tx => {
    const at = ports.clock.now()
    const authority = await authorize(tx, at, input.actorId, 'kpi_record')
    if (!authority.ok) return authority
    const summary = await summaryOver(tx, window.value)
    const key = digestOf({ ...summary })
    const known = await tx.last('policy_lifecycle_audit', {
      event_type: 'kpi_snapshot_recorded',
      idempotency_key: key,
    })
    if (known !== null) {
      const { kpi_snapshot_id } = JSON.parse(known.event_payload_json) as { kpi_snapshot_id: string }
      return done({ ...summary, kpi_snapshot_id })
    }
    const row: KpiSnapshotRow = {
      id: ports.randomness.id('kpi'),
      window_start: window.value.start,
      window_end: window.value.end,
      summary_json: canonicalText({ ...summary }),
      recorded_by: input.actorId,
      recorded_at: at,
    }
    await record(tx, ports, {
      eventType: 'kpi_snapshot_recorded',
      actor: { type: authority.value.actorType, id: input.actorId },
      payload: {
        kpi_snapshot_id: row.id,
        window_start: row.window_start,
        window_end: row.window_end,
        alert_reason_codes: summary.alert_reason_codes,
      },
      idempotencyKey: key,
      occurredAt: at,
      inserts: [{ table: 'kpi_snapshot', row }],
    })
    return done({ ...summary, kpi_snapshot_id: row.id })
  })
}

/** The one row of the summary query over a window. */
export async function summaryOver(tx: Reading, window: ReportingWindow): Promise<KpiSummary> {
  const [row] = await tx.kpi('clo_kpi_summary_v1', window.start, window.end)
  if (row === undefined) throw new Error('clo_kpi_summary_v1 gave no row')
  return row as unknown as KpiSummary
}
