import { type FrozenFit, type ResponseModel, SLOPE_SHIFTS } from '../../domain/response.ts'
import { CLIP_MICRO, SIGMOID_PPB, STEPS_PER_LOGIT } from '../../domain/sigmoid.ts'
import type { ColumnOf } from './condition.ts'
import { SIDES } from './decided.ts'
import { type Dialect, divHalfAway } from './dialect.ts'
import { type Columns, type Stages, withColumns } from './stages.ts'

const OFFERS = SIDES.flatMap(side => SLOPE_SHIFTS.map(shift => ({ side, shift, name: `${side}_${shift}` })))

/** Fits of a model, and SQL of the number of one of them. */
interface NumberedFit {
  readonly number: string
  readonly fits: readonly FrozenFit[]
}

/**
 * The rows of `places`, each with the columns of `placesOf`: under a fit, the win of both offers at each slope in ppm. The formulas
 * are those of domain/response-score.ts; the logged decision takes the slope as fitted, because the slope range pivots there.
 */
export function winsStages(
  places: Stages,
  fit: NumberedFit,
  model: ResponseModel,
  columnOf: ColumnOf,
  dialect: Dialect,
): Stages {
  const offset = model.slope_offset_nano
  const shifted = {
    low: `greatest(0, slope - ${offset})`,
    point: 'greatest(0, slope)',
    high: `greatest(0, slope + ${offset})`,
  }
  const logged = `rest
      + ${divHalfAway(dialect, '(slope * logged_discount_bps)', '1000')}
      + CASE WHEN logged_approval = 1 THEN approval_micro ELSE 0 END`
  const eta = (side: string, shift: (typeof SLOPE_SHIFTS)[number]): string => `logged_eta
        + ${divHalfAway(dialect, `(${shifted[shift]} * (${side}_granted - logged_discount_bps))`, '1000')}
        + approval_micro * coalesce(${side}_approval - logged_approval, 0)`
  const byOffer = (of: (offer: (typeof OFFERS)[number]) => Columns): Columns =>
    Object.assign({}, ...OFFERS.map(of))
  const stages = [
    effectsAt(fit, model, columnOf, dialect),
    { logged_eta: logged },
    byOffer(({ side, shift, name }) => ({ [`${name}_eta`]: eta(side, shift) })),
    { ...byOffer(({ name }) => stepOf(name, dialect)), sigmoid_ppb: `[${SIGMOID_PPB.join(', ')}]` },
    byOffer(({ name }) => ({ [`${name}_win`]: sigmoidSql(name, dialect) })),
  ]
  return stages.reduce((rows, columns) => withColumns(rows, columns), places)
}

/** Where a row's size and texts stand in the model's arrays; a text without effect stands at 0. */
export function placesOf(model: ResponseModel, columnOf: ColumnOf, dialect: Dialect): Columns {
  const sizeClass = model.size_bounds_cents.map(bound => `CASE WHEN list_cents >= ${bound} THEN 1 ELSE 0 END`)
  return {
    size_place: ['1', ...sizeClass].join(' + '),
    slope_place: dialect.atText('segment', numbered(slopeSegments(model)), '0'),
    ...Object.fromEntries(
      factorsOf(model, columnOf).map(({ factor, sql, levels }) => [
        `factor_${factor}_place`,
        dialect.atText(`coalesce(${sql}, '')`, numbered(levels), '0'),
      ]),
    ),
  }
}

/** What each fit says at those places, in millionths and billionths. */
function effectsAt(
  { number, fits }: NumberedFit,
  model: ResponseModel,
  columnOf: ColumnOf,
  dialect: Dialect,
): Columns {
  const element = (values: readonly number[], place: string): string =>
    `CAST([${values.join(', ')}][${place}] AS ${dialect.int64})`
  const byFit = (of: (fit: FrozenFit) => number): string => element(fits.map(of), `${number} + 1`)
  const sizes = model.size_bounds_cents.length + 1
  const segments = slopeSegments(model)
  const slopes = fits.flatMap(fit => [
    fit.slope_nano,
    ...segments.map(segment =>
      Object.hasOwn(fit.slope_nano_by_segment, segment)
        ? (fit.slope_nano_by_segment[segment] as number)
        : fit.slope_nano,
    ),
  ])
  const levelEffects = factorsOf(model, columnOf).map(({ factor, levels, columns }) => {
    const effects = fits.flatMap(fit => [0, ...columns.map(at => fit.level_micro[factor]?.[at] ?? 0)])
    return element(effects, `${number} * ${levels.length + 1} + factor_${factor}_place + 1`)
  })
  const sizeEffects = fits.flatMap(fit =>
    Array.from({ length: sizes }, (_, size) => fit.size_micro[size] ?? 0),
  )
  return {
    approval_micro: byFit(fit => fit.approval_micro),
    slope: element(slopes, `${number} * ${segments.length + 1} + slope_place + 1`),
    rest: [
      byFit(fit => fit.intercept_micro),
      element(sizeEffects, `${number} * ${sizes} + size_place`),
      ...levelEffects,
    ].join('\n      + '),
  }
}

const slopeSegments = (model: ResponseModel): readonly string[] => [
  ...new Set(model.fits.flatMap(fit => Object.keys(fit.slope_nano_by_segment))),
]

const numbered = (texts: readonly string[]): readonly (readonly [string, number])[] =>
  texts.map((text, at) => [text, at + 1])

/** The factors that the snapshot has as text, with their distinct levels. Absent and empty text have no effect. */
function factorsOf(model: ResponseModel, columnOf: ColumnOf) {
  return model.factors.flatMap(({ column, levels }, factor) => {
    const of = columnOf(column as Parameters<ColumnOf>[0])
    if (of?.kind !== 'text') return []
    const distinct = [...new Set(levels)].filter(level => level !== '')
    return [{ factor, sql: of.sql, levels: distinct, columns: distinct.map(level => levels.indexOf(level)) }]
  })
}

/**
 * The logistic function as the scorer has it: a table of its upper half, interpolated. Where an eta in micro-logits stands in the table, and
 * how far beyond; past the clip the answer is certain, and the table is read at 0.
 */
function stepOf(name: string, { quotient }: Dialect): Columns {
  const way = `(CASE
      WHEN ${name}_eta >= ${CLIP_MICRO} OR ${name}_eta <= -${CLIP_MICRO} THEN 0
      WHEN ${name}_eta < 0 THEN -${name}_eta
      ELSE ${name}_eta
    END * ${STEPS_PER_LOGIT})`
  return { [`${name}_step`]: `${quotient(way, '1000000')} + 1`, [`${name}_part`]: `${way} % 1000000` }
}

/** The probability at that place, in ppm. */
function sigmoidSql(name: string, { quotient, int64 }: Dialect): string {
  const ppb = (place: string): string => `CAST(sigmoid_ppb[${place}] AS ${int64})`
  const [below, above] = [ppb(`${name}_step`), ppb(`${name}_step + 1`)]
  const between = quotient(`((${above} - ${below}) * ${name}_part + 500000)`, '1000000')
  const half = quotient(`(${below} + ${between} + 500)`, '1000')
  return `CASE
      WHEN ${name}_eta >= ${CLIP_MICRO} THEN 1000000
      WHEN ${name}_eta <= -${CLIP_MICRO} THEN 0
      ELSE CASE WHEN ${name}_eta < 0 THEN 1000000 ELSE 0 END + CASE WHEN ${name}_eta < 0 THEN -1 ELSE 1 END * ${half}
    END`
}
