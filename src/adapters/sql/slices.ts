import type { Row } from './assemble.ts'
import { countWhere, type Dialect } from './dialect.ts'
import { EVERY_RULE } from './scored.ts'
import { type Stages, selectFrom, withColumns } from './stages.ts'

const where = (test: string, value: string): string => `CASE WHEN ${test} THEN ${value} END`

/** No sum has the name of a column that a sum is made of: ClickHouse would take one for the other. */
function measures(withModel: boolean, { sumAs }: Dialect): string {
  return [
    'count(*) AS scored',
    'count(cost_cents) AS with_cost',
    `${countWhere('impacted')} AS impacted_quotes`,
    `${countWhere('impacted AND thin')} AS impacted_thin_quotes`,
    `${countWhere('reoffered')} AS reoffered_quotes`,
    `${countWhere('mover_delta < 0')} AS losing`,
    `${countWhere('mover_delta > 0')} AS gaining`,
    sumAs(where('impacted', 'base_net'), 'impacted_value_cents'),
    sumAs('margin_delta', 'margin_bps_delta'),
    sumAs('base_net', 'base_net_cents'),
    sumAs('candidate_net', 'candidate_net_cents'),
    sumAs('base_profit', 'base_profit_cents'),
    sumAs('candidate_profit', 'candidate_profit_cents'),
    sumAs(where('cost_cents IS NOT NULL', 'base_net'), 'base_net_with_cost_cents'),
    sumAs(where('cost_cents IS NOT NULL', 'candidate_net'), 'candidate_net_with_cost_cents'),
    'sum(base_approval) AS base_approvals',
    'sum(candidate_approval) AS candidate_approvals',
    'sum(base_violations) AS base_violation_count',
    'sum(candidate_violations) AS candidate_violation_count',
    sumAs(where('base_approval > candidate_approval', 'base_net'), 'approval_lost_value_cents'),
    sumAs('(candidate_approval - base_approval) * latency_seconds', 'latency_delta_seconds'),
    ...(withModel
      ? [sumAs('win_delta', 'win_ppm_delta'), sumAs('expected_delta', 'expected_ppm_cents_delta')]
      : []),
  ].join(',\n    ')
}

/** The dimensions of a report with the columns whose values make a slice; a key that a dimension lacks is NULL. */
const KEYS = ['quote_group', 'segment', 'region', 'margin_bin', 'support'] as const
/** The same as the columns of an answer. */
export const DIMENSION_KEYS = KEYS.map(key => `${key}_key`)
const DIMENSIONS = {
  all: [],
  group: ['quote_group'],
  segment: ['segment'],
  region: ['region'],
  cohort: ['segment', 'region'],
  margin_bin: ['margin_bin'],
  support: ['support'],
} as const satisfies Record<string, readonly (typeof KEYS)[number][]>

const DIMENSION_NAMES = Object.keys(DIMENSIONS) as readonly (keyof typeof DIMENSIONS)[]
const keysOf = (dimension: keyof typeof DIMENSIONS): readonly string[] => DIMENSIONS[dimension]

/** The same by dimension of a report and by rule: over the impacted quotes that the rule changed, and by EVERY_RULE over all of those. */
export interface SlicedSums {
  readonly byDimension: readonly Row[]
  readonly byRule: readonly Row[]
}

/** What do the `scored` quotes sum up to, over all of them, by each dimension and by rule? */
export async function askSums(
  ask: (question: string) => Promise<readonly Row[]>,
  scored: Stages,
  withModel: boolean,
  dialect: Dialect,
): Promise<SlicedSums> {
  if (!dialect.groupingSets) return slicedSums(await ask(sumsBySlice(scored, withModel, dialect)))
  const byDimension = await ask(sumsByDimension(scored, withModel, dialect))
  return { byDimension, byRule: await ask(sumsByRule(scored, withModel, dialect)) }
}

function sumsByDimension(scored: Stages, withModel: boolean, dialect: Dialect): string {
  // GROUPING has a bit for each key, the first the highest, set where the key is not grouped by.
  const bits = (keys: readonly string[]): number =>
    KEYS.reduce((number, key) => number * 2 + (keys.includes(key) ? 0 : 1), 0)
  const names = DIMENSION_NAMES.map(name => `WHEN ${bits(keysOf(name))} THEN '${name}'`)
  return selectFrom(
    scored,
    `SELECT
    CASE GROUPING(${KEYS.join(', ')}) ${names.join(' ')} END AS dimension,
    ${KEYS.map(key => `${key} AS ${key}_key`).join(', ')},
    ${measures(withModel, dialect)}`,
    `GROUP BY GROUPING SETS (${DIMENSION_NAMES.map(name => `(${keysOf(name).join(', ')})`).join(', ')})`,
  )
}

const sumsByRule = (scored: Stages, withModel: boolean, dialect: Dialect): string =>
  selectFrom(
    withColumns(scored, { rule: dialect.eachOf('changed_rules') }, 'impacted'),
    `SELECT rule, ${measures(withModel, dialect)}`,
    'WHERE rule IS NOT NULL GROUP BY rule',
  )

/** Dimensions are numbered below every rule. */
const sliceOf = (dimension: keyof typeof DIMENSIONS): number =>
  EVERY_RULE - DIMENSION_NAMES.length + DIMENSION_NAMES.indexOf(dimension)

function sumsBySlice(scored: Stages, withModel: boolean, dialect: Dialect): string {
  const slices = DIMENSION_NAMES.map(sliceOf)
  const repeated = withColumns(scored, { slice: dialect.eachOf(`[${slices.join(', ')}]`, 'changed_rules') })
  const keyed = KEYS.map(key => {
    const having = DIMENSION_NAMES.filter(name => keysOf(name).includes(key)).map(sliceOf)
    return [`${key}_key`, `CASE WHEN slice IN (${having.join(', ')}) THEN ${key} END`] as const
  })
  const keys = ['slice', ...DIMENSION_KEYS].join(', ')
  return selectFrom(
    // A rule may say otherwise about a quote on which both policies decide alike.
    withColumns(repeated, Object.fromEntries(keyed), `impacted OR slice < ${EVERY_RULE}`),
    `SELECT ${keys}, ${measures(withModel, dialect)}`,
    `GROUP BY ${keys}`,
  )
}

function slicedSums(rows: readonly Row[]): SlicedSums {
  const byDimension = DIMENSION_NAMES.flatMap(dimension =>
    rows
      .filter(row => Number(row.slice) === sliceOf(dimension))
      .map(({ slice, ...row }) => ({ ...row, dimension })),
  )
  const byRule = rows
    .filter(row => Number(row.slice) >= EVERY_RULE)
    .map(({ slice, ...row }) => ({ ...row, rule: slice }))
  return { byDimension, byRule }
}
