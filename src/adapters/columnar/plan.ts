import type { CheckedPolicy } from '../../domain/policy.ts'
import type { ResponseModel } from '../../domain/response.ts'
import { type EffectIndex, effectIndexOf } from './effect-index.ts'
import { Kernel } from './kernel.ts'
import { type BaseLayout, baseLayout, type CandidateLayout, candidateLayout } from './layout.ts'
import { ResponseRows } from './response-rows.ts'
import type { PreparedSnapshot } from './snapshot.ts'

/** One task as handed to a thread: plain values that can be posted. */
export interface ColumnarTask {
  readonly base: CheckedPolicy
  readonly candidates: readonly CheckedPolicy[]
  readonly model: ResponseModel | null
  /** 1 for rows in scope. */
  readonly inScope: Uint8Array
}

/** A task made ready for the loops of one thread. */
export interface Plan {
  readonly snapshot: PreparedSnapshot
  readonly inScope: Uint8Array
  readonly index: EffectIndex
  readonly base: Kernel
  readonly candidates: readonly Kernel[]
  readonly response: ResponseRows | null
  /** 1 for codes of thin segments. */
  readonly thin: Uint8Array
  readonly baseLayout: BaseLayout
  readonly layout: CandidateLayout
}

export function planOf(task: ColumnarTask, snapshot: PreparedSnapshot): Plan {
  const index = effectIndexOf([task.base, ...task.candidates])
  const segments = snapshot.segment.keys.length
  const regions = snapshot.region.keys.length
  const thin = new Set(task.model?.thin_segments ?? [])
  return {
    snapshot,
    inScope: task.inScope,
    index,
    base: new Kernel(task.base, snapshot, index),
    candidates: task.candidates.map(candidate => new Kernel(candidate, snapshot, index)),
    response: task.model === null ? null : new ResponseRows(task.model, snapshot),
    thin: Uint8Array.from(snapshot.segment.keys, segment => (thin.has(segment) ? 1 : 0)),
    baseLayout: baseLayout(segments, regions),
    layout: candidateLayout({
      segments,
      regions,
      rules: index.ruleIds.length,
      fits: task.model?.fits.length ?? 0,
    }),
  }
}
