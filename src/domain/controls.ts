/** Roles a person or service can hold. `scheduler` is a service's: it can stop things, never start or release them. */
export const ROLES = ['revenue_ops', 'runtime_owner', 'safety_owner', 'scheduler'] as const
export type Role = (typeof ROLES)[number]

/** One gate of the runbook's control matrix. `together` gates need one signature of each role, by different people. */
export interface Control {
  readonly id: string
  readonly operation: ControlOperation
  readonly name: string
  readonly command: string
  readonly roles: readonly Role[]
  readonly together: boolean
  readonly auditArtifact: string
}

export type ControlOperation =
  | 'packet_build'
  | 'decide'
  | 'apply'
  | 'rollback'
  | 'drill'
  | 'pause'
  | 'release'
  | 'thresholds_tighten'
  | 'thresholds_loosen'
  | 'propose'
  | 'replay'
  | 'monitor'
  | 'kpi_record'
  | 'incident_open'
  | 'incident_step'
  | 'incident_sign_off'
  | 'incident_close'

const control = (
  id: string,
  operation: ControlOperation,
  name: string,
  command: string,
  roles: readonly Role[],
  auditArtifact: string,
  together = false,
): Control => ({ id, operation, name, command, roles, together, auditArtifact })

/** The whole matrix; everything that is not here is denied. */
export const CONTROLS: readonly Control[] = [
  control(
    'CLO-CTRL-001',
    'packet_build',
    'build review packet',
    'policy-packet build',
    ['runtime_owner', 'revenue_ops'],
    'packet JSON, event review_packet_built',
  ),
  control(
    'CLO-CTRL-002',
    'decide',
    'submit review decision',
    'policy-packet action',
    ['runtime_owner', 'revenue_ops', 'safety_owner'],
    'action JSON, policy_approval_decision',
  ),
  control(
    'CLO-CTRL-003',
    'apply',
    'apply a candidate',
    'policy-opt apply',
    ['runtime_owner'],
    'policy_apply_record, event applied',
  ),
  control(
    'CLO-CTRL-004',
    'rollback',
    'roll an apply back',
    'policy-opt rollback',
    ['runtime_owner', 'safety_owner'],
    'policy_rollback_record, event rolled_back',
  ),
  control(
    'CLO-CTRL-005',
    'drill',
    'rollback drill',
    'policy-opt drill',
    ['runtime_owner', 'scheduler'],
    'drill report, event drill_completed',
  ),
  control(
    'CLO-CTRL-006',
    'pause',
    'engage the safety pause',
    'policy-opt control pause',
    ['runtime_owner', 'safety_owner', 'scheduler'],
    'event pause_engaged',
  ),
  control(
    'CLO-CTRL-006',
    'release',
    'release the safety pause',
    'policy-opt control release',
    ['runtime_owner', 'safety_owner'],
    'events pause_release_signed, pause_released',
    true,
  ),
  control(
    'CLO-CTRL-007',
    'thresholds_tighten',
    'tighten thresholds',
    'policy-opt control thresholds',
    ['safety_owner'],
    'event thresholds_changed',
  ),
  control(
    'CLO-CTRL-007',
    'thresholds_loosen',
    'loosen thresholds',
    'policy-opt control thresholds',
    ['safety_owner', 'runtime_owner'],
    'event thresholds_changed',
    true,
  ),
  control(
    'CLO-CTRL-008',
    'propose',
    'propose a candidate',
    'policy-opt propose',
    ['runtime_owner', 'revenue_ops'],
    'event candidate_created',
  ),
  control(
    'CLO-CTRL-008',
    'replay',
    'replay a candidate',
    'policy-opt replay',
    ['runtime_owner', 'revenue_ops'],
    'event replay_completed',
  ),
  control(
    'CLO-CTRL-008',
    'monitor',
    'take in outcomes',
    'policy-opt monitor',
    ['runtime_owner', 'revenue_ops'],
    'event monitoring_started',
  ),
  control(
    'CLO-CTRL-009',
    'kpi_record',
    'record a KPI snapshot',
    'ops daily',
    [...ROLES],
    'event kpi_snapshot_recorded',
  ),
  control(
    'CLO-CTRL-009',
    'incident_open',
    'open an incident',
    'incident open',
    [...ROLES],
    'event incident_opened',
  ),
  control(
    'CLO-CTRL-010',
    'incident_step',
    'do a step of an incident',
    'incident step',
    ['revenue_ops', 'runtime_owner', 'safety_owner'],
    'incident_step, evidence artifact, event incident_step_done',
  ),
  control(
    'CLO-CTRL-010',
    'incident_sign_off',
    'sign an incident off',
    'incident step',
    ['safety_owner'],
    'incident_step, event incident_signed_off',
  ),
  control(
    'CLO-CTRL-010',
    'incident_close',
    'close an incident',
    'incident close',
    ['runtime_owner', 'safety_owner'],
    'incident_step, event incident_closed',
  ),
]

/** The control that guards an operation. */
export const controlOf = (operation: ControlOperation): Control =>
  CONTROLS.find(entry => entry.operation === operation) as Control
