import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import type { Browser, Page } from 'playwright-core'
import { renderReport } from '../../src/cli/report/page.ts'
import type { RunReport } from '../../src/cli/report/run-report.ts'
import { NO_BROWSER, openBrowser } from '../support/browser.ts'
import { BARREN_RUN, WHOLE_RUN } from '../support/report-runs.ts'

let folder = ''
let browser: Browser | null = null

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'quotey-report-'))
  browser = await openBrowser()
})
after(async () => {
  await browser?.close()
  await rm(folder, { recursive: true, force: true })
})

interface Opened {
  readonly page: Page
  readonly complaints: readonly string[]
}

/** Opens a report and collects everything it says to the console or asks of the network. */
async function open(report: RunReport, width: number, colorScheme: 'light' | 'dark'): Promise<Opened> {
  const path = join(folder, 'report.html')
  await writeFile(path, renderReport(report))
  const page = await (browser as Browser).newPage({ viewport: { width, height: 900 }, colorScheme })
  const complaints: string[] = []
  page.on('console', message => complaints.push(`console: ${message.text()}`))
  page.on('pageerror', error => complaints.push(`error: ${error.message}`))
  page.on('request', request => {
    if (request.url() !== pathToFileURL(path).href) complaints.push(`request: ${request.url()}`)
  })
  await page.goto(pathToFileURL(path).href)
  return { page, complaints }
}

for (const [name, report] of [
  ['a whole run', WHOLE_RUN],
  ['a run without a proposal', BARREN_RUN],
] as const) {
  for (const width of [1280, 800]) {
    test(`the report of ${name} opens at ${width} px: quiet, offline, whole, not wider than the page`, async context => {
      if (browser === null) return context.skip(NO_BROWSER)
      const { page, complaints } = await open(report, width, 'light')
      assert.deepEqual(complaints, [])
      const sections = await page.locator('section').all()
      assert.ok(sections.length >= 3, `${sections.length} sections`)
      for (const section of sections) assert.ok(await section.isVisible(), await section.innerHTML())
      const [wanted, given] = await page.evaluate<[number, number]>(
        '[document.documentElement.scrollWidth, window.innerWidth]',
      )
      assert.ok(wanted <= given, `the page is ${wanted} px wide in a window of ${given} px`)
      for (const link of await page.locator('nav a').all()) {
        const target = await link.getAttribute('href')
        assert.equal(await page.locator(target as string).count(), 1, `${target} leads nowhere`)
      }
      await page.close()
    })
  }
}

test('no words in a picture cover others, however close what they stand for lies', async context => {
  if (browser === null) return context.skip(NO_BROWSER)
  const { proposal } = WHOLE_RUN
  assert.ok(proposal !== null)
  const candidates = proposal.candidates.flatMap(each => [each, { ...each, candidate_id: 'cand_alike' }])
  const { page } = await open({ ...WHOLE_RUN, proposal: { ...proposal, candidates } }, 1280, 'light')
  const [words, covered] = await page.evaluate<[number, string[]]>(`(() => {
    const pictures = [...document.querySelectorAll('figure svg')].map(svg =>
      [...svg.querySelectorAll('text')].filter(text => text.textContent !== ''))
    const cover = (one, other) =>
      one.left < other.right && other.left < one.right && one.top < other.bottom && other.top < one.bottom
    return [pictures.flat().length, pictures.flatMap(texts => texts.flatMap((text, at) => texts.slice(at + 1)
      .filter(next => cover(text.getBoundingClientRect(), next.getBoundingClientRect()))
      .map(next => text.textContent + ' / ' + next.textContent)))]
  })()`)
  assert.ok(words > 20)
  assert.deepEqual(covered, [])
  await page.close()
})

test('text keeps a contrast of at least 4.5 to 1 on its ground, in light and in dark', async context => {
  if (browser === null) return context.skip(NO_BROWSER)
  for (const scheme of ['light', 'dark'] as const) {
    const { page } = await open(WHOLE_RUN, 1280, scheme)
    const pairs = await page.evaluate<[string, string, string][]>(`(() => {
      const shown = [...document.querySelectorAll('h1, p, th, td, li, .word, ins, del, figcaption, .note')]
      const ground = node => {
        for (let at = node; at; at = at.parentElement) {
          const color = getComputedStyle(at).backgroundColor
          if (color !== 'rgba(0, 0, 0, 0)') return color
        }
        return 'rgb(255, 255, 255)'
      }
      return shown.map(node => [node.textContent.slice(0, 40), getComputedStyle(node).color, ground(node)])
    })()`)
    assert.ok(pairs.length > 100)
    for (const [text, ink, ground] of pairs) {
      assert.ok(
        contrast(ink, ground) >= 4.5,
        `${scheme}: "${text}" ${ink} on ${ground}: ${contrast(ink, ground)}`,
      )
    }
    await page.close()
  }
})

/** WCAG 2.2 contrast ratio of two `rgb()` colours. */
function contrast(left: string, right: string): number {
  const [light, dark] = [luminance(left), luminance(right)].sort((a, b) => b - a) as [number, number]
  return (light + 0.05) / (dark + 0.05)
}

function luminance(color: string): number {
  const [red, green, blue] = (color.match(/[\d.]+/g) ?? []).slice(0, 3).map(part => {
    const value = Number(part) / 255
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4
  }) as [number, number, number]
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}
