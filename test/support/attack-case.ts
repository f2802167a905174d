import { oracleEngine } from '../../src/adapters/oracle-engine.ts'
import type { AttackCase } from '../../src/domain/attack.ts'
import { scanForAttacks } from '../../src/domain/attack-scan.ts'
import { decide, type Request } from '../../src/domain/decision.ts'
import type { CheckedPolicy, Rule } from '../../src/domain/policy.ts'
import { checkPolicy } from '../../src/domain/policy-check.ts'
import type { Quote } from '../../src/domain/quote.ts'
import { ENGINE_VERSION, WHOLE_SNAPSHOT } from '../../src/domain/replay.ts'
import { replayFindings } from '../../src/domain/replay-findings.ts'
import { DEFAULT_THRESHOLDS } from '../../src/domain/thresholds.ts'
import { digestOfText } from '../../src/evidence/canonical.ts'
import { replayChecksum } from '../../src/evidence/replay-checksum.ts'
import { columnsOfQuotes } from './quote-columns.ts'

/** A policy of these rules. */
export function policyOf(...rules: readonly Rule[]): CheckedPolicy {
  const checked = checkPolicy({ schema: 'clo_policy.v1', name: 'attacked', rules })
  if (!checked.ok) throw new Error(JSON.stringify(checked.refusal.facts))
  return checked.value
}

/** Requests as they would have been logged under a policy; every second quote is won. */
export function loggedUnder(policy: CheckedPolicy, requests: readonly Partial<Request>[]): readonly Quote[] {
  return requests.map((partial, at): Quote => {
    const request: Request = {
      segment: 'smb',
      region: 'na',
      productFamily: '',
      listCents: 10_000_000,
      costCents: 5_000_000,
      requestedDiscountBps: 500,
      attributes: {},
      ...partial,
    }
    const decision = decide(policy, request)
    if (decision.kind !== 'decided') throw new Error(`the base cannot judge request ${at}`)
    return {
      ...request,
      quoteId: `q${String(at).padStart(5, '0')}`,
      grantedDiscountBps: decision.grantedDiscountBps,
      netCents: decision.netCents,
      approvalRequired: decision.approvalRequired,
      approvalOutcome: null,
      approvalLatencySeconds: null,
      outcome: at % 2 === 0 ? 'won' : 'lost',
      quotedAt: null,
      closedAt: null,
      policyVersion: 1,
      cluster: `customer ${at % 97}`,
    }
  })
}

/** The case of a candidate against a base over quotes logged under the base, with a real report by the oracle. */
export async function attackCase(
  base: CheckedPolicy,
  candidate: CheckedPolicy,
  requests: readonly Partial<Request>[],
): Promise<AttackCase> {
  const columns = columnsOfQuotes([...loggedUnder(base, requests)])
  const digests = {
    base_policy_digest: digestOfText('base'),
    proposed_policy_digest: digestOfText('candidate'),
    snapshot_digest: digestOfText('snapshot'),
    model_digest: null,
    thresholds_digest: digestOfText('thresholds'),
  }
  const engine = oracleEngine()
  const [sums] = await engine.evaluate({
    snapshotDigest: digests.snapshot_digest,
    columns,
    base,
    candidates: [candidate],
    scope: WHOLE_SNAPSHOT,
    model: null,
  })
  await engine.close()
  if (sums === undefined) throw new Error('the oracle gave no sums')
  const findings = replayFindings({
    candidateId: 'cand_attacked',
    inputs: {
      base_policy_version: 1,
      proposed_policy_version: 2,
      cohort_scope: WHOLE_SNAPSHOT,
      ...digests,
    },
    columns,
    base,
    candidate,
    model: null,
    thresholds: DEFAULT_THRESHOLDS,
    sums,
    deterministicPass: true,
  })
  return {
    candidateId: 'cand_attacked',
    base,
    candidate,
    report: { ...findings, replay_checksum: replayChecksum(findings) },
    scan: scanForAttacks(columns, WHOLE_SNAPSHOT, base, candidate, DEFAULT_THRESHOLDS),
    thresholds: DEFAULT_THRESHOLDS,
    thinSegments: [],
    current: { engine_version: ENGINE_VERSION, ...digests },
    unions: [],
  }
}
