/** Samples of a text in Prometheus' exposition format, by name and labels as written. */
export function metricLines(text: string): ReadonlyMap<string, number> {
  const samples = text.split('\n').filter(line => line !== '' && !line.startsWith('#'))
  return new Map(samples.map(line => [line.replace(/ \S+$/, ''), Number(/ (\S+)$/.exec(line)?.[1])]))
}
