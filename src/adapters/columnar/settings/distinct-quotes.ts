import { GROUPS } from '../../../domain/quote.ts'
import { narrowest, type PackedArray, type PackedArrayMaker, permuted } from '../packed-array.ts'
import type { AttributeColumn, KeyColumn, PreparedSnapshot } from '../snapshot.ts'
import { combinedUpTo, discountCodes, numberedByHash, type RowCodes, shifted } from './row-codes.ts'

/** What the replay of settings reads of quotes. */
export type SettingQuotes = Pick<
  PreparedSnapshot,
  | 'rows'
  | 'listCents'
  | 'costCents'
  | 'requestedDiscountBps'
  | 'loggedDiscountBps'
  | 'loggedApproval'
  | 'outcome'
  | 'group'
  | 'segment'
  | 'region'
  | 'productFamily'
  | 'attributes'
  | 'support'
  | 'latency'
>

/** Quotes of a snapshot, those that agree in everything that is read once. */
export interface DistinctQuotes {
  readonly quotes: SettingQuotes
  /** How many each stands for. */
  readonly weight: Uint16Array
  /** Place of each row of the snapshot, -1 for open quotes; null where each stands for itself. */
  readonly placeOf: Int32Array | null
  /** Open quotes of the snapshot. */
  readonly open: number
}

/** More equal quotes than this stand several times, so that a block of them adds up like a block of as many rows. */
export const WEIGHT_MAX = 1_024
export const OPEN = 0
/** Where fewer agree, collapsing costs more than it saves. */
const QUOTES_PER_PLACE_MIN = 2

const known = new WeakMap<PreparedSnapshot, DistinctQuotes>()

/** Found once a snapshot. */
export function distinctQuotes(snapshot: PreparedSnapshot): DistinctQuotes {
  let distinct = known.get(snapshot)
  if (distinct === undefined) {
    distinct = found(snapshot)
    known.set(snapshot, distinct)
  }
  return distinct
}

function found(snapshot: PreparedSnapshot): DistinctQuotes {
  const { rows, outcome } = snapshot
  const openRows = new Uint8Array(rows)
  let open = 0
  for (let row = 0; row < rows; row += 1) {
    if (outcome[row] !== OPEN) continue
    openRows[row] = 1
    open += 1
  }
  const once = collapsed(snapshot, openRows)
  if (once !== null) return { ...once, open }
  return { quotes: snapshot, weight: new Uint16Array(rows).fill(1), placeOf: null, open }
}

/** null where too few agree. */
function collapsed(snapshot: PreparedSnapshot, open: Uint8Array): Omit<DistinctQuotes, 'open'> | null {
  const { rows } = snapshot
  const countMax = Math.floor(rows / QUOTES_PER_PLACE_MIN)
  const columns: RowCodes[] = []
  for (const values of numbersOf(snapshot)) {
    const column = numberedByHash(values, open, countMax)
    if (column === null) return null
    columns.push(column)
  }
  const codes = combinedUpTo(countMax, rows, open, [...columns, ...codesOf(snapshot)])?.codes
  if (codes === undefined) return null

  const placeOf = new Int32Array(rows)
  const firstRow: number[] = []
  const weights: number[] = []
  /** The place that equal quotes are added to, by their code. */
  const lastPlace: number[] = []
  for (let row = 0; row < rows; row += 1) {
    const code = codes[row] as number
    if (code < 0) {
      placeOf[row] = -1
      continue
    }
    let place = lastPlace[code]
    if (place === undefined || weights[place] === WEIGHT_MAX) {
      place = firstRow.length
      lastPlace[code] = place
      firstRow.push(row)
      weights.push(0)
    }
    weights[place] = (weights[place] as number) + 1
    placeOf[row] = place
  }
  return { quotes: picked(snapshot, Int32Array.from(firstRow)), weight: Uint16Array.from(weights), placeOf }
}

const numbersOf = (snapshot: PreparedSnapshot): readonly Float64Array[] => [
  snapshot.listCents,
  snapshot.costCents,
  ...[...snapshot.attributes.values()].flatMap(column => (column.kind === 'integer' ? [column.values] : [])),
]

const codesOf = (snapshot: PreparedSnapshot): readonly RowCodes[] => {
  const keyed = ({ codes, keys }: KeyColumn): RowCodes => ({ codes, count: keys.length })
  return [
    keyed(snapshot.segment),
    keyed(snapshot.region),
    keyed(snapshot.productFamily),
    ...[...snapshot.attributes.values()].flatMap(column =>
      column.kind === 'text' ? [shifted(column.codes, 1, column.keys.length + 1)] : [],
    ),
    discountCodes(snapshot.requestedDiscountBps),
    discountCodes(snapshot.loggedDiscountBps),
    shifted(snapshot.loggedApproval, 1, 3),
    { codes: snapshot.group, count: GROUPS },
  ]
}

function picked(snapshot: PreparedSnapshot, order: Int32Array): SettingQuotes {
  const of = <T extends PackedArray>(values: PackedArray, make: PackedArrayMaker<T>): T =>
    permuted(values, order, make, false)
  const keyed = ({ codes, keys }: KeyColumn): KeyColumn => ({
    codes: of(codes, narrowest(keys.length)),
    keys,
  })
  const attribute = (column: AttributeColumn): AttributeColumn =>
    column.kind === 'text'
      ? { kind: 'text', ...keyed(column) }
      : { kind: 'integer', values: of(column.values, Float64Array) }
  return {
    rows: order.length,
    listCents: of(snapshot.listCents, Float64Array),
    costCents: of(snapshot.costCents, Float64Array),
    requestedDiscountBps: of(snapshot.requestedDiscountBps, Int16Array),
    loggedDiscountBps: of(snapshot.loggedDiscountBps, Int16Array),
    loggedApproval: of(snapshot.loggedApproval, Int8Array),
    outcome: of(snapshot.outcome, Int8Array),
    group: of(snapshot.group, Uint8Array),
    segment: keyed(snapshot.segment),
    region: keyed(snapshot.region),
    productFamily: keyed(snapshot.productFamily),
    attributes: new Map([...snapshot.attributes].map(([key, column]) => [key, attribute(column)])),
    support: snapshot.support,
    latency: snapshot.latency,
  }
}
