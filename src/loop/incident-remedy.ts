import { done, type Result, refuse } from '../domain/refusal.ts'
import type { Thresholds } from '../domain/thresholds.ts'
import { type ThresholdChange, thresholdChanges } from '../domain/thresholds-change.ts'
import { activeApply } from './activation.ts'
import { currentActivation } from './active.ts'
import type { Evidence, StepInput } from './incident-evidence.ts'
import type { MonitoringResult } from './monitor.ts'
import type { Ports, Reading } from './ports.ts'

/**
 * What was rolled back since the trouble began, and that nothing harmful is active: an applied candidate, of whatever window, whose
 * realised margin interval lies below zero. Refuses illegal_move while it is.
 */
export const harmDone = (ports: Ports, { incident }: StepInput): Promise<Result<Evidence>> =>
  ports.store.read(async tx => {
    const active = await activeApply(tx, await currentActivation(tx))
    const upper = active === null ? null : await realizedMarginUpper(tx, active.candidate_id)
    if (active !== null && upper !== null && upper < 0) {
      return refuse(
        'illegal_move',
        `the candidate \`${active.candidate_id}\` is active and its realised margin lies below zero`,
        `roll it back with \`quotey policy-opt rollback ${active.id} --incident ${incident.id} --reason TEXT\``,
        { apply_record_id: active.id, realized_margin_delta_bps_upper: upper },
      )
    }
    const rollbacks = (await tx.find('policy_rollback_record')).filter(
      row => row.rolled_back_at >= incident.triggered_at,
    )
    return done({
      holds: true,
      rollback_record_ids: rollbacks.map(row => row.id),
      active_candidate_id: active?.candidate_id ?? null,
      realized_margin_delta_bps_upper: upper,
    })
  })

async function realizedMarginUpper(tx: Reading, candidateId: string): Promise<number | null> {
  const event = await tx.last('policy_lifecycle_audit', {
    event_type: 'monitoring_started',
    candidate_id: candidateId,
  })
  if (event === null) return null
  const { realized_intervals } = JSON.parse(event.event_payload_json) as MonitoringResult
  return realized_intervals.margin_delta_bps.upper
}

/** Limits that were tightened since the trouble was noticed. Refuses illegal_move while there is none. */
export const tightenedSince = (ports: Ports, { incident }: StepInput): Promise<Result<Evidence>> =>
  ports.store.read(async tx => {
    const versions = await tx.find('thresholds_version')
    const changes: (ThresholdChange & { readonly thresholds_version: number })[] = []
    for (const [at, row] of versions.entries()) {
      const before = versions[at - 1]
      if (before === undefined || row.created_at < incident.triggered_at) continue
      const made = thresholdChanges(documentOf(before.document_json), documentOf(row.document_json))
      changes.push(...made.map(change => ({ ...change, thresholds_version: row.version })))
    }
    if (changes.some(change => !change.loosened)) return done({ holds: true, changes })
    return refuse(
      'illegal_move',
      `no limit was tightened since ${incident.triggered_at}`,
      'a safety owner puts tighter ones in force with `quotey policy-opt control thresholds FILE`',
      { changes },
    )
  })

const documentOf = (text: string): Thresholds => JSON.parse(text) as Thresholds
