export type ConditionFaultCode =
  | 'syntax'
  | 'not_in_fragment'
  | 'unknown_attribute'
  | 'unknown_parameter'
  | 'wrong_type'
  | 'integer_too_large'
  | 'too_large'
  | 'margin_in_cap'

/** Why a `when` was refused. `offset` counts UTF-16 units into the text from 0; `line` and `column` count from 1. */
export interface ConditionFault {
  readonly kind: 'fault'
  readonly code: ConditionFaultCode
  readonly message: string
  readonly offset: number
  readonly line: number
  readonly column: number
}

/** A fault at an offset of a text. */
export function faultAt(
  text: string,
  offset: number,
  code: ConditionFaultCode,
  message: string,
): ConditionFault {
  const before = text.slice(0, offset).split('\n')
  return {
    kind: 'fault',
    code,
    message,
    offset,
    line: before.length,
    column: (before.at(-1) as string).length + 1,
  }
}
