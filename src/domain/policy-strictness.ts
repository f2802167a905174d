import type { Decision, NotReplayable } from './decision.ts'
import type { Bps } from './units.ts'

/** What one policy does with a quote, as far as it can be stricter or looser. */
export type Outcome =
  | { readonly kind: 'undecided' }
  | {
      readonly kind: 'decided'
      readonly grantedBps: Bps
      readonly approvalRequired: boolean
      readonly approvers: readonly string[]
      readonly violations: number
    }

/**
 * How the candidate's outcome stands to the base's. Looser: a larger discount, or at the same one an approval (or one of its
 * approvers) or a violation less. A policy that cannot decide a quote lets nothing pass, which is the strictest outcome.
 */
export function judge(base: Outcome, candidate: Outcome): 'same' | 'stricter' | 'looser' {
  if (base.kind === 'undecided') return candidate.kind === 'undecided' ? 'same' : 'looser'
  if (candidate.kind === 'undecided') return 'stricter'
  if (candidate.grantedBps !== base.grantedBps) {
    return candidate.grantedBps > base.grantedBps ? 'looser' : 'stricter'
  }
  const dropsApproval =
    (base.approvalRequired && !candidate.approvalRequired) ||
    base.approvers.some(approver => !candidate.approvers.includes(approver))
  if (dropsApproval || candidate.violations < base.violations) return 'looser'
  const same =
    candidate.approvalRequired === base.approvalRequired &&
    candidate.approvers.length === base.approvers.length &&
    candidate.violations === base.violations
  return same ? 'same' : 'stricter'
}

/** The outcome of a decision. */
export const outcomeOf = (decision: Decision | NotReplayable): Outcome =>
  decision.kind === 'not_replayable'
    ? { kind: 'undecided' }
    : {
        kind: 'decided',
        grantedBps: decision.grantedDiscountBps,
        approvalRequired: decision.approvalRequired,
        approvers: decision.approvers,
        violations: decision.violations.length,
      }
