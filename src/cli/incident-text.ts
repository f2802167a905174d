import type { Incident } from '../loop/incident.ts'
import { hanging } from './terminal-text.ts'

/** Incidents, one line each. */
export function incidentListText({ incidents }: { readonly incidents: readonly Incident[] }): string {
  if (incidents.length === 0) return 'no incident was ever opened'
  return incidents
    .map(incident =>
      [
        incident.incident_id,
        incident.state.padEnd(6),
        incident.cause.padEnd(20),
        incident.opened_at,
        incident.state === 'closed' ? '' : whatNext(incident),
      ]
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

/** One incident: what it is, its checklist, its exit criteria, and what to do next. */
export const incidentText = (incident: Incident): string =>
  [
    `${incident.cause}, ${incident.state}`,
    `incident   ${incident.incident_id}, ticket ${incident.ticket}`,
    `reason     ${hanging(incident.reason, 13)}`,
    `noticed    ${incident.triggered_at}, opened by ${incident.opened_by}`,
    '',
    ...incident.steps.map(line => {
      const mark = line.done === null ? '[ ]' : line.done.holds ? '[x]' : '[!]'
      const by =
        line.done === null ? '' : `\n           ${line.done.actor_id}: ${hanging(line.done.note, 13)}`
      return `  ${mark} ${line.step}  ${line.text}${by}`
    }),
    '',
    ...incident.exit_criteria.map(({ met, why }) => `  ${met ? 'met ' : 'open'}   ${why}`),
    '',
    incident.closed === null
      ? `to do: ${whatNext(incident)}`
      : `closed by ${incident.closed.by} at ${incident.closed.at}: ${hanging(incident.closed.note, 13)}`,
  ].join('\n')

const whatNext = ({ incident_id, next_step, exit_criteria }: Incident): string => {
  if (next_step !== null) return `\`quotey incident step ${incident_id} ${next_step} --note TEXT\``
  const waits = exit_criteria.filter(criterion => !criterion.met)
  return waits.length === 0
    ? `\`quotey incident close ${incident_id} --note TEXT\``
    : `waits: ${waits.map(criterion => criterion.why).join('; ')}`
}
