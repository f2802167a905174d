import type { Json } from './units.ts'

export interface Difference {
  /** Path such as `by_segment.smb.scored`; empty for the whole. */
  readonly field: string
  /** null also where there is nothing. */
  readonly stored: Json
  readonly derived: Json
}

/** The first place, in order of names, where two JSON values differ; null where they are equal. */
export function firstDifference(stored: Json, derived: Json, field = ''): Difference | null {
  if (stored === derived) return null
  const left = childrenOf(stored)
  const right = childrenOf(derived)
  if (left === null || right === null || Array.isArray(stored) !== Array.isArray(derived)) {
    return { field, stored, derived }
  }
  for (const name of [...new Set([...left.keys(), ...right.keys()])].sort()) {
    const path = field === '' ? name : `${field}.${name}`
    if (!left.has(name) || !right.has(name)) {
      return { field: path, stored: left.get(name) ?? null, derived: right.get(name) ?? null }
    }
    const difference = firstDifference(left.get(name) as Json, right.get(name) as Json, path)
    if (difference !== null) return difference
  }
  return null
}

const childrenOf = (value: Json): ReadonlyMap<string, Json> | null =>
  typeof value === 'object' && value !== null ? new Map(Object.entries(value)) : null
