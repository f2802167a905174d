import type { ControlOperation, Role } from '../../src/domain/controls.ts'

/** The runbook's matrix and DESIGN 11, written out again: everything not named here is denied. */
export const PUBLISHED_ROLES: Readonly<Record<ControlOperation, readonly Role[]>> = {
  packet_build: ['runtime_owner', 'revenue_ops'],
  decide: ['runtime_owner', 'revenue_ops', 'safety_owner'],
  apply: ['runtime_owner'],
  rollback: ['runtime_owner', 'safety_owner'],
  drill: ['runtime_owner', 'scheduler'],
  pause: ['runtime_owner', 'safety_owner', 'scheduler'],
  release: ['runtime_owner', 'safety_owner'],
  thresholds_tighten: ['safety_owner'],
  thresholds_loosen: ['safety_owner', 'runtime_owner'],
  propose: ['runtime_owner', 'revenue_ops'],
  replay: ['runtime_owner', 'revenue_ops'],
  monitor: ['runtime_owner', 'revenue_ops'],
  kpi_record: ['revenue_ops', 'runtime_owner', 'safety_owner', 'scheduler'],
  incident_open: ['revenue_ops', 'runtime_owner', 'safety_owner', 'scheduler'],
  incident_step: ['revenue_ops', 'runtime_owner', 'safety_owner'],
  incident_sign_off: ['safety_owner'],
  incident_close: ['runtime_owner', 'safety_owner'],
}
