import type { Command } from 'commander'
import { INCIDENT_CAUSES, type IncidentCause } from '../domain/playbook.ts'
import { done, type Result, refuse } from '../domain/refusal.ts'
import type { Ports } from '../loop/ports.ts'
import { actingOn } from './acting.ts'
import { actorOf, type Invocation, performing } from './face.ts'
import { incidentListText, incidentText } from './incident-text.ts'
import { idNamed } from './latest.ts'

export function register(parent: Command): void {
  const incident = parent.command('incident').description('what went wrong, and its playbook as a checklist')
  incident
    .command('list')
    .description('every incident and whose turn it is')
    .action(performing(list, incidentListText))
  incident
    .command('show')
    .argument('<incident>', 'id of an incident, or latest')
    .description('its checklist, evidence and what closing still waits for')
    .action(performing(show, incidentText))
  incident
    .command('open')
    .description('open one by hand; `ops daily` opens those that alerts raise (CLO-CTRL-009)')
    .requiredOption('--cause <cause>', `one of ${INCIDENT_CAUSES.join(', ')}`)
    .option('--reason <text>', 'what was seen', '')
    .option('--ticket <ticket>', 'its ticket, tagged CLO-SAFETY-PAUSE (default: one is made)')
    .action(performing(open, incidentText))
  incident
    .command('step')
    .argument('<incident>', 'id of an incident, or latest')
    .argument('<number>', 'the step, from 1')
    .description('do a step: runs its command or collects its evidence (CLO-CTRL-010)')
    .option('--note <text>', 'what was found or done', '')
    .action(performing(step, incidentText))
  incident
    .command('close')
    .argument('<incident>', 'id of an incident, or latest')
    .description('close it under your signature, once every exit criterion holds (CLO-CTRL-010)')
    .option('--note <text>', 'how it ended', '')
    .action(performing(close, incidentText))
}

async function list(call: Invocation) {
  const ports = await call.ports()
  if (!ports.ok) return ports
  const { listIncidents } = await import('../loop/incident.ts')
  return listIncidents(ports.value)
}

async function show(call: Invocation) {
  const ports = await call.ports()
  if (!ports.ok) return ports
  const named = await idNamed(ports.value, 'incident', call.arguments[0] as string)
  if (!named.ok) return named
  const { showIncident } = await import('../loop/incident.ts')
  return showIncident(ports.value, named.value)
}

async function open(call: Invocation) {
  const actor = actorOf(call)
  if (!actor.ok) return actor
  const { cause, reason, ticket } = call.options as Readonly<Record<string, string | undefined>>
  const known = INCIDENT_CAUSES.find(name => name === cause)
  if (known === undefined) return noSuchCause(cause)
  const ports = await call.ports()
  if (!ports.ok) return ports
  const { openIncident } = await import('../loop/incident-open.ts')
  const input: { cause: IncidentCause; reason: string } = { cause: known, reason: reason ?? '' }
  return openIncident(ports.value, { ...input, actorId: actor.value, ticket: ticket ?? null })
}

const noSuchCause = (cause: string | undefined): Result<never> =>
  refuse(
    'bad_input',
    `\`${cause}\` is no cause of an incident`,
    `pass \`--cause\` with one of ${INCIDENT_CAUSES.join(', ')}`,
  )

async function step(call: Invocation) {
  const begun = await onNamed(call)
  if (!begun.ok) return begun
  const text = call.arguments[1] as string
  const number = /^\d{1,3}$/.test(text) ? Number(text) : 0
  const { doIncidentStep } = await import('../loop/incident-step.ts')
  const { ports, ...input } = begun.value
  return doIncidentStep(ports, { ...input, step: number })
}

async function close(call: Invocation) {
  const begun = await onNamed(call)
  if (!begun.ok) return begun
  const { closeIncident } = await import('../loop/incident-close.ts')
  const { ports, ...input } = begun.value
  return closeIncident(ports, input)
}

interface OnIncident {
  readonly ports: Ports
  readonly actorId: string
  readonly incidentId: string
  readonly note: string
}

async function onNamed(call: Invocation): Promise<Result<OnIncident>> {
  const acting = await actingOn(call, 'incident')
  if (!acting.ok) return acting
  const { actorId, ports, id } = acting.value
  const { note } = call.options as Readonly<Record<string, string | undefined>>
  return done({ ports, actorId, incidentId: id, note: note ?? '' })
}
