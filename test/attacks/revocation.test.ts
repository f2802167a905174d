import assert from 'node:assert/strict'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, before, test } from 'node:test'
import { SqliteTransaction } from '../../src/adapters/sqlite/transaction.ts'
import { composePorts } from '../../src/compose.ts'
import type { Packet } from '../../src/domain/packet.ts'
import { DEFAULT_THRESHOLDS, type Thresholds } from '../../src/domain/thresholds.ts'
import type { JsonObject } from '../../src/domain/units.ts'
import { checkAudit, openedStore } from '../../src/evidence/audit-check.ts'
import { canonicalText, digestOfText } from '../../src/evidence/canonical.ts'
import { bytesToSign, sealEnvelope } from '../../src/evidence/dsse.ts'
import { STATEMENT_TYPE, type Statement } from '../../src/evidence/statement.ts'
import { currentThresholds } from '../../src/loop/active.ts'
import { revokeActor } from '../../src/loop/actor-revoke.ts'
import { changeRoles } from '../../src/loop/actor-roles.ts'
import { rotateActor } from '../../src/loop/actor-rotate.ts'
import { auditedStore, verifyAudit } from '../../src/loop/audit.ts'
import { decisionKey, decisionSubjects } from '../../src/loop/decision-record.ts'
import { foundTrust } from '../../src/loop/init.ts'
import { missingSignatures, pauseState } from '../../src/loop/pause.ts'
import { engagePause } from '../../src/loop/pause-engage.ts'
import { BrokenState, type Ports } from '../../src/loop/ports.ts'
import { record } from '../../src/loop/record.ts'
import { changeRoot } from '../../src/loop/root.ts'
import { signStatement } from '../../src/loop/sign.ts'
import type { DecisionRow, PauseRow } from '../../src/loop/tables.ts'
import { installationId, logHead } from '../../src/loop/trust.ts'
import {
  apply,
  candidateOf,
  decide,
  installationWithHistory,
  packetOf,
  parameterChange,
  rollback,
} from '../support/governed-candidate.ts'
import { copyOf, daysLater, refusedWith, succeeded, type TestInstallation } from '../support/installation.ts'

/** A candidate whose packet waits for its decision; every test spoils a copy of its own. */
let original: TestInstallation
let waiting: Packet

before(async () => {
  original = await installationWithHistory(2000)
  waiting = await packetOfStep(original.ports, -50)
})
after(() => original.remove())

/** The packet of a candidate of Ana's that moves one cap by so much. */
const packetOfStep = async (ports: Ports, by: number): Promise<Packet> =>
  packetOf(ports, await candidateOf(ports, await parameterChange(ports, 'discount-cap-smb', 'cap_bps', by)))

async function inCopy(work: (copy: TestInstallation) => Promise<void>): Promise<void> {
  const copy = await copyOf(original)
  try {
    await work(copy)
  } finally {
    await copy.remove()
  }
}

const checked = async (database: DatabaseSync) =>
  checkAudit(await openedStore(auditedStore(new SqliteTransaction(database))))

const codes = async (ports: Ports): Promise<readonly string[]> =>
  succeeded(await verifyAudit(ports, null)).findings.map(
    ({ code, where }) => `${code} ${where.split(' ')[0]}`,
  )

