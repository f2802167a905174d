import type { Ports, Reading } from '../../src/loop/ports.ts'

/** The same object, whose class keeps its methods to itself, with some of them replaced. */
export const overriding = <T extends object>(object: T, methods: Partial<T>): T =>
  new Proxy(object, {
    get: (target, property) => {
      if (property in methods) return Reflect.get(methods, property)
      const value = Reflect.get(target, property)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })

/** Ports over a store whose KPI queries give these figures whatever its records say. */
export function withKpiFigures(ports: Ports, figures: Readonly<Record<string, number>>): Ports {
  const { store } = ports
  const figuresOf = (tx: Reading): Pick<Reading, 'kpi'> => ({
    kpi: async (...asked) => (await tx.kpi(...asked)).map(row => ({ ...row, ...figures })),
  })
  return {
    ...ports,
    store: overriding(store, {
      read: work => store.read(tx => work(overriding(tx, figuresOf(tx)))),
      change: work => store.change(tx => work(overriding(tx, figuresOf(tx)))),
    }),
  }
}
