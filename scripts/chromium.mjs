// Where Chromium or Chrome lies on this machine.
import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']
const PLACES = ['/Applications/Google Chrome.app/Contents/MacOS/Google Chrome', '/snap/bin/chromium']

/** Path of a browser that playwright-core can drive, or null. */
export function chromiumPath() {
  const named = process.env.QUOTEY_TEST_CHROMIUM
  if (named) return existsSync(named) ? named : null
  const onPath = (process.env.PATH ?? '')
    .split(delimiter)
    .flatMap(folder => NAMES.map(name => join(folder, name)))
  return [...onPath, ...PLACES].find(path => existsSync(path)) ?? null
}
