import type { NotProposed } from './appraisal.ts'

/** A count of settings that are not proposed, with what would help; `policy-opt propose` prints it. */
export interface NotProposedReport {
  readonly reason: NotProposed['reason']
  readonly count: number
  readonly remedy: string
}

export const withRemedy = ({ reason, count }: NotProposed): NotProposedReport => ({
  reason,
  count,
  remedy: remedyFor(reason),
})

function remedyFor(reason: NotProposed['reason']): string {
  switch (reason) {
    case 'no_tunables':
      return 'declare a `tune` range on the parameters that may move'
    case 'too_many_tunables':
      return 'declare fewer `tune` ranges: each one more makes every proof harder'
    case 'no_robust_gain':
      return 'import more quotes: the gain, if there is one, is smaller than what this history can tell from chance and hidden causes'
    case 'change_not_proven_alone':
      return 'import more quotes, or widen the steps: the whole gained, but one of its changes proved nothing by itself'
    case 'weaker_than_proposed':
      return 'none needed: another proposal is better in everything, or the frontier shows it'
    case 'nothing_impacted':
      return 'none needed: no quote of this history would have been decided differently'
    case 'thin_segment':
      return 'import more quotes of the thin segments, or leave them out of the `tune` ranges'
    case 'extrapolated_too_much':
      return 'record whether each quote needed an approval, if that is missing; else try the values in small steps first, so that history can speak for them'
    case 'one_cohort_pays':
      return 'none: a segment or region would lose margin and gain nothing'
    case 'gain_unknown':
      return 'import quotes with a cost, from at least two clusters'
    default:
      return `see the limit in the thresholds; \`${reason.slice('guardrail:'.length)}\` would block approval`
  }
}
