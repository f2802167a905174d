import { done, type Result, refuse } from '../domain/refusal.ts'
import { utf8Bytes } from '../evidence/canonical.ts'
import { type Checkpoint, checkpointTexts, originOf, sealCheckpoint } from '../evidence/checkpoint.ts'
import { type Keyring, publicKeyIn, validKeyIds } from '../evidence/keyring.ts'
import type { Ports } from './ports.ts'
import { record } from './record.ts'
import { loggedUntil, logHead, trustedKeyring } from './trust.ts'

export interface TakenCheckpoint {
  readonly checkpoint: Checkpoint
  /** The file to keep elsewhere, as c2sp.org/tlog-checkpoint has it. */
  readonly note: string
}

/**
 * Signs how far the log has come, for keeping elsewhere, and keeps it as an event of the log. Any known actor may sign one: it
 * claims nothing but what it saw. Refuses not_authorised where no valid private key is at hand.
 */
export const takeCheckpoint = (ports: Ports, actorId: string): Promise<Result<TakenCheckpoint>> =>
  ports.store.change(async tx => {
    const now = ports.clock.now()
    const keyring = await trustedKeyring(tx)
    const atHand = await ports.signer.keysOf(actorId)
    const keyId = validKeyIds(keyring, actorId, now, await loggedUntil(tx)).find(id => atHand.includes(id))
    if (keyId === undefined) {
      return refuse(
        'not_authorised',
        `no valid private key of \`${actorId}\` is at hand`,
        'name a known actor with `--as`, and the folder of the keys with QUOTEY_KEYS',
      )
    }
    const at = `${now.slice(0, 'YYYY-MM-DDTHH:MM:SS'.length)}.000Z`
    const origin = originOf(keyring.installation_id)
    const checkpoint: Checkpoint = { origin, log: await logHead(tx), actor: actorId, key_id: keyId, at }
    const note = await signedNote(ports, keyring, checkpoint)
    if (!note.ok) return note
    const { size, root_hash } = checkpoint.log
    await record(tx, ports, {
      eventType: 'checkpoint_signed',
      actor: { type: actorTypeOf(keyring, actorId), id: actorId },
      payload: { size, root_hash },
      idempotencyKey: `checkpoint:${size}`,
      occurredAt: now,
      inserts: [{ table: 'checkpoint', row: { size, root_hash, note: note.value, actor_id: actorId, at } }],
    })
    return done({ checkpoint, note: note.value })
  })

const actorTypeOf = (keyring: Keyring, actorId: string) =>
  keyring.actors.find(actor => actor.id === actorId)?.actor_type ?? 'user'

async function signedNote(ports: Ports, keyring: Keyring, checkpoint: Checkpoint): Promise<Result<string>> {
  const { origin, log, actor, key_id: keyId, at } = checkpoint
  const texts = checkpointTexts(origin, log, at)
  const sign = (text: string) => ports.signer.sign(actor, keyId, utf8Bytes(text))
  const own = await sign(texts.own)
  if (!own.ok) return own
  const timed = await sign(texts.timed)
  if (!timed.ok) return timed
  const publicKey = publicKeyIn(keyring, keyId) as string
  return done(sealCheckpoint(checkpoint, publicKey, { own: own.value, timed: timed.value }))
}
