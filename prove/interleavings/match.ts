import { currentActivation } from '../../src/loop/active.ts'
import { verifyAudit } from '../../src/loop/audit.ts'
import { engagePause, PAUSE_TAG } from '../../src/loop/pause-engage.ts'
import { controlStatus } from '../../src/loop/pause-status.ts'
import type { Ports } from '../../src/loop/ports.ts'
import { calmed, must, newArena, type Ready, stocked } from './arena.ts'
import type { Chance } from './chance.ts'
import { Contender, type Told } from './crew.ts'
import type { Answer, Errand } from './errand.ts'
import { disagreements, impliedState } from './implied-state.ts'
import type { Connection } from './place.ts'
import { lostPromises, type Promised, promisesIn } from './promises.ts'

/** What a match saw. Every count MUST be above zero for the proof to mean anything. */
export interface Tally {
  interleavings: number
  errands: number
  killed: number
  unanswered: number
  /** Things a process was told are done, each looked for in the log after every later round. */
  promises: number
  contested: number
  contestsWon: number
  readonly ended: Record<string, number>
  readonly events: Record<string, number>
  readonly violations: string[]
}

export const emptyTally = (): Tally => ({
  interleavings: 0,
  errands: 0,
  killed: 0,
  unanswered: 0,
  promises: 0,
  contested: 0,
  contestsWon: 0,
  ended: {},
  events: {},
  violations: [],
})

const CONTENDERS = 3
const VERIFY_EVERY = 25

/** So many interleavings on a fresh database: errands drawn and started together, then the log held against the tables. */
export async function playMatch(
  connection: Connection,
  rounds: number,
  chance: Chance,
  tally: Tally,
): Promise<void> {
  const ports = await newArena(connection)
  const crew = await Promise.all(Array.from({ length: CONTENDERS }, () => Contender.start(connection)))
  try {
    const promised: Promised[] = []
    for (let round = 1; round <= rounds; round += 1) {
      const ready = await stock(ports, chance)
      const told = await playRound(ports, crew, ready, chance, tally)
      const answers = told.flatMap(one => one.answers)
      promised.push(...promisesIn(answers))
      await judge(ports, answers, promised, ready, tally)
      if (round % VERIFY_EVERY === 0 || round === rounds) await verify(ports, tally)
    }
    const { counts } = await ports.store.read(impliedState)
    for (const [event, count] of Object.entries(counts))
      tally.events[event] = (tally.events[event] ?? 0) + count
  } finally {
    for (const contender of crew) contender.stop()
    await ports.store.close()
  }
}

interface Stock {
  readonly approved: readonly Ready[]
  readonly open: Ready
  /** Apply records that a rollback may name: the active one and an earlier one. */
  readonly applyRecordIds: readonly string[]
  readonly version: number
}

/** Two approved candidates and an undecided one on the active version; then, half of the time, a pause that holds from the start. */
async function stock(ports: Ports, chance: Chance): Promise<Stock> {
  const leavePaused = (await controlStatus(ports)).paused && chance.share() < 0.3
  await calmed(ports)
  const [approved, open] = [
    [await stocked(ports, true), await stocked(ports, true)],
    await stocked(ports, false),
  ]
  const records = await ports.store.read(tx => tx.find('policy_apply_record'))
  const { policy_version: version } = await ports.store.read(currentActivation)
  if (leavePaused) {
    const reason = ports.randomness.id('pause')
    must(
      await engagePause(ports, {
        actorId: 'drill.approver',
        ticket: PAUSE_TAG,
        reason,
        metrics: ['other:proof'],
      }),
    )
  }
  return {
    approved,
    open,
    applyRecordIds: records.slice(-2).map(row => row.id),
    version,
  }
}

async function playRound(
  ports: Ports,
  crew: readonly Contender[],
  ready: Stock,
  chance: Chance,
  tally: Tally,
): Promise<readonly Told[]> {
  const orders = crew.map(() => Array.from({ length: 1 + chance.below(2) }, () => errandOf(ready, chance)))
  const victim = chance.share() < 0.25 ? chance.below(crew.length) : -1
  const moment = chance.share() * 12
  const told = await Promise.all(
    crew.map((contender, at) => contender.run(orders[at] as Errand[], at === victim ? moment : null)),
  )
  tally.interleavings += 1
  tally.errands += orders.flat().length
  tally.killed += told.filter(one => one.killed).length
  tally.unanswered += told.reduce((sum, one) => sum + one.unanswered, 0)
  await countContest(ports, orders.flat(), tally)
  return told
}

function errandOf(ready: Stock, chance: Chance): Errand {
  const afterMs = chance.share() * 3
  const drawn = chance.share()
  if (drawn < 0.5) return { kind: 'apply', candidateId: chance.oneOf(ready.approved).candidateId, afterMs }
  if (drawn < 0.65 && ready.applyRecordIds.length > 0) {
    return { kind: 'rollback', applyRecordId: chance.oneOf(ready.applyRecordIds), afterMs }
  }
  if (drawn < 0.75) return { kind: 'pause', afterMs }
  if (drawn < 0.87) return { kind: 'release', afterMs }
  return {
    kind: 'decide',
    packetId: ready.open.packetId,
    decision: chance.share() < 0.7 ? 'approve' : 'reject',
    afterMs,
  }
}

/** Rounds in which both candidates were sent against one base version, and how often one of them won it. */
async function countContest(ports: Ports, errands: readonly Errand[], tally: Tally): Promise<void> {
  const sent = new Set(errands.flatMap(errand => (errand.kind === 'apply' ? [errand.candidateId] : [])))
  if (sent.size < 2) return
  tally.contested += 1
  const applies = await ports.store.read(tx => tx.find('policy_apply_record'))
  const won = applies.filter(row => sent.has(row.candidate_id))
  if (won.length > 0) tally.contestsWon += 1
}

async function judge(
  ports: Ports,
  answers: readonly Answer[],
  promised: readonly Promised[],
  ready: Stock,
  tally: Tally,
): Promise<void> {
  const where = `interleaving ${tally.interleavings}`
  for (const { errand, ended, said } of answers) {
    const word = `${errand.kind} ${ended === 'refused' ? said : ended}`
    tally.ended[word] = (tally.ended[word] ?? 0) + 1
    if (ended === 'fault') tally.violations.push(`${where}: ${errand.kind} threw ${said}`)
  }
  tally.promises += promisesIn(answers).length
  await ports.store.read(async tx => {
    const implied = await impliedState(tx)
    const wrong = [
      ...implied.violations,
      ...(await disagreements(tx, implied)),
      ...(await lostPromises(tx, promised)),
    ]
    tally.violations.push(...wrong.map(what => `${where}: ${what}`))
    // Without a rollback of it, a version is left once: two winners on one base would both name it.
    const wins = (await tx.find('policy_apply_record')).filter(row =>
      ready.approved.some(one => one.candidateId === row.candidate_id),
    )
    const rolledBack = await tx.find('policy_rollback_record')
    const standing = wins.filter(row => !rolledBack.some(back => back.apply_record_id === row.id))
    if (standing.filter(row => row.prior_policy_version === ready.version).length > 1) {
      tally.violations.push(`${where}: two winners stand on version ${ready.version}`)
    }
  })
}

async function verify(ports: Ports, tally: Tally): Promise<void> {
  const { findings } = must(await verifyAudit(ports, null))
  const where = `interleaving ${tally.interleavings}`
  tally.violations.push(...findings.map(found => `${where}: ${found.code} ${found.where}`))
}
