import { done, type Result, refuse } from './refusal.ts'

export const CANDIDATE_STATUSES = [
  'draft',
  'replayed',
  'review_ready',
  'approved',
  'rejected',
  'changes_requested',
  'applied',
  'monitoring',
  'rolled_back',
] as const
export type LifecycleStatus = (typeof CANDIDATE_STATUSES)[number]

/**
 * Every legal move of a candidate; anything else is refused. Moves back to `replayed` and `review_ready` are those of fresh
 * evidence: a new replay or a new packet takes the place of the old one, and an approval of the old one dies with it.
 */
export const LEGAL_MOVES: Readonly<Record<LifecycleStatus, readonly LifecycleStatus[]>> = {
  draft: ['replayed'],
  replayed: ['review_ready'],
  review_ready: ['approved', 'rejected', 'changes_requested', 'replayed'],
  approved: ['applied', 'rejected', 'replayed', 'review_ready'],
  changes_requested: ['replayed'],
  applied: ['monitoring', 'rolled_back'],
  monitoring: ['rolled_back'],
  rejected: [],
  rolled_back: [],
}

/** What a person does next with a candidate of that status. */
const NEXT_STEP: Readonly<Record<LifecycleStatus, string>> = {
  draft: 'run `quotey policy-opt replay` first',
  replayed: 'build its packet with `quotey policy-packet build`',
  review_ready: 'have its packet decided with `quotey policy-packet action`',
  approved: 'apply it with `quotey policy-opt apply`',
  changes_requested: 'propose the changed diff with `quotey policy-opt propose --from DIFF`',
  applied: 'watch it with `quotey policy-opt monitor`, or take it back with `quotey policy-opt rollback`',
  monitoring: 'keep watching it, or take it back with `quotey policy-opt rollback`',
  rejected: 'a rejected candidate is final: propose a new one',
  rolled_back: 'a rolled back candidate is final: propose a new one',
}

/** The status a move leads to, or the refusal `illegal_move` with what is legal from there. */
export function move(from: LifecycleStatus, to: LifecycleStatus): Result<LifecycleStatus> {
  const legal = LEGAL_MOVES[from]
  if (legal.includes(to)) return done(to)
  return refuse('illegal_move', `a candidate that is \`${from}\` cannot become \`${to}\``, NEXT_STEP[from], {
    from,
    to,
    legal,
  })
}
