import { compiledLoop } from './compiled-loop.ts'

/** An array of a prepared snapshot. */
export type PackedArray = Float64Array | Int32Array | Int16Array | Int8Array | Uint8Array

/** Codes into a dictionary, -1 where absent, in the narrowest integers that hold them. */
export type Codes = Int8Array | Int16Array | Int32Array

export interface PackedArrayMaker<T extends PackedArray> {
  readonly name: string
  readonly BYTES_PER_ELEMENT: number
  new (buffer: ArrayBuffer | SharedArrayBuffer): T
}

/** The narrowest array for codes below `count`. */
export function narrowest(count: number): PackedArrayMaker<Codes> {
  if (count <= 2 ** 7) return Int8Array
  return count <= 2 ** 15 ? Int16Array : Int32Array
}

/** The values in a new order, in an array of the kind asked for, which must hold them. */
export function permuted<T extends PackedArray>(
  values: PackedArray,
  order: Int32Array,
  make: PackedArrayMaker<T>,
  shared: boolean,
): T {
  const bytes = order.length * make.BYTES_PER_ELEMENT
  const array = new make(shared ? new SharedArrayBuffer(bytes) : new ArrayBuffer(bytes))
  permutation(values.constructor.name, make.name)(values, order, array)
  return array
}

/** One function a pair of kinds: a loop that meets many kinds of arrays is compiled for none of them. */
const permutation = (from: string, into: string) =>
  compiledLoop<(values: PackedArray, order: Int32Array, array: PackedArray) => void>(
    ['values', 'order', 'array'],
    `// ${from} into ${into}
for (let place = 0; place < order.length; place += 1) array[place] = values[order[place]]`,
  )

/** 0 where the value is NaN, else 1. */
export function presenceOf(values: Float64Array): Uint8Array {
  const present = new Uint8Array(values.length)
  for (let row = 0; row < values.length; row += 1) if (!Number.isNaN(values[row] as number)) present[row] = 1
  return present
}

export function inSharedMemory<T extends PackedArray>(array: T): T {
  if (array.buffer instanceof SharedArrayBuffer) return array
  const make = array.constructor as new (buffer: SharedArrayBuffer) => T
  const copy = new make(new SharedArrayBuffer(array.byteLength))
  copy.set(array)
  return copy
}
