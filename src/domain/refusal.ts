import type { JsonObject } from './units.ts'

/** Exit code of each refusal: 2 bad input or usage, 3 refused, 4 integrity broken. */
export const EXIT_CODE_OF_REFUSAL = {
  bad_input: 2,
  invalid_policy: 2,
  not_found: 2,
  reason_required: 2,
  not_authorised: 3,
  separation_of_duty: 3,
  key_expired: 3,
  safety_pause_active: 3,
  illegal_move: 3,
  stale_approval: 3,
  base_version_moved: 3,
  guardrail_blocked: 3,
  attack_blocked: 3,
  idempotency_conflict: 3,
  unfit_history: 3,
  protected_rule: 3,
  release_blocked: 3,
  store_unavailable: 3,
  packet_altered: 4,
  signature_invalid: 4,
  audit_broken: 4,
} as const

export type RefusalCode = keyof typeof EXIT_CODE_OF_REFUSAL

/** A reasoned no. `message` is lower case, names the input in backticks; `remedy` says what to do next. */
export interface Refusal {
  readonly code: RefusalCode
  readonly message: string
  readonly facts: JsonObject
  readonly remedy: string
}

export type Result<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly refusal: Refusal }

export const done = <T>(value: T): Result<T> => ({ ok: true, value })

export const refuse = (
  code: RefusalCode,
  message: string,
  remedy: string,
  facts: JsonObject = {},
): { readonly ok: false; readonly refusal: Refusal } => ({
  ok: false,
  refusal: { code, message, facts, remedy },
})
