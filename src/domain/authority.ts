import { type Control, type ControlOperation, controlOf, type Role } from './controls.ts'

/** Somebody who can sign now, and in which roles. */
export interface Bearer {
  readonly id: string
  readonly roles: readonly Role[]
}

/** Who can get one gate of the control matrix done with the people there are. */
export interface GateAuthority {
  readonly control: string
  readonly operation: ControlOperation
  readonly name: string
  readonly roles: readonly Role[]
  /** Who can do their part of it, given that others do theirs. */
  readonly who: readonly string[]
  /** Who can bring it about with nobody else taking part, in it or in what must come before. */
  readonly alone: readonly string[]
  readonly passable: boolean
  /** Without whom nobody could pass it. */
  readonly indispensable: readonly string[]
  /** Why nobody can pass it; null where somebody can. */
  readonly why: string | null
}

/** One signature a gate rests on. */
interface Part {
  readonly what: string
  readonly roles: readonly Role[]
}

/** Signatures a gate rests on, the gate's own last, and which two of them must be of different persons. */
interface Parts {
  readonly parts: readonly Part[]
  readonly apart: readonly (readonly [number, number])[]
}

const partOf = (operation: ControlOperation): Part => {
  const { name, roles } = controlOf(operation)
  return { what: name, roles }
}

/** Nobody decides on their own candidate, and the one who applies is not the only one who approved (DESIGN 11). */
function partsOf(control: Control): Parts {
  if (control.operation === 'decide') {
    return { parts: [partOf('propose'), partOf('decide')], apart: [[0, 1]] }
  }
  if (control.operation === 'apply') {
    return {
      parts: [partOf('propose'), partOf('decide'), partOf('apply')],
      apart: [
        [0, 1],
        [1, 2],
      ],
    }
  }
  if (!control.together) return { parts: [partOf(control.operation)], apart: [] }
  const parts = control.roles.map(role => ({ what: `${control.name} as ${role}`, roles: [role] }))
  const apart = parts.flatMap((_, one) => parts.slice(one + 1).map((_, at) => [one, one + 1 + at] as const))
  return { parts, apart }
}

/** Works out, by trying every way to give the parts to people, who can pass a gate. */
export function gateAuthority(control: Control, bearers: readonly Bearer[]): GateAuthority {
  const { parts, apart } = partsOf(control)
  const ways = waysThrough(parts, apart, bearers)
  const own = control.together ? parts.map((_, at) => at) : [parts.length - 1]
  const who = bearers.map(({ id }) => id).filter(id => ways.some(way => own.some(at => way[at] === id)))
  return {
    control: control.id,
    operation: control.operation,
    name: control.name,
    roles: control.roles,
    who,
    alone: who.filter(id => ways.some(way => way.every(other => other === id))),
    passable: ways.length > 0,
    indispensable: who.length === 0 ? [] : indispensableIn(ways),
    why: ways.length > 0 ? null : whyNot(parts, bearers),
  }
}

/** Every assignment of persons to parts that the roles and the separation of duty allow. */
function waysThrough(
  parts: readonly Part[],
  apart: Parts['apart'],
  bearers: readonly Bearer[],
): readonly (readonly string[])[] {
  let ways: readonly (readonly string[])[] = [[]]
  for (const [at, part] of parts.entries()) {
    const able = bearers.filter(({ roles }) => part.roles.some(role => roles.includes(role)))
    const separate = apart.filter(([, later]) => later === at).map(([earlier]) => earlier)
    ways = ways.flatMap(way =>
      able.filter(({ id }) => separate.every(earlier => way[earlier] !== id)).map(({ id }) => [...way, id]),
    )
  }
  return ways
}

const indispensableIn = (ways: readonly (readonly string[])[]): readonly string[] =>
  [...new Set(ways[0])].filter(id => ways.every(way => way.includes(id)))

function whyNot(parts: readonly Part[], bearers: readonly Bearer[]): string {
  const unheld = parts.find(
    ({ roles }) => !bearers.some(bearer => bearer.roles.some(role => roles.includes(role))),
  )
  return unheld === undefined
    ? `the same person would have to ${parts.map(({ what }) => what).join(' and ')}, which takes two`
    : `nobody who can sign now may ${unheld.what}: it takes ${unheld.roles.join(' or ')}`
}