/** What somebody who holds an actor's private key and writes to the database makes of it: a decision, recorded by hand. */
async function decideByHand(
  ports: Ports,
  packet: Packet,
  actorId: string,
  change: Partial<Statement> = {},
): Promise<DecisionRow> {
  const at = change.at ?? ports.clock.now()
  return ports.store.change(async tx => {
    const [keyId] = (await ports.signer.keysOf(actorId)) as [string]
    const installation = await tx.last('installation')
    const statement = {
      schema: 'clo_statement.v1',
      installation_id: installation?.installation_id as string,
      control: 'CLO-CTRL-002',
      operation: 'decide',
      actor: actorId,
      key_id: keyId,
      subjects: decisionSubjects(packet),
      active_epoch: 1,
      log: await logHead(tx),
      extra: { decision: 'approve', reason: null, role: 'safety_owner' },
      ...change,
      at,
    } as const satisfies Statement
    const text = canonicalText(statement)
    const sig = succeeded(await ports.signer.sign(actorId, keyId, bytesToSign(STATEMENT_TYPE, text)))
    const envelope = sealEnvelope(STATEMENT_TYPE, text, [{ keyid: keyId, sig }])
    const replay = await tx.last('review_packet', { packet_id: packet.packet_id })
    const payload = {
      packet_id: packet.packet_id,
      candidate_id: packet.candidate_id,
      proposed_policy_version: packet.proposed_policy_version,
      decision: 'approve',
      withdraws: null,
      envelope,
    }
    const row: DecisionRow = {
      id: ports.randomness.id('dec'),
      candidate_id: packet.candidate_id,
      replay_evaluation_id: replay?.replay_evaluation_id as string,
      decision: 'approved',
      reason: null,
      decision_payload_json: canonicalText(payload as JsonObject),
      actor_id: actorId,
      actor_role: 'safety_owner',
      channel_ref: 'cli',
      signature: sig,
      signature_key_id: keyId,
      idempotency_key: decisionKey(packet.packet_id, actorId, false),
      decided_at: at,
      expires_at: packet.expires_at,
      is_stale: 0,
    }
    await record(tx, ports, {
      eventType: 'approved',
      actor: { type: 'user', id: actorId },
      payload: {},
      idempotencyKey: row.idempotency_key,
      occurredAt: at,
      links: { candidate_id: packet.candidate_id, approval_decision_id: row.id },
      inserts: [{ table: 'policy_approval_decision', row }],
      candidate: { id: packet.candidate_id, patch: { status: 'approved', approved_at: at, updated_at: at } },
    })
    return row
  })
}

test('A3 the twin: a decision written by hand with a key that is good passes apply and audit', () =>
  inCopy(async ({ ports }) => {
    await decideByHand(ports, waiting, 'sam')
    succeeded(await apply(ports, 'ruth', waiting.candidate_id))
    assert.deepEqual(await codes(ports), [])
  }))

test('A3 what was approved before the key was revoked, rotated or the role withdrawn stays approved', () =>
  inCopy(async ({ ports }) => {
    succeeded(await decide(ports, 'sam', waiting.packet_id, 'approve'))
    succeeded(await rotateActor(ports, { id: 'sam', publicKey: null, validUntil: null, reason: 'yearly' }))
    succeeded(await revokeActor(ports, { id: 'sam', keyId: null, reason: 'left the company' }))
    succeeded(await changeRoles(ports, { id: 'sam', grant: [], withdraw: ['safety_owner'] }))
    assert.ok((await apply(ports, 'ruth', waiting.candidate_id)).ok)
    assert.deepEqual(await codes(ports), [])
  }))

test('A3 a stolen key, once revoked, approves nothing: not now, and not under an instant before the revocation', () =>
  inCopy(async ({ ports }) => {
    const before = ports.clock.now()
    succeeded(await revokeActor(ports, { id: 'sam', keyId: null, reason: 'laptop lost' }))
    refusedWith('key_expired', await decide(ports, 'sam', waiting.packet_id, 'approve'))
    await decideByHand(ports, waiting, 'sam', { at: before })
    const refusal = refusedWith('signature_invalid', await apply(ports, 'ruth', waiting.candidate_id))
    assert.match(String(refusal.facts.why), /was revoked/)
    assert.deepEqual(await codes(ports), ['signature_invalid policy_approval_decision'])
  }))

