import { type ResponseModel, SLOPE_SHIFTS } from '../../domain/response.ts'
import { CLIP_MICRO, SIGMOID_PPB, STEPS_PER_LOGIT } from '../../domain/sigmoid.ts'
import { type ColumnOf, textSql } from './condition.ts'
import { SIDES } from './decided.ts'

/** The table of the logistic function, and the scorer's interpolation in it; etas in micro-logits, answers in ppm. */
export const SIGMOID: readonly string[] = [
  `CREATE TEMP TABLE sigmoid AS SELECT [${SIGMOID_PPB.join(', ')}] AS ppb`,
  `CREATE TEMP MACRO sigmoid_between(ppb, steps, rest) AS
    (ppb[steps + 1] + ((ppb[steps + 2] - ppb[steps + 1]) * rest + 500000) // 1000000 + 500) // 1000`,
  `CREATE TEMP MACRO sigmoid_of_positive(ppb, eta) AS
    CASE
      WHEN eta >= ${CLIP_MICRO} THEN 1000000
      ELSE sigmoid_between(ppb, eta * ${STEPS_PER_LOGIT} // 1000000, eta * ${STEPS_PER_LOGIT} % 1000000)
    END`,
  `CREATE TEMP MACRO sigmoid_ppm(ppb, eta) AS
    CASE WHEN eta < 0 THEN 1000000 - sigmoid_of_positive(ppb, -eta) ELSE sigmoid_of_positive(ppb, eta) END`,
]

/** The frozen fits as tables: one row a fit, a fit's size class, a fit's level of a factor, a fit's segment with a slope. */
export function modelTables(model: ResponseModel): readonly string[] {
  const each = <T>(of: (fit: ResponseModel['fits'][number], at: number) => readonly T[]): readonly T[] =>
    model.fits.flatMap(of)
  return [
    ...table(
      'fits',
      'fit BIGINT, intercept_micro BIGINT, approval_micro BIGINT, slope_nano BIGINT',
      each((fit, at) => [[at, fit.intercept_micro, fit.approval_micro, fit.slope_nano]]),
    ),
    ...table(
      'size_effects',
      'fit BIGINT, size_class BIGINT, micro BIGINT',
      each((fit, at) => fit.size_micro.map((micro, size) => [at, size, micro])),
    ),
    ...table(
      'level_effects',
      'fit BIGINT, factor BIGINT, level VARCHAR, micro BIGINT',
      each((fit, at) =>
        model.factors.flatMap(({ levels }, factor) =>
          [...new Set(levels)].map(level => [
            at,
            factor,
            textSql(level),
            fit.level_micro[factor]?.[levels.indexOf(level)] ?? 0,
          ]),
        ),
      ),
    ),
    ...table(
      'segment_slopes',
      'fit BIGINT, segment VARCHAR, slope_nano BIGINT',
      each((fit, at) =>
        Object.entries(fit.slope_nano_by_segment).map(([segment, slope]) => [at, textSql(segment), slope]),
      ),
    ),
  ]
}

function table(
  name: string,
  columns: string,
  rows: readonly (readonly (string | number)[])[],
): readonly string[] {
  const values = rows.map(row => `(${row.join(', ')})`).join(', ')
  return [
    `CREATE TEMP TABLE ${name} (${columns})`,
    ...(rows.length === 0 ? [] : [`INSERT INTO ${name} VALUES ${values}`]),
  ]
}

/**
 * The rows of `source` under each fit that `fits` lets in, with the win of both offers at each slope in ppm. The formulas are
 * those of domain/response-score.ts; the logged decision takes the point slope, because the slope range pivots there.
 */
export function winsSql(source: string, fits: string, model: ResponseModel, columnOf: ColumnOf): string {
  const factors = model.factors.flatMap(({ column }, factor) => {
    const of = columnOf(column as Parameters<ColumnOf>[0])
    return of?.kind === 'text' ? [{ factor, sql: of.sql }] : []
  })
  const sizeClass = model.size_bounds_cents
    .map(bound => `CAST(list_cents >= ${bound} AS INTEGER)`)
    .join(' + ')
  const offset = model.slope_offset_nano
  const shifted = { low: `greatest(0, slope - ${offset})`, point: 'slope', high: `(slope + ${offset})` }
  const sides = SIDES.flatMap(side => SLOPE_SHIFTS.map(shift => ({ side, shift })))
  const etas = sides.map(
    ({ side, shift }) => `
        logged_eta
          + div_half_away(${shifted[shift]} * (${side}_granted - logged_discount_bps), 1000)
          + approval_micro * coalesce(${side}_approval - logged_approval, 0) AS ${side}_${shift}_eta`,
  )
  return `
    WITH classed AS (
      SELECT *, ${sizeClass === '' ? '0' : sizeClass} AS size_class FROM ${source}
    ),
    fitted AS (
      SELECT
        classed.*, fits.fit, fits.approval_micro,
        coalesce(segment_slopes.slope_nano, fits.slope_nano) AS slope,
        fits.intercept_micro + coalesce(size_effects.micro, 0)
          ${factors.map(({ factor }) => `+ coalesce(factor_${factor}.micro, 0)`).join(' ')} AS rest
      FROM classed
      JOIN fits ON ${fits}
      LEFT JOIN size_effects
        ON size_effects.fit = fits.fit AND size_effects.size_class = classed.size_class
      LEFT JOIN segment_slopes
        ON segment_slopes.fit = fits.fit AND segment_slopes.segment = classed.segment
      ${factors.map(({ factor, sql }) => levelJoin(factor, sql)).join('')}
    ),
    logged AS (
      SELECT *,
        rest + div_half_away(slope * logged_discount_bps, 1000)
          + CASE WHEN logged_approval = 1 THEN approval_micro ELSE 0 END AS logged_eta
      FROM fitted
    ),
    moved AS (
      SELECT *, ${etas.join(',')}
      FROM logged
    )
    SELECT *, ${sides.map(({ side, shift }) => `sigmoid_ppm(ppb, ${side}_${shift}_eta) AS ${side}_${shift}_win`).join(', ')}
    FROM moved CROSS JOIN sigmoid`
}

/** Absent and empty text have no effect, so an empty level never meets a quote. */
const levelJoin = (factor: number, sql: string): string => `
      LEFT JOIN level_effects AS factor_${factor}
        ON factor_${factor}.factor = ${factor} AND factor_${factor}.fit = fits.fit
        AND factor_${factor}.level = nullif(classed.${sql}, '')`
