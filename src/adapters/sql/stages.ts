/** Columns by name, each as SQL over the columns of the stages before. */
export type Columns = Readonly<Record<string, string>>

interface Stage {
  readonly columns: Columns
  /** Which rows of the stage before are kept; null: all. */
  readonly where: string | null
}

/** Rows whose columns are worked out one step of the arithmetic a stage. */
export interface Stages {
  /** A SELECT that has at least the columns of these names. */
  readonly source: string
  readonly names: readonly string[]
  readonly stages: readonly Stage[]
}

export const rowsOf = (source: string, names: readonly string[]): Stages => ({ source, names, stages: [] })

/** A stage more. Its columns are new, and made of those of the stages before, never of each other. */
export const withColumns = (rows: Stages, columns: Columns, where: string | null = null): Stages => ({
  ...rows,
  stages: [...rows.stages, { columns, where }],
})

/**
 * A question to the rows: `head` FROM the stages as nested SELECTs `tail`. A stage selects only what is named further out, because a database
 * analyses every column of every stage, which is most of what ClickHouse 18.16 does about a few quotes. A column that makes more rows must be
 * named by the question.
 */
export const selectFrom = (rows: Stages, head: string, tail = ''): string =>
  `${head}\nFROM (${nested(rows, namesIn([head, tail]))})\n${tail}`

function nested(rows: Stages, wanted: ReadonlySet<string>): string {
  const last = rows.stages.at(-1)
  if (last === undefined) return rows.source
  const before = { ...rows, stages: rows.stages.slice(0, -1) }
  const kept = namesOf(before).filter(name => wanted.has(name))
  const made = Object.entries(last.columns).filter(([name]) => wanted.has(name))
  const list = [...kept, ...made.map(([name, sql]) => `${sql} AS ${name}`)]
  const needed = namesIn([...kept, ...made.map(([, sql]) => sql), last.where ?? ''])
  return `SELECT ${list.length === 0 ? '1 AS one' : list.join(',\n  ')}
FROM (${nested(before, needed)})${last.where === null ? '' : `\nWHERE ${last.where}`}`
}

const namesOf = ({ names, stages }: Stages): readonly string[] => [
  ...names,
  ...stages.flatMap(({ columns }) => Object.keys(columns)),
]

/** Every word that could be a column's name; one that stands in a literal only keeps a column too many. */
const namesIn = (sql: readonly string[]): ReadonlySet<string> =>
  new Set(sql.flatMap(each => each.match(/[a-z_][a-z0-9_]*/g) ?? []))