test('A3 a key that expired approves nothing, whatever instant its holder claims: the log had passed it', () =>
  inCopy(async ({ ports }) => {
    const validUntil = new Date(Date.parse(ports.clock.now()) + 3_600_000).toISOString()
    succeeded(await rotateActor(ports, { id: 'sam', publicKey: null, validUntil, reason: 'for an hour' }))
    const [keyId] = (await ports.store.read(tx => tx.find('actor_key', { actor_id: 'sam' }))).slice(-1)
    const withNewKey = { key_id: keyId?.key_id as string, at: ports.clock.now() }
    const signer = { ...ports.signer, keysOf: async () => [withNewKey.key_id] }
    await inTime({ ...ports, signer }, withNewKey)
    const tomorrow = { ...daysLater(ports, 1), signer }
    refusedWith('key_expired', await decide(tomorrow, 'sam', waiting.packet_id, 'approve'))
    const pause = {
      actorId: 'ruth',
      ticket: 'CLO-SAFETY-PAUSE-7',
      reason: 'a day later',
      metrics: ['other:x'],
    }
    succeeded(await engagePause(daysLater(ports, 1), pause))
    await decideByHand({ ...ports, signer }, waiting, 'sam', withNewKey)
    assert.deepEqual(await codes(ports), ['signature_invalid policy_approval_decision'])
  }))

/** Within its time the same key is good. */
async function inTime(ports: Ports, statement: Partial<Statement>): Promise<void> {
  const signed = await ports.store.read(tx =>
    signStatement(ports, tx, {
      operation: 'decide',
      actorId: 'sam',
      subjects: decisionSubjects(waiting),
      activeEpoch: 1,
      at: statement.at as string,
    }),
  )
  assert.equal(succeeded(signed).keyId, statement.key_id)
}

test('A3 an approval bound to another packet is refused', () =>
  inCopy(async ({ ports }) => {
    const other = await packetOfStep(ports, -100)
    await decideByHand(ports, waiting, 'sam', { subjects: decisionSubjects(other) })
    const refusal = refusedWith('signature_invalid', await apply(ports, 'ruth', waiting.candidate_id))
    assert.match(String(refusal.facts.why), /other subjects/)
    assert.deepEqual(await codes(ports), ['signature_invalid policy_approval_decision'])
  }))

test('A3 an approval that claims another installation is refused, though key and packet are right', () =>
  inCopy(async ({ ports }) => {
    await decideByHand(ports, waiting, 'sam', { installation_id: `inst_${'0'.repeat(32)}` })
    const refusal = refusedWith('signature_invalid', await apply(ports, 'ruth', waiting.candidate_id))
    assert.match(String(refusal.facts.why), /another installation/)
    assert.deepEqual(await codes(ports), ['signature_invalid policy_approval_decision'])
  }))

test('A2 an insider who approves the own candidate by hand is refused and named, though the signature holds', () =>
  inCopy(async ({ ports }) => {
    succeeded(await changeRoles(ports, { id: 'ana', grant: ['safety_owner'], withdraw: [] }))
    refusedWith('separation_of_duty', await decide(ports, 'ana', waiting.packet_id, 'approve'))
    await decideByHand(ports, waiting, 'ana')
    refusedWith('separation_of_duty', await apply(ports, 'ruth', waiting.candidate_id))
    assert.deepEqual(await codes(ports), ['duty_not_separated policy_approval_decision'])
  }))

test('A3 a role that the keyring does not give is refused, also where the signed statement claims it', () =>
  inCopy(async ({ ports }) => {
    await decideByHand(ports, waiting, 'rex')
    refusedWith('signature_invalid', await apply(ports, 'ruth', waiting.candidate_id))
    assert.deepEqual(await codes(ports), ['record_differs_from_signed policy_approval_decision'])
  }))

test('A3 an older keyring put back is refused at once, and named by the audit', () =>
  inCopy(async copy => {
    succeeded(await revokeActor(copy.ports, { id: 'sam', keyId: null, reason: 'laptop lost' }))
    const thief = thiefOf(copy)
    thief.exec('DELETE FROM keyring WHERE version = (SELECT max(version) FROM keyring)')
    await assert.rejects(decide(copy.ports, 'sam', waiting.packet_id, 'approve'), error => {
      assert.ok(error instanceof BrokenState)
      assert.equal(error.refusal.code, 'signature_invalid')
      return /keyring version \d+ is missing/.test(error.refusal.message)
    })
    const findings = (await checked(thief)).findings
    assert.ok(findings.some(({ code, where }) => code === 'row_missing' && where.startsWith('keyring ')))
    assert.ok(findings.some(({ code }) => code === 'actor_unsigned'))
    thief.close()
  }))

