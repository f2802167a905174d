import { type Browser, chromium } from 'playwright-core'
import { chromiumPath } from '../../scripts/chromium.mjs'

export const NO_BROWSER = 'no chromium here: install it, or set QUOTEY_TEST_CHROMIUM to its path'

/** The machine's Chromium, or null where there is none. */
export async function openBrowser(): Promise<Browser | null> {
  const executablePath = chromiumPath()
  if (executablePath === null) return null
  return chromium.launch({
    executablePath,
    args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'],
  })
}
