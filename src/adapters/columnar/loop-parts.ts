import type { PackedArray } from './packed-array.ts'

/** What a loop runs over: the values that its text only numbers. */
export interface LoopInputs {
  readonly constants: Float64Array
  readonly tables: readonly Uint8Array[]
  readonly sets: readonly ReadonlySet<number>[]
  readonly columns: readonly PackedArray[]
}

/**
 * What a loop needs besides its text. No text and no number of a policy ever becomes code: texts go into tables by dictionary
 * code, numbers into `constants`, so nothing can be injected, and loops that differ in values alone share one compiled text.
 */
export class LoopParts {
  readonly #constants: number[] = []
  readonly #tables: Uint8Array[] = []
  readonly #sets: ReadonlySet<number>[] = []
  readonly #columns = new Map<PackedArray, string>()

  constant(value: number): string {
    return `c${this.#constants.push(value) - 1}`
  }

  table(table: Uint8Array): string {
    return `t${this.#tables.push(table) - 1}`
  }

  set(values: ReadonlySet<number>): string {
    return `s${this.#sets.push(values) - 1}`
  }

  /** The variable that holds the row's value of a column. */
  column(array: PackedArray): string {
    const known = this.#columns.get(array)
    if (known !== undefined) return known
    const name = `v${this.#columns.size}`
    this.#columns.set(array, name)
    return name
  }

  /** Text that binds all values, before the loop. */
  get bindings(): string {
    const bind = (count: number, line: (at: number) => string): string[] =>
      Array.from({ length: count }, (_, at) => line(at))
    return [
      ...bind(this.#constants.length, at => `const c${at} = inputs.constants[${at}]`),
      ...bind(this.#tables.length, at => `const t${at} = inputs.tables[${at}]`),
      ...bind(this.#sets.length, at => `const s${at} = inputs.sets[${at}]`),
      ...bind(this.#columns.size, at => `const V${at} = inputs.columns[${at}]`),
    ].join('\n')
  }

  /** Text that reads the row at hand. */
  get loads(): string {
    return [...this.#columns.values()].map((name, at) => `const ${name} = V${at}[row]`).join('\n')
  }

  get inputs(): LoopInputs {
    return {
      constants: Float64Array.from(this.#constants),
      tables: this.#tables,
      sets: this.#sets,
      columns: [...this.#columns.keys()],
    }
  }
}
