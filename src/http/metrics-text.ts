import { Counter, Gauge, Registry } from 'prom-client'
import type { Metric } from '../domain/metric.ts'

/** Metrics in Prometheus' text format, version 0.0.4, from a registry that lives for one scrape. */
export async function metricsText(
  metrics: readonly Metric[],
): Promise<{ readonly contentType: string; readonly text: string }> {
  const registry = new Registry()
  for (const { name, help, kind, samples } of metrics) {
    const labelNames = Object.keys(samples[0]?.labels ?? {})
    const registers = [registry]
    const metric = { name, help, labelNames, registers }
    if (kind === 'counter') {
      const counter = new Counter(metric)
      for (const { labels, value } of samples) counter.inc(labels, value)
      continue
    }
    const gauge = new Gauge(metric)
    // A gauge without labels starts with a sample of 0, which would tell what nobody measured.
    if (labelNames.length === 0) gauge.remove()
    for (const { labels, value } of samples) gauge.set(labels, value)
  }
  return { contentType: registry.contentType, text: await registry.metrics() }
}
