import { LineCounter, parseDocument } from 'yaml'
import { z } from 'zod'
import { CANONICAL_COLUMNS, isCanonicalColumn } from './canonical-columns.ts'
import { done, type Result, refuse } from './refusal.ts'
import { shapeFault } from './shape-fault.ts'

/** Where the cells of one canonical column come from. */
export type ColumnSource =
  | { readonly kind: 'column'; readonly column: string }
  | {
      readonly kind: 'values'
      readonly column: string
      /** By the text of the cell, compared after normalisation. */
      readonly values: Readonly<Record<string, string>>
      /** For any other text; without it such a cell is rejected. */
      readonly otherwise: string | null
    }
  | { readonly kind: 'constant'; readonly text: string }
  | { readonly kind: 'expression'; readonly expression: string }

/** A column and, for `attr.*`, the type that was declared; without one it is integer where every cell is an integer. */
export interface MappedColumn {
  readonly name: string
  readonly source: ColumnSource
  readonly type: 'text' | 'integer' | null
}

/** How a file becomes quotes, schema `clo_mapping.v1`. A column that is not named stays absent. */
export interface Mapping {
  readonly minorUnit: 0 | 2
  readonly columns: readonly MappedColumn[]
}

/** A file whose columns have the canonical names needs no mapping: each stands for itself. */
export const canonicalMapping = (columns: readonly string[]): Mapping => ({
  minorUnit: 2,
  columns: columns
    .filter(isCanonicalColumn)
    .map(name => ({ name, source: { kind: 'column', column: name }, type: null })),
})

const scalar = z.union([z.string(), z.number(), z.boolean()]).transform(String)
const attributeType = z.enum(['text', 'integer']).optional()
const cell = z.union([
  z.string().transform(expression => ({ expression, type: undefined })),
  z.strictObject({ expression: z.string(), type: attributeType }),
  z.strictObject({ constant: scalar, type: attributeType }),
  z.strictObject({
    column: z.string(),
    values: z.record(z.string(), scalar).optional(),
    otherwise: scalar.optional(),
    type: attributeType,
  }),
])
const mappingSchema = z.strictObject({
  schema: z.literal('clo_mapping.v1'),
  minor_unit: z.union([z.literal(0), z.literal(2)]).default(2),
  columns: z.record(z.string(), cell),
})

const REMEDY = 'docs/mapping.md describes mappings, examples/ has some'

/** Reads a mapping file, YAML or JSON. Refuses `bad_input` with line and column, or with the path of the wrong field. */
export function readMapping(text: string): Result<Mapping> {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines })
  const fault = document.errors[0]
  if (fault !== undefined) {
    const at = lines.linePos(fault.pos[0])
    return refuse('bad_input', `the mapping is not YAML at line ${at.line}, column ${at.col}`, REMEDY, {
      fault: fault.message.split('\n')[0] as string,
    })
  }
  const read = mappingSchema.safeParse(document.toJS())
  if (!read.success) {
    const issue = read.error.issues[0] as z.core.$ZodIssue
    return refuse('bad_input', `the mapping is wrong at ${shapeFault(issue, 'the document')}`, REMEDY)
  }
  const unknown = Object.keys(read.data.columns).filter(name => !isCanonicalColumn(name))
  if (unknown.length > 0) {
    return refuse(
      'bad_input',
      `the mapping makes columns that no snapshot has: ${quoted(unknown)}`,
      'use a canonical column, or `attr.name` for anything else a rule may look at',
      { canonical_columns: [...CANONICAL_COLUMNS, 'attr.*'] },
    )
  }
  return done({
    minorUnit: read.data.minor_unit,
    columns: Object.entries(read.data.columns).map(([name, from]) => ({
      name,
      source: sourceOf(from),
      type: from.type ?? null,
    })),
  })
}

function sourceOf(from: z.infer<typeof cell>): ColumnSource {
  if ('expression' in from) return { kind: 'expression', expression: from.expression }
  if ('constant' in from) return { kind: 'constant', text: from.constant }
  const { column, values, otherwise = null } = from
  return values === undefined ? { kind: 'column', column } : { kind: 'values', column, values, otherwise }
}

const quoted = (names: readonly string[]): string => names.map(name => `\`${name}\``).join(', ')
