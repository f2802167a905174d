import type { KnownBlock } from '@slack/types'
import type { Packet } from './packet.ts'
import { INCIDENT_CAUSES, PLAYBOOKS } from './playbook.ts'
import { fitted, header, link, pairs, paragraph, smallPrint } from './slack-text.ts'
import type { JsonObject } from './units.ts'
import type { EventMessage } from './webhook.ts'

/** What an incoming webhook of Slack takes. `text` stands where blocks cannot: in notifications. */
export interface SlackMessage {
  readonly text: string
  readonly blocks: readonly KnownBlock[]
}

/**
 * An event as a message that informs and links. It has no buttons and carries no authority: who reads it decides with a signature,
 * through the command it names. `template` is a link with `{id}` for what the message is about.
 */
export function slackMessage(
  event: EventMessage,
  packet: Packet | null,
  template: string | null,
): SlackMessage {
  const { title, id, blocks, command } = partsOf(event, packet)
  return {
    text: fitted(title, 300),
    blocks: [
      header(title),
      ...blocks,
      ...(template === null ? [] : link(template, id)),
      smallPrint(
        `Entry ${event.entry_index} of the audit log, ${event.occurred_at}. For information only: ${command}`,
      ),
    ],
  }
}

interface Parts {
  readonly title: string
  readonly id: string
  readonly blocks: readonly KnownBlock[]
  readonly command: string
}

function partsOf(event: EventMessage, packet: Packet | null): Parts {
  if (event.event_type === 'review_packet_built' && packet !== null) return packetParts(packet)
  if (event.event_type === 'incident_opened') return incidentParts(event.payload)
  return eventParts(event)
}

const packetParts = (packet: Packet): Parts => ({
  title: `Review: policy version ${packet.base_policy_version} to ${packet.proposed_policy_version}`,
  id: packet.packet_id,
  blocks: [
    paragraph(packet.summary.map(line => `• ${line}`).join('\n')),
    pairs([
      ['candidate', packet.candidate_id],
      ['built by', packet.built_by],
      ['risk', `${packet.risk_score_bps} bps`],
      ['reviewable until', packet.expires_at],
    ]),
  ],
  command: `read with \`quotey policy-packet show ${packet.packet_id}\`, decide with \`quotey policy-packet action\`.`,
})

const incidentParts = (payload: JsonObject): Parts => ({
  title: `Incident: ${said(payload.cause).replaceAll('_', ' ')}`,
  id: said(payload.incident_id),
  blocks: [
    paragraph(said(payload.reason)),
    ...playbookOf(said(payload.cause)),
    pairs([
      ['ticket', said(payload.incident_ticket)],
      ['since', said(payload.triggered_at)],
    ]),
  ],
  command: `the playbook is in \`quotey incident show ${said(payload.incident_id)}\`.`,
})

/** The steps in order, so that who is woken by the message knows what awaits. */
const playbookOf = (cause: string): readonly KnownBlock[] => {
  const known = INCIDENT_CAUSES.find(name => name === cause)
  return known === undefined
    ? []
    : [paragraph(PLAYBOOKS[known].map(({ text }, at) => `${at + 1}. ${text}`).join('\n'))]
}

const eventParts = (event: EventMessage): Parts => ({
  title: event.event_type.replaceAll('_', ' '),
  id: event.candidate_id ?? event.correlation_id,
  blocks: [
    pairs([
      ['by', event.actor_id],
      ['about', event.candidate_id ?? event.correlation_id],
    ]),
    ...(event.payload.reason === undefined ? [] : [paragraph(said(event.payload.reason))]),
  ],
  command: 'see `quotey audit log`.',
})

const said = (value: JsonObject[string] | undefined): string =>
  value === undefined || value === null ? '' : typeof value === 'string' ? value : JSON.stringify(value)
