import { type Control, controlOf } from '../domain/controls.ts'

/** One step of the loop: what goes in, what comes out, the command that does it and the gate that guards it. */
export interface Step {
  readonly name: string
  readonly command: string
  readonly takes: string
  readonly gives: string
  /** null: reading and importing need no actor. */
  readonly control: Control | null
}

/** The loop in order; help texts, the README's table and the run's own narration read it. */
export const STEPS: readonly Step[] = [
  step('history', 'history import', 'a CSV or Parquet file of quotes', 'a snapshot, named by digest', null),
  step('fitness', 'history audit', 'a snapshot', 'verdict and findings', null),
  step(
    'propose',
    'policy-opt propose',
    'a snapshot and the active policy',
    'candidates, or why there are none',
    controlOf('propose'),
  ),
  step('replay', 'policy-opt replay', 'a candidate', 'a report and its checksum', controlOf('replay')),
  step(
    'packet',
    'policy-packet build',
    'a replayed candidate',
    'a packet, bound by digest',
    controlOf('packet_build'),
  ),
  step('decision', 'policy-packet action', 'a packet', 'a signed decision', controlOf('decide')),
  step(
    'apply',
    'policy-opt apply',
    'an approved candidate',
    'an activation with the next epoch',
    controlOf('apply'),
  ),
  step(
    'monitor',
    'policy-opt monitor',
    'outcomes under the applied version',
    'realised effects with intervals',
    controlOf('monitor'),
  ),
  step('kpi', 'kpi summary', 'the audit log', 'KPIs and alerts', null),
  step('daily', 'ops daily', 'the last 30 days', 'a KPI snapshot and incidents', controlOf('kpi_record')),
  step('incident', 'incident step', 'an incident', 'evidence, step by step', controlOf('incident_step')),
  step(
    'pause',
    'policy-opt control pause',
    'a ticket and metrics',
    'no approval, no apply',
    controlOf('pause'),
  ),
  step(
    'drill',
    'policy-opt drill',
    'a fork of the live state',
    'proof that apply and rollback work',
    controlOf('drill'),
  ),
  step(
    'rollback',
    'policy-opt rollback',
    'the active apply',
    'the prior policy, byte for byte',
    controlOf('rollback'),
  ),
  step('weekly', 'ops weekly', 'a drill and the validation', 'the governance record', controlOf('drill')),
  step('audit', 'audit verify', 'the whole installation', 'findings, or none', null),
]

function step(name: string, command: string, takes: string, gives: string, control: Control | null): Step {
  return { name, command, takes, gives, control }
}
