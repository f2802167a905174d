import { types } from 'pg'

const { builtins } = types

const INSTANT = /^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d)(?:\.(\d{1,3}))?\+00$/

/** Columns as PostgreSQL prints them in UTC and ISO, back in the form they were given: see `docs/contracts.md`. */
const PARSER_BY_TYPE: Readonly<Record<number, (text: string) => unknown>> = {
  [builtins.INT2]: Number,
  [builtins.INT4]: Number,
  [builtins.INT8]: wholeNumber,
  [builtins.NUMERIC]: wholeNumber,
  [builtins.FLOAT8]: share,
  [builtins.BOOL]: text => text === 't',
  [builtins.TIMESTAMPTZ]: instant,
}

/** Handed to each connection, as the driver's own parsers belong to the whole process. */
export const VALUE_TYPES = {
  getTypeParser: (type: number): ((text: string) => unknown) => PARSER_BY_TYPE[type] ?? (text => text),
}

/** What no number here can hold stays text: rows we wrote have none, and an edited one must show as edited. */
function wholeNumber(text: string): number | string {
  const number = Number(text)
  return Number.isSafeInteger(number) && String(number) === text ? number : text
}

function share(text: string): number | string {
  const number = Number(text)
  return Number.isFinite(number) ? number : text
}

function instant(text: string): string {
  const parts = INSTANT.exec(text)
  return parts === null ? text : `${parts[1]}T${parts[2]}.${(parts[3] ?? '').padEnd(3, '0')}Z`
}

const STORED_INSTANT = /^[1-9]\d{3}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/

/** Text, integers and shares only, and instants in their one form; anything else would not come back as it went in. */
export function bound(
  table: string,
  column: string,
  isInstant: boolean,
  value: unknown,
): string | number | null {
  if (value === null) return value
  if (typeof value === 'number' && Number.isFinite(value)) return value
  if (typeof value === 'string' && (isInstant ? STORED_INSTANT.test(value) : !value.includes('\0')))
    return value
  throw new TypeError(`${table}.${column} cannot hold ${String(value)}`)
}
