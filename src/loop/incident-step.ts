import { nextStep } from '../domain/incident.ts'
import { PLAYBOOKS, type PlaybookStep } from '../domain/playbook.ts'
import { done, type Result, refuse } from '../domain/refusal.ts'
import type { Instant } from '../domain/units.ts'
import { type Authority, authorize } from './authorize.ts'
import { type Incident, incidentOf, incidentRow } from './incident.ts'
import { collectEvidence } from './incident-evidence.ts'
import { recordDeed } from './incident-record.ts'
import type { Ports, Reading } from './ports.ts'
import type { IncidentRow } from './tables.ts'

export interface DoStep {
  readonly actorId: string
  readonly incidentId: string
  /** From 1, as in the playbook. */
  readonly step: number
  readonly note: string
}

/**
 * Does a step of an incident's playbook: runs its command or collects its evidence, and keeps that with the note. A step may be
 * done again; the newest counts. Refuses reason_required, not_found, bad_input (no such step), not_authorised, key_expired,
 * illegal_move (closed, or an earlier step is open), and as the step's command does.
 */
export async function doIncidentStep(ports: Ports, asked: DoStep): Promise<Result<Incident>> {
  const input = { ...asked, note: asked.note.trim() }
  if (input.note === '') {
    return refuse('reason_required', 'a step needs a note of what was found or done', 'pass `--note TEXT`')
  }
  const cleared = await ports.store.read(tx => clearance(tx, input, ports.clock.now()))
  if (!cleared.ok) return cleared
  const { incident, step } = cleared.value
  const { actorId, note } = input
  const evidence = await collectEvidence(ports, step.action, { incident, actorId, note })
  if (!evidence.ok) return evidence
  return ports.store.change(async tx => {
    const at = ports.clock.now()
    const still = await clearance(tx, input, at)
    if (!still.ok) return still
    const recorded = await recordDeed(tx, ports, incident, still.value.authority, at, {
      kind: step.action === 'sign_off' ? 'signed_off' : 'step',
      stepNumber: input.step,
      note,
      evidence: { ...evidence.value, action: step.action },
    })
    return recorded.ok ? done(await incidentOf(tx, incident)) : recorded
  })
}

interface Clearance {
  readonly incident: IncidentRow
  readonly step: PlaybookStep
  readonly authority: Authority
}

async function clearance(tx: Reading, input: DoStep, at: Instant): Promise<Result<Clearance>> {
  const incident = await incidentRow(tx, input.incidentId)
  if (!incident.ok) return incident
  const playbook = PLAYBOOKS[incident.value.cause]
  const step = playbook[input.step - 1]
  if (step === undefined) {
    return refuse(
      'bad_input',
      `\`${input.step}\` is no step of this playbook`,
      `name one of 1 to ${playbook.length}`,
    )
  }
  const worker = await authorize(tx, at, input.actorId, 'incident_step')
  if (!worker.ok) return worker
  const authority = await authorize(tx, at, input.actorId, step.operation)
  if (!authority.ok) return authority
  const { state, steps } = await incidentOf(tx, incident.value)
  if (state === 'closed') {
    return refuse('illegal_move', 'this incident is closed', 'open another one with `quotey incident open`')
  }
  const next = nextStep(steps)
  if (next !== null && input.step > next) {
    return refuse(
      'illegal_move',
      `step ${next} comes before step ${input.step}`,
      `do it with \`quotey incident step ${incident.value.id} ${next} --note TEXT\``,
      { next_step: next, text: steps[next - 1]?.text ?? '' },
    )
  }
  return done({ incident: incident.value, step, authority: authority.value })
}
