// Where Prometheus' own checker lies on this machine.
import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'

/** Path of promtool, or null. */
export function promtoolPath() {
  const named = process.env.QUOTEY_TEST_PROMTOOL
  if (named) return existsSync(named) ? named : null
  const onPath = (process.env.PATH ?? '').split(delimiter).map(folder => join(folder, 'promtool'))
  return onPath.find(path => existsSync(path)) ?? null
}
