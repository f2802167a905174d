import assert from 'node:assert/strict'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, before, test } from 'node:test'
import type { RefusalCode } from '../../src/domain/refusal.ts'
import { DEFAULT_THRESHOLDS } from '../../src/domain/thresholds.ts'
import { revokeActor } from '../../src/loop/actor-revoke.ts'
import { APPLY_CHECKLIST } from '../../src/loop/apply-checklist.ts'
import { engagePause } from '../../src/loop/pause-engage.ts'
import { changeThresholds } from '../../src/loop/thresholds.ts'
import {
  apply,
  approvedCandidate,
  candidateOf,
  decide,
  installationWithHistory,
  packetOf,
  parameterChange,
  rollback,
} from '../support/governed-candidate.ts'
import { copyOf, succeeded, type TestInstallation } from '../support/installation.ts'

/** Ruth alone approved the candidate that the faults below are laid upon; another change of the same version Sam approved. */
let original: TestInstallation
let candidateId = ''
let otherId = ''
before(async () => {
  original = await installationWithHistory()
  candidateId = await candidateOf(original.ports)
  const { packet_id } = await packetOf(original.ports, candidateId)
  succeeded(await decide(original.ports, 'ruth', packet_id, 'approve'))
  const change = await parameterChange(original.ports, 'discount-cap-mid-market', 'cap_bps', -50)
  otherId = (await approvedCandidate(original.ports, change)).candidateId
})
after(() => original.remove())

/** Edits the database past its triggers, as somebody without the keys could. */
function tamper({ config }: TestInstallation, statement: string): void {
  const database = new DatabaseSync(join(config.home, 'quotey.db'))
  for (const { name } of database.prepare("SELECT name FROM sqlite_schema WHERE type = 'trigger'").all()) {
    database.exec(`DROP TRIGGER "${String(name)}"`)
  }
  database.exec(statement)
  database.close()
}

/** A fault of one line of the checklist, with the refusal it causes when it is the first. Laid in the order of `laid`. */
interface Fault {
  readonly line: (typeof APPLY_CHECKLIST)[number]
  readonly code: RefusalCode
  /** Place in the order of laying: what needs an untouched installation comes first. */
  readonly laid: number
  readonly lay: (installed: TestInstallation) => Promise<unknown>
}

const FAULTS: readonly Fault[] = [
  {
    line: 'actor and key known and valid',
    code: 'key_expired',
    laid: 9,
    lay: async ({ ports }) => {
      for (const id of ['ruth', 'rex', 'sam']) {
        succeeded(await revokeActor(ports, { id, keyId: null, reason: 'lost' }))
      }
    },
  },
  // Whoever asks is Sam then, who is no runtime owner.
  { line: 'authorised', code: 'not_authorised', laid: 8, lay: async () => undefined },
  {
    line: 'already done',
    code: 'illegal_move',
    laid: 1,
    lay: async ({ ports }) => {
      const { apply_record } = succeeded(await apply(ports, 'rex', candidateId))
      succeeded(await rollback(ports, 'rex', apply_record.id))
    },
  },
  {
    line: 'not paused',
    code: 'safety_pause_active',
    laid: 7,
    lay: ({ ports }) =>
      engagePause(ports, { actorId: 'both', ticket: 'CLO-SAFETY-PAUSE', reason: 'x', metrics: ['other:x'] }),
  },
  {
    line: 'packet intact',
    code: 'packet_altered',
    laid: 6,
    lay: async installed =>
      tamper(
        installed,
        `UPDATE artifact SET body_json = replace(body_json, '"risk_score_bps":', '"risk_score_bps":1') WHERE schema = 'clo_packet.v1'`,
      ),
  },
  {
    line: 'decision exists, approves, signature valid, role held then',
    code: 'signature_invalid',
    laid: 5,
    lay: async installed =>
      tamper(installed, "UPDATE policy_approval_decision SET decided_at = '2030-01-01T00:00:00.000Z'"),
  },
  // Whoever asks is Ruth, who alone approved; without this fault it is Rex.
  { line: 'separation of duty', code: 'separation_of_duty', laid: 4, lay: async () => undefined },
  {
    line: 'evidence current',
    code: 'stale_approval',
    laid: 3,
    lay: ({ ports }) =>
      changeThresholds(ports, {
        actorId: 'sam',
        thresholds: { ...DEFAULT_THRESHOLDS, packet_expiry_days: 13 },
      }),
  },
  {
    line: 'base version is the active one',
    code: 'base_version_moved',
    laid: 2,
    lay: async ({ ports }) => succeeded(await apply(ports, 'rex', otherId)),
  },
]

/** Who asks, where these faults are laid. */
function asker(faults: readonly Fault[]): string {
  if (faults.some(fault => fault.line === 'authorised')) return 'sam'
  return faults.some(fault => fault.line === 'separation of duty') ? 'ruth' : 'rex'
}

async function refusalWith(faults: readonly Fault[], code: RefusalCode): Promise<void> {
  const copy = await copyOf(original)
  try {
    for (const fault of faults.toSorted((one, other) => one.laid - other.laid)) await fault.lay(copy)
    const result = await apply(copy.ports, asker(faults), candidateId)
    assert.ok(!result.ok, 'it went through')
    assert.equal(result.refusal.code, code, faults.map(fault => fault.line).join(' + '))
  } finally {
    await copy.remove()
  }
}

test('of any two faults at once apply names the one whose line comes first in its checklist', async t => {
  let pairs = 0
  for (const [at, first] of FAULTS.entries()) {
    await refusalWith([first], first.code)
    for (const second of FAULTS.slice(at + 1)) {
      await refusalWith([first, second], first.code)
      pairs += 1
    }
  }
  t.diagnostic(`${FAULTS.length} faults, ${pairs} pairs`)
  const order = FAULTS.map(({ line }) => APPLY_CHECKLIST.indexOf(line))
  assert.deepEqual(
    order,
    order.toSorted((one, other) => one - other),
  )
  // The last line has no fault here: what a guardrail or an attack refuses is never approved, which is tested below.
  assert.deepEqual(
    APPLY_CHECKLIST.filter(line => !FAULTS.some(fault => fault.line === line)),
    ['guardrails and attacks pass'],
  )
})

test('apply refuses with the first line of its checklist that fails, whatever else fails below', async () => {
  for (const [at, first] of FAULTS.entries()) await refusalWith(FAULTS.slice(at), first.code)
})