test('A3 a second installation founded over the first, or one in its place, is refused when it is opened', () =>
  inCopy(async copy => {
    const own = await copy.ports.store.read(installationId)
    const meant = { ...copy.config, installationId: own }
    await succeeded(await composePorts(meant)).store.close()
    refusedWith('audit_broken', await composePorts({ ...meant, installationId: `inst_${'0'.repeat(32)}` }))
    succeeded(await copy.ports.store.change(tx => foundTrust(tx, copy.ports, copy.ports.clock.now())))
    refusedWith('audit_broken', await composePorts({ ...meant, installationId: null }))
    assert.ok((await codes(copy.ports)).includes('installation_replaced installation'))
  }))

test('A3 a keyring edited in the middle is named by the audit, with all that rests on what follows', () =>
  inCopy(async copy => {
    succeeded(await decide(copy.ports, 'sam', waiting.packet_id, 'approve'))
    const thief = thiefOf(copy)
    assert.deepEqual((await checked(thief)).findings, [])
    thief.exec(
      `UPDATE keyring SET keyring_json = replace(keyring_json, 'revenue_ops', 'runtime_owner') WHERE version = 3`,
    )
    const findings = (await checked(thief)).findings
    const named = findings.map(({ code, where }) => `${code} ${where}`)
    assert.ok(named.includes('keyring_untrusted keyring 3'), named.join('\n'))
    assert.ok(named.some(name => name.startsWith('signature_invalid policy_approval_decision ')))
    await assert.rejects(apply(copy.ports, 'ruth', waiting.candidate_id), BrokenState)
    thief.close()
  }))

test('A3 freeze: past its expiry a keyring gives nobody authority until the root holders renew it', () =>
  inCopy(async ({ ports }) => {
    const expiresAt = new Date(Date.parse(ports.clock.now()) + 3_600_000).toISOString()
    succeeded(await changeRoot(ports, { kind: 'expiry', expiresAt }))
    succeeded(await decide(ports, 'sam', waiting.packet_id, 'approve'))
    const later = daysLater(ports, 1)
    const refusal = refusedWith('key_expired', await apply(later, 'ruth', waiting.candidate_id))
    assert.match(refusal.remedy, /actor root renew/)
    succeeded(await changeRoot(later, { kind: 'expiry', expiresAt: null }))
    assert.ok((await apply(later, 'ruth', waiting.candidate_id)).ok)
    assert.deepEqual(await codes(ports), [])
  }))

test('A3 thresholds loosened by hand under one signature are refused where they are used, and named', () =>
  inCopy(async ({ ports }) => {
    const tighter = { ...DEFAULT_THRESHOLDS, packet_expiry_days: 7 }
    await thresholdsByHand(ports, tighter)
    assert.deepEqual((await ports.store.read(currentThresholds)).thresholds, tighter)
    assert.deepEqual(await codes(ports), [])
    await thresholdsByHand(ports, { ...tighter, packet_expiry_days: 70 })
    await assert.rejects(decide(ports, 'sam', waiting.packet_id, 'approve'), /cannot be relied on/)
    await assert.rejects(ports.store.read(currentThresholds), BrokenState)
    const named = await codes(ports)
    assert.ok(named.length > 0 && named.every(code => code === 'signature_invalid thresholds_version'))
  }))

/** A version of the thresholds that Sam signs alone and calls tighter, recorded by hand. */
const thresholdsByHand = (ports: Ports, thresholds: Thresholds): Promise<unknown> =>
  ports.store.change(async tx => {
    const at = ports.clock.now()
    const before = await tx.last('thresholds_version')
    const text = canonicalText(thresholds)
    const subjects = { from: before?.digest as string, to: digestOfText(text) }
    const toSign = { operation: 'thresholds_tighten', actorId: 'sam', subjects, activeEpoch: 1, at } as const
    const { envelope } = succeeded(await signStatement(ports, tx, toSign))
    const version = await tx.nextNumber('thresholds_version')
    const envelopes_json = canonicalText([envelope])
    const row = { version, digest: subjects.to, document_json: text, envelopes_json, created_at: at }
    return record(tx, ports, {
      eventType: 'thresholds_changed',
      actor: { type: 'user', id: 'sam' },
      payload: {},
      idempotencyKey: `thresholds:${version}`,
      occurredAt: at,
      inserts: [{ table: 'thresholds_version', row }],
    })
  })

