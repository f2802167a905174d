import type { Command } from 'commander'
import { readTextFile } from '../adapters/files.ts'
import type { Packet } from '../domain/packet.ts'
import { done, refuse } from '../domain/refusal.ts'
import { buildPacket } from '../loop/packet.ts'
import { readPacket } from '../loop/packet-check.ts'
import { type VerifiedPacket, verifyPacket } from '../loop/packet-verify.ts'
import { actingOn } from './acting.ts'
import { type Invocation, performing } from './face.ts'
import { idNamed } from './latest.ts'
import { renderPacket } from './packet-formats.ts'
import { PACKET_FORMATS, type PacketFormat } from './packet-text.ts'

export function register(parent: Command): void {
  parent
    .command('build')
    .argument('<candidate>', 'candidate id, or latest')
    .description('attack a replayed candidate and bind everything a reviewer needs (CLO-CTRL-001)')
    .option('--dry-run', 'print the packet and store nothing')
    .action(performing(build, packet => builtText(packet)))
  parent
    .command('show')
    .argument('<packet>', 'packet id, or latest')
    .description('read a packet')
    .option('--format <format>', PACKET_FORMATS.join(', '), 'text')
    .action((...received: unknown[]) => {
      const { format } = (received.at(-1) as Command).opts() as { format: string }
      return performing(show, packet => renderPacket(packet, format as PacketFormat))(...received)
    })
  parent
    .command('verify')
    .argument('<file>', 'a packet as JSON')
    .description('check a packet from the file alone, and from the snapshot where it is at hand')
    .action(performing(verify, verifiedText))
}

async function build(call: Invocation) {
  const acting = await actingOn(call, 'policy_candidate')
  if (!acting.ok) return acting
  const { actorId, ports, id } = acting.value
  const { dryRun } = call.options as { dryRun?: boolean }
  return buildPacket(ports, { actorId, candidateId: id, dryRun: dryRun === true })
}

const builtText = (packet: Packet): string =>
  [
    `packet     ${packet.packet_id}`,
    `risk       ${packet.risk_score_bps} of 10000 bps; expires ${packet.expires_at}`,
    ...packet.summary,
    `next       read it: quotey policy-packet show ${packet.packet_id}`,
    `           then decide: quotey policy-packet action ${packet.packet_id} --decision approve`,
  ].join('\n')

async function show(call: Invocation) {
  const { format } = call.options as unknown as { format: string }
  if (!(PACKET_FORMATS as readonly string[]).includes(format)) {
    return refuse('bad_input', `\`${format}\` is no format`, `pass one of ${PACKET_FORMATS.join(', ')}`)
  }
  const ports = await call.ports()
  if (!ports.ok) return ports
  const named = await idNamed(ports.value, 'review_packet', call.arguments[0] as string)
  return named.ok ? ports.value.store.read(tx => readPacket(tx, named.value)) : named
}

async function verify(call: Invocation) {
  const [path] = call.arguments as [string]
  const text = await readTextFile(path)
  if (!text.ok) return text
  const { composeEvidence } = await import('../compose.ts')
  const verified = await verifyPacket(composeEvidence(call.config), text.value)
  return verified.ok ? done(verified.value) : verified
}

const verifiedText = (verified: VerifiedPacket): string =>
  [
    `intact     ${verified.packet_id}`,
    ...verified.checked.map(what => `ok         ${what}`),
    ...verified.not_checked.map(({ what, why }) => `unchecked  ${what}: ${why}`),
  ].join('\n')
