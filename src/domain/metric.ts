/** One metric with its samples; names and units after "Metric and label naming" of the Prometheus documentation. */
export interface Metric {
  readonly name: string
  readonly help: string
  readonly kind: 'gauge' | 'counter'
  readonly samples: readonly Sample[]
}

export interface Sample {
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

export const gauge = (name: string, help: string, samples: number | readonly Sample[]): Metric => ({
  name,
  help,
  kind: 'gauge',
  samples: typeof samples === 'number' ? [{ labels: {}, value: samples }] : samples,
})

/** One sample a key, in the order of the keys. */
export const samplesBy = (label: string, values: Readonly<Record<string, number>>): readonly Sample[] =>
  Object.entries(values)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => ({ labels: { [label]: key }, value }))

export const total = (name: string, help: string, value: number): Metric => ({
  name,
  help,
  kind: 'counter',
  samples: [{ labels: {}, value }],
})
