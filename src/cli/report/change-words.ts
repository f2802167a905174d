import type { RuleDiff } from '../../domain/policy.ts'
import { count, percent } from './figures.ts'

type Side = RuleDiff['from']

/** A value of a rule for people: `2050` of a field in bps is `20.5%`, cents are left as they are counted. */
export function valueWords(field: string, value: Side): string {
  if (value === null) return 'nothing'
  if (typeof value === 'number') return field.endsWith('_bps') ? percent(value) : count(value)
  if (typeof value === 'string') return value
  const params = Object.entries(value.params ?? {}).map(
    ([name, set]) => `${fieldWords(name)} ${valueWords(name, set)}`,
  )
  return [`${value.kind.replaceAll('_', ' ')} when ${value.when}`, ...params].join(', ')
}

/** `cap_bps` as `cap`: the unit stands with the value. */
export const fieldWords = (field: string): string =>
  field.replace(/_(bps|cents|seconds)$/, '').replaceAll('_', ' ')

/** One change as a clause: `discount-cap-smb: cap 18% → 20.5%`. */
export function changeWords({ rule_id, operation, field, from, to }: RuleDiff): string {
  if (operation === 'add') return `new rule ${rule_id}`
  if (operation === 'remove') return `rule ${rule_id} removed`
  return `${rule_id}: ${fieldWords(field)} ${valueWords(field, from)} → ${valueWords(field, to)}`
}
