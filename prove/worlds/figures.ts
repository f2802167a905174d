import type { AnalystProof } from './analyst.ts'
import { SIZES } from './family.ts'
import type { JudgedChange, WorldResult } from './run.ts'

/** One figure beside the limit it is held to; a limit of null is printed for the reader alone. */
export interface Figure {
  readonly name: string
  readonly measured: string
  readonly limit: string | null
  readonly held: boolean
}

/** Upper 95% confidence limit of a share (Clopper and Pearson, Biometrika 26, 1934), one-sided. */
export function upperLimit(hits: number, all: number): number {
  if (hits >= all) return 1
  let [low, high] = [hits / all, 1]
  for (let step = 0; step < 60; step += 1) {
    const middle = (low + high) / 2
    if (binomialAtMost(hits, all, middle) > 0.05) low = middle
    else high = middle
  }
  return high
}

function binomialAtMost(hits: number, all: number, p: number): number {
  let term = (1 - p) ** all
  let sum = term
  for (let k = 1; k <= hits; k += 1) {
    term *= ((all - k + 1) / k) * (p / (1 - p))
    sum += term
  }
  return sum
}

/** Whether so many hits or more happen at least once in a hundred runs when the share is at its limit: a small run's test. */
export const mayBeWithin = (hits: number, all: number, limit: number): boolean =>
  hits === 0 || 1 - binomialAtMost(hits - 1, all, limit) >= 0.01

export const shareText = (hits: number, all: number): string =>
  all === 0
    ? 'none'
    : `${hits} of ${all}, ${((100 * hits) / all).toFixed(1)}% (95% limit ${(100 * upperLimit(hits, all)).toFixed(1)}%)`

const atMost = (name: string, hits: number, all: number, limit: number): Figure => ({
  name,
  measured: shareText(hits, all),
  limit: `at most ${(100 * limit).toFixed(0)}%`,
  held: all === 0 || hits <= limit * all,
})

const atLeast = (name: string, hits: number, all: number, limit: number): Figure => ({
  name,
  measured: all === 0 ? 'none' : `${hits} of ${all}, ${((100 * hits) / all).toFixed(1)}%`,
  limit: `at least ${(100 * limit).toFixed(0)}%`,
  held: all === 0 || hits >= limit * all,
})

const proposalsOf = (worlds: readonly WorldResult[]) => worlds.flatMap(world => world.proposals)
const partsOf = (worlds: readonly WorldResult[]) => proposalsOf(worlds).flatMap(({ parts }) => parts)
const harmful = (deltas: readonly number[]): number => deltas.filter(delta => delta < 0).length

/** The promise's figures over a family of worlds within the declared range. */
export function promiseFigures(worlds: readonly WorldResult[]): readonly Figure[] {
  const open = worlds.filter(({ kind }) => kind === 'open')
  const best = worlds.filter(({ kind }) => kind === 'best')
  const clear = worlds.filter(({ hidden }) => hidden === 0)
  const clouded = worlds.filter(({ hidden }) => hidden !== 0)
  const from = (quotes: number): readonly WorldResult[] => open.filter(world => world.quotes >= quotes)
  const deltas = proposalsOf(worlds).map(({ delta }) => delta)
  const parts = partsOf(worlds)
  const further = proposalsOf(worlds).flatMap(proposal => proposal.further ?? [])
  return [
    atMost('harmful proposals', harmful(deltas), deltas.length, 0.05),
    atMost('harmful single changes', harmful(parts), parts.length, 0.05),
    {
      ...atMost('proposals harmful to 4,000 further quotes', harmful(further), further.length, 1),
      limit: null,
    },
    atMost(
      'worlds with the best policy in force that saw a harmful one',
      worldsHarmed(best),
      best.length,
      0.05,
    ),
    ...[2000, 5000].map(quotes => {
      return power(`power from ${quotes} quotes`, from(quotes), 'jointly', quotes === 2000 ? 0.8 : 0.9)
    }),
    ...[2000, 5000].map(quotes => ({
      ...power(`the same, the analyst at 95% each, from ${quotes} quotes`, from(quotes), 'alone', 0),
      limit: null,
    })),
    ...[5000, 20_000].map(quotes => gainFigure(from(quotes), quotes, quotes === 5000 ? 0.55 : 0.65)),
    coverage('coverage without hidden confounding', clear, 0.93),
    coverage('coverage with it inside the range', clouded, 0.8),
    broughtCoverage('the same of changes nobody selected, without', clear),
    broughtCoverage('the same of changes nobody selected, with', clouded),
  ]
}

