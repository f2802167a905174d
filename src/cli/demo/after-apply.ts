import { done, type Result } from '../../domain/refusal.ts'
import { activePolicy } from '../../loop/active.ts'
import { runDrill } from '../../loop/drill.ts'
import { monitorCandidate } from '../../loop/monitor.ts'
import type { Ports } from '../../loop/ports.ts'
import { rollbackApply } from '../../loop/rollback.ts'
import type { Findings } from './findings.ts'
import { type Ground, outcomesUnder } from './ground.ts'
import type { Narrator } from './narrator.ts'
import { PEOPLE } from './people.ts'

/** Simulated outcomes under the applied version, against the prior one and the promise. */
export async function watchOutcomes(
  ports: Ports,
  ground: Ground,
  folder: string,
  findings: Findings,
  narrator: Narrator,
): Promise<Result<null>> {
  const active = await ports.store.read(activePolicy)
  const outcomes = await outcomesUnder(ground, folder, active, ports)
  if (!outcomes.ok) return outcomes
  const monitored = await narrator.step(
    'monitor',
    () =>
      monitorCandidate(ports, {
        actorId: PEOPLE.proposer,
        candidateId: findings.candidate_id as string,
        outcomesPath: outcomes.value,
        map: null,
      }),
    seen =>
      `${seen.counts.scored} outcomes, margin ${seen.realized_margin_delta_bps ?? 'unknown'} bps against the prior version`,
  )
  if (!monitored.ok) return monitored
  findings.monitoring = monitored.value
  return done(null)
}

/** Drill on a fork, then the rollback of the real thing. */
export async function rehearseAndTakeBack(
  ports: Ports,
  applyRecordId: string,
  findings: Findings,
  narrator: Narrator,
): Promise<Result<null>> {
  const drill = await narrator.step(
    'drill',
    () => runDrill(ports, { actorId: PEOPLE.owner, candidateId: null }),
    made =>
      `on a fork: apply ${made.apply_duration_ms} ms, rollback ${made.rollback_duration_ms} ms, live state untouched`,
  )
  if (!drill.ok) return drill
  findings.drill = drill.value
  const rolledBack = await narrator.step(
    'rollback',
    () =>
      rollbackApply(ports, {
        actorId: PEOPLE.owner,
        applyRecordId,
        reason: 'end of the tour: the prior policy is restored',
        triggeredAt: null,
      }),
    made => `version ${made.activation.policy_version} is active again under epoch ${made.activation.epoch}`,
  )
  if (!rolledBack.ok) return rolledBack
  findings.rollback = rolledBack.value.rollback_record
  return done(null)
}
