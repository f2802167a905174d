import type { CandidateUnion } from './attack.ts'
import type { CheckedPolicy, PolicyDocument, RuleDiff } from './policy.ts'
import { checkPolicy } from './policy-check.ts'
import { applyDiffs } from './policy-diff.ts'
import type { CandidateId } from './units.ts'

/** A candidate in review on the same base, which could be applied beside the one at hand. */
export interface OtherCandidate {
  readonly candidateId: CandidateId
  readonly ruleDiffs: readonly RuleDiff[]
  /** Guardrails that it fails alone. */
  readonly blocks: readonly string[]
}

/** The candidate's policy with the changes of one or two others on top. */
export interface PlannedUnion {
  readonly others: readonly OtherCandidate[]
  readonly policy: CheckedPolicy
}

/** More unions than this are not replayed; what was left out is reported as not replayed, and so unknown. */
export const UNIONS_MAX = 60

/** Pairs first, then triples, in the order of `others`. Changes that cannot be made together are left out: nobody can apply them. */
export function unionsOf(
  proposed: PolicyDocument,
  others: readonly OtherCandidate[],
): readonly PlannedUnion[] {
  const pairs = others.map(other => [other])
  const triples = others.flatMap((first, at) => others.slice(at + 1).map(second => [first, second]))
  return [...pairs, ...triples].flatMap(joined => {
    const policy = withChanges(proposed, joined)
    return policy === null ? [] : [{ others: joined, policy }]
  })
}

/** A policy with the changes of some candidates on top; null where they cannot be made together. */
export function withChanges(
  document: PolicyDocument,
  others: readonly OtherCandidate[],
): CheckedPolicy | null {
  const changed = applyDiffs(
    document,
    others.flatMap(other => other.ruleDiffs),
  )
  const checked = changed.ok ? checkPolicy(changed.value) : changed
  return checked.ok ? checked.value : null
}

/** What a union's replay fails, by guardrail code; null where it was not replayed. */
export interface ReplayedUnion {
  readonly others: readonly OtherCandidate[]
  readonly blocks: readonly string[] | null
}

/**
 * What each union fails that no part of it does: not the candidate alone (`own`), none of the others alone, no smaller union.
 * `othersAlone` says what two others fail together without the candidate, which is no matter of this one.
 */
export function freshBlocks(
  own: readonly string[],
  unions: readonly ReplayedUnion[],
  othersAlone: (others: readonly OtherCandidate[]) => readonly string[],
): readonly CandidateUnion[] {
  return unions.map(({ others, blocks }) => {
    const withCandidateIds = others.map(other => other.candidateId)
    if (blocks === null) return { withCandidateIds, newBlocks: null }
    const parts = unions.filter(
      part => part.others.length < others.length && part.others.every(other => others.includes(other)),
    )
    const known = new Set([
      ...own,
      ...others.flatMap(other => other.blocks),
      ...parts.flatMap(part => part.blocks ?? []),
      ...othersAlone(others),
    ])
    return { withCandidateIds, newBlocks: blocks.filter(code => !known.has(code)) }
  })
}
