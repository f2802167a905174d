import type { Digest } from '../../src/domain/units.ts'

/** One thing a contender is told to do. `afterMs` is how long it waits first. */
export type Errand = { readonly afterMs: number } & (
  | { readonly kind: 'apply'; readonly candidateId: string }
  | { readonly kind: 'rollback'; readonly applyRecordId: string }
  | { readonly kind: 'pause' }
  | { readonly kind: 'release' }
  | { readonly kind: 'decide'; readonly packetId: Digest; readonly decision: 'approve' | 'reject' }
)

/** How an errand ended, as its process said; silence is a process that was killed. */
export interface Answer {
  readonly errand: Errand
  /** `fault` is an exception that is no refusal: a violation by itself. */
  readonly ended: 'done' | 'refused' | 'fault'
  /** What the log must hold of it when it is done (empty: nothing), else a refusal code or a message. */
  readonly said: string
}
