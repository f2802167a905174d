import type { Json } from '../../src/domain/units.ts'

export type Path = readonly string[]

/** Every place in a JSON value that holds no object; empty lists count as one. */
export function leavesOf(value: Json, at: Path = []): readonly Path[] {
  if (typeof value !== 'object' || value === null) return [at]
  const children = Object.entries(value)
  return children.length === 0 ? [at] : children.flatMap(([name, child]) => leavesOf(child, [...at, name]))
}

/** The value with another one at a place. */
export function withOther(value: Json, [name, ...rest]: Path): Json {
  if (name === undefined) {
    if (typeof value === 'number') return value + 1
    if (typeof value === 'boolean') return !value
    return typeof value === 'string' ? `${value}x` : 'something'
  }
  const children = value as Readonly<Record<string, Json>>
  const child = withOther(children[name] as Json, rest)
  return Array.isArray(value) ? value.with(Number(name), child) : { ...children, [name]: child }
}