/** Of the worlds in which the analyst proves an improvement, those in which something is proposed. */
function power(
  name: string,
  worlds: readonly WorldResult[],
  proof: keyof AnalystProof,
  limit: number,
): Figure {
  const provable = worlds.filter(({ analyst }) => analyst?.[proof] === true)
  return atLeast(
    name,
    provable.filter(({ proposals }) => proposals.length > 0).length,
    provable.length,
    limit,
  )
}

const worldsHarmed = (worlds: readonly WorldResult[]): number =>
  worlds.filter(({ proposals }) => proposals.some(({ delta }) => delta < 0)).length

/** Median share of the best gain that the best proposal realises, over worlds with one. */
function gainFigure(worlds: readonly WorldResult[], quotes: number, limit: number): Figure {
  const shares = worlds.flatMap(({ best, proposals }) =>
    best === null || best <= 0 || proposals.length === 0 ? [] : [(proposals[0]?.delta ?? 0) / best],
  )
  const median = medianOf(shares)
  return {
    name: `share of the best gain realised from ${quotes} quotes, median`,
    measured: median === null ? 'none' : `${(100 * median).toFixed(1)}% of ${shares.length} worlds`,
    limit: `at least ${(100 * limit).toFixed(0)}%`,
    held: median === null || median >= limit,
  }
}

export function medianOf(values: readonly number[]): number | null {
  const sorted = [...values].sort((left, right) => left - right)
  return sorted[Math.floor(sorted.length / 2)] ?? null
}

/** Whether the printed range holds the true gain. */
export const covers = ({ delta, lower, upper }: JudgedChange): boolean =>
  lower !== null && upper !== null && lower <= delta && delta <= upper

function coverage(name: string, worlds: readonly WorldResult[], limit: number): Figure {
  const first = worlds.flatMap(({ proposals }) => proposals.slice(0, 1))
  return atLeast(name, first.filter(covers).length, first.length, limit)
}

function broughtCoverage(name: string, worlds: readonly WorldResult[]): Figure {
  const brought = worlds.flatMap(world => world.brought ?? [])
  const hits = brought.filter(covers).length
  return { ...atLeast(name, hits, brought.length, 0), limit: null }
}

/** Rows of a table by size and by hidden confounding, so that a reader sees where figures come from. */
export function breakdown(worlds: readonly WorldResult[]): readonly string[] {
  const classes: readonly (readonly [string, (world: WorldResult) => boolean])[] = [
    ...SIZES.map(size => [`${size} quotes`, (world: WorldResult) => world.quotes === size] as const),
    ['hidden 0', world => world.hidden === 0],
    ['hidden to half the range', world => world.hidden > 0 && world.hidden <= 0.5],
    ['hidden to the range', world => world.hidden > 0.5 && world.hidden <= 1],
    ['hidden, reversed', world => world.hidden < 0],
  ]
  return classes.map(([name, inside]) => rowOf(name, worlds.filter(inside)))
}

function rowOf(name: string, worlds: readonly WorldResult[]): string {
  const open = worlds.filter(({ kind }) => kind === 'open')
  const best = worlds.filter(({ kind }) => kind === 'best')
  const deltas = proposalsOf(worlds).map(({ delta }) => delta)
  const parts = partsOf(worlds)
  const provable = open.filter(({ analyst }) => analyst?.jointly === true)
  const gains = open.flatMap(({ best: top, proposals }) =>
    top !== null && top > 0 && proposals.length > 0 ? [(proposals[0]?.delta ?? 0) / top] : [],
  )
  const gain = medianOf(gains)
  const covered = worlds.flatMap(({ proposals }) => proposals.slice(0, 1))
  const calibration = medianOf(worlds.flatMap(({ calibrationPpm }) => calibrationPpm ?? []))
  return [
    name.padEnd(26),
    `${worlds.length} worlds`,
    `proposing ${worlds.filter(({ proposals }) => proposals.length > 0).length}`,
    `harmful ${harmful(deltas)}/${deltas.length}`,
    `parts ${harmful(parts)}/${parts.length}`,
    `best in force ${worldsHarmed(best)}/${best.length}`,
    `power ${provable.filter(({ proposals }) => proposals.length > 0).length}/${provable.length}`,
    `gain ${gain === null ? '-' : gain.toFixed(2)}`,
    `covered ${covered.filter(covers).length}/${covered.length}`,
    `calibration ${calibration === null ? '-' : `${(calibration / 10_000).toFixed(1)}%`}`,
  ].join(' · ')
}
