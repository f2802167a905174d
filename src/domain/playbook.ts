import { ALERT_CODES, type AlertCode } from './alert-state.ts'
import type { ControlOperation } from './controls.ts'
import type { KpiSummary } from './kpi.ts'

/** The three alerts by their reason code, and what people see themselves. */
export const INCIDENT_CAUSES = [...ALERT_CODES, 'other'] as const
export type IncidentCause = (typeof INCIDENT_CAUSES)[number]

/** Column of the KPI summary that says whether an alert burns. */
export const ALERT_COLUMN = {
  rollback_spike: 'rollback_spike_alert',
  false_positive_spike: 'false_positive_alert',
  margin_gap_drift: 'margin_gap_alert',
} as const satisfies Readonly<Record<AlertCode, keyof KpiSummary>>

/** What a step does or collects; `loop/incident-evidence.ts` has the code of each. */
export type StepAction =
  | 'pause'
  | 'largest_gaps'
  | 'lineage'
  | 'rollback'
  | 'applied_against_rolled_back'
  | 'approvals'
  | 'tighten'
  | 'payloads'
  | 'replay_again'
  | 'validate'
  | 'document'
  | 'sign_off'

/** One line of a playbook; `operation` is the control that guards it beyond that of every step. */
export interface PlaybookStep {
  readonly action: StepAction
  readonly text: string
  readonly operation: ControlOperation
}

const step = (
  action: StepAction,
  text: string,
  operation: ControlOperation = 'incident_step',
): PlaybookStep => ({ action, text, operation })

const PAUSE = step('pause', 'engage the safety pause, or name the one that holds', 'pause')
const GAPS = step('largest_gaps', 'find the largest absolute gaps between projected and realised margin')
const ROLLBACK = step('rollback', 'roll back what is active and does harm')

/** Section 3 of the runbook as data: what to do, in order, for each cause. */
export const PLAYBOOKS: Readonly<Record<IncidentCause, readonly PlaybookStep[]>> = {
  rollback_spike: [
    PAUSE,
    GAPS,
    step('lineage', 'verify replay checksums and approval lineage of the affected candidates'),
    ROLLBACK,
    step('sign_off', 'the safety owner signs off, once the alert is clear', 'incident_sign_off'),
  ],
  false_positive_spike: [
    PAUSE,
    step('applied_against_rolled_back', 'compare applied candidates with rolled-back ones'),
    step('approvals', 'audit approval rationales and red-team artifacts of the affected candidates'),
    step('tighten', 'tighten the thresholds before applies resume'),
  ],
  margin_gap_drift: [
    PAUSE,
    GAPS,
    step('payloads', 'check that monitoring payloads hold the realised fields that were promised'),
    step('replay_again', 'replay the affected candidates again and compare checksums'),
    step('document', 'document the root cause'),
  ],
  other: [
    PAUSE,
    step('validate', 'validate that the controls still hold'),
    ROLLBACK,
    step('document', 'document the remediation'),
    step('sign_off', 'the safety owner signs off', 'incident_sign_off'),
  ],
}