test('P2 a release signature counts with the roles of the keyring, not with those the signer claims', () =>
  inCopy(async ({ ports }) => {
    const pause = { actorId: 'sam', ticket: 'CLO-SAFETY-PAUSE-9', reason: 'a look', metrics: ['other:x'] }
    succeeded(await engagePause(ports, pause))
    await releaseByHand(ports, 'ana')
    const claimed = await ports.store.read(pauseState)
    assert.deepEqual(
      claimed.signatures.map(({ roles }) => roles),
      [['revenue_ops']],
    )
    assert.deepEqual(missingSignatures(claimed.signatures), ['runtime_owner', 'safety_owner'])
    await releaseByHand(ports, 'sam')
    const held = await ports.store.read(pauseState)
    assert.deepEqual(missingSignatures(held.signatures), ['runtime_owner'])
    const named = succeeded(await verifyAudit(ports, null)).findings.map(({ where }) => where)
    assert.ok(named.length > 0 && named.every(where => where.startsWith('safety_pause 2 ')), named.join())
  }))

/** A release signature under which somebody claims every role, recorded by hand. */
const releaseByHand = (ports: Ports, actorId: string): Promise<unknown> =>
  ports.store.change(async tx => {
    const at = ports.clock.now()
    const { subject, pauseId } = await pauseState(tx)
    const extra = { roles: ['safety_owner', 'runtime_owner'], role: 'safety_owner', remediation: 'done' }
    const subjects = { pause: subject as string }
    const toSign = { operation: 'release', actorId, subjects, activeEpoch: 1, at, extra } as const
    const { envelope } = succeeded(await signStatement(ports, tx, toSign))
    const before = (await tx.find('safety_pause')).at(-1) as PauseRow
    const row: PauseRow = {
      ...before,
      sequence: before.sequence + 1,
      kind: 'release_signed',
      actor_id: actorId,
      actor_role: 'safety_owner',
      reason: 'done',
      envelope_json: canonicalText(envelope),
      at,
    }
    return record(tx, ports, {
      eventType: 'pause_release_signed',
      actor: { type: 'user', id: actorId },
      payload: {},
      idempotencyKey: `${pauseId}:${row.sequence}`,
      occurredAt: at,
      inserts: [{ table: 'safety_pause', row }],
    })
  })

test('A3 an apply that is not as signed is not rolled back on, and as signed it is', () =>
  inCopy(async copy => {
    succeeded(await decide(copy.ports, 'sam', waiting.packet_id, 'approve'))
    const { apply_record } = succeeded(await apply(copy.ports, 'ruth', waiting.candidate_id))
    const thief = thiefOf(copy)
    const setActor = thief.prepare('UPDATE policy_apply_record SET actor_id = ?')
    setActor.run('rex')
    refusedWith('signature_invalid', await rollback(copy.ports, 'ruth', apply_record.id))
    setActor.run('ruth')
    const setPrior = thief.prepare('UPDATE policy_apply_record SET prior_policy_version = ?')
    setPrior.run(apply_record.applied_policy_version)
    refusedWith('signature_invalid', await rollback(copy.ports, 'ruth', apply_record.id))
    setPrior.run(apply_record.prior_policy_version)
    thief.close()
    succeeded(await rollback(copy.ports, 'ruth', apply_record.id))
  }))

/** A second pair of hands on the file, without triggers. */
function thiefOf(copy: TestInstallation): DatabaseSync {
  const thief = new DatabaseSync(join(copy.config.home, 'quotey.db'), { enableForeignKeyConstraints: false })
  for (const { name } of thief.prepare("SELECT name FROM sqlite_schema WHERE type = 'trigger'").all()) {
    thief.exec(`DROP TRIGGER ${name}`)
  }
  return thief
}
