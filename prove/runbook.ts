import { readFile, writeFile } from 'node:fs/promises'
import type { RuleDiff } from '../src/domain/policy.ts'
import type { DailyReport } from '../src/loop/ops-daily.ts'
import type { Ports } from '../src/loop/ports.ts'
import { replayCandidate } from '../src/loop/replay.ts'
import { quoteyLater } from '../test/support/command-line.ts'
import { badOutcomes, costlyStep, Desk, troubledInstallation, WATCHFUL } from '../test/support/desk.ts'
import { candidateOf, packetOf } from '../test/support/governed-candidate.ts'
import { succeeded } from '../test/support/installation.ts'
import { type Known, RUNBOOK, type RunbookStep } from './runbook/steps.ts'

/**
 * Goes through docs/runbook.md from top to bottom on one installation, as the right people, and prints each step with the command
 * that did it. Fails where a step of the page is not among them, or one does not end as it should.
 */
export async function prove(): Promise<boolean> {
  const installed = await troubledInstallation()
  try {
    const { ports } = installed
    const desk = new Desk(installed.config.home)
    await candidateReplayed(ports, await costlyStep(ports))
    const tighter = { ...WATCHFUL, guardrails: { ...WATCHFUL.guardrails, min_margin_delta_bps: 0 } }
    await writeFile(desk.file('tighter.json'), JSON.stringify(tighter))
    const incidents: Record<string, string> = {}
    const known: Known = { incidents, file: name => desk.file(name) }
    let failed = 0
    for (const step of RUNBOOK) {
      desk.days += step.daysBefore ?? 0
      if (step.step === 'take in outcomes') await badOutcomes(installed)
      if (step.step === 'nothing is approved while paused') await packetOf(ports, await candidateOf(ports))
      const said = await play(desk, step, known)
      if (said === null) failed += 1
      for (const { cause, incident_id } of incidentsIn(said)) incidents[cause] = incident_id
    }
    const left = await stepsLeft()
    for (const row of left) console.log(`LEFT       ${row}`)
    console.log(
      `${RUNBOOK.length} steps played, ${failed} failed; ${left.length} of the page left without a command`,
    )
    return failed === 0 && left.length === 0
  } finally {
    await installed.remove()
  }
}

async function candidateReplayed(ports: Ports, change: RuleDiff): Promise<void> {
  succeeded(await replayCandidate(ports, { actorId: 'ana', candidateId: await candidateOf(ports, change) }))
}

/** What the command said; null when it did not end as it should. */
async function play(desk: Desk, step: RunbookStep, known: Known): Promise<Record<string, unknown> | null> {
  const words = step.words(known)
  const ended = await quoteyLater(desk.days, desk.home, step.actor, '--json', ...words)
  const said = (ended.json ?? {}) as Record<string, unknown>
  const wanted = step.exitCode ?? 0
  const ok = ended.exitCode === wanted && (step.shows?.(said) ?? true)
  const shown = words
    .map(word => (/[\s"]/.test(word) ? `"${word}"` : word.replace(desk.file(''), '')))
    .join(' ')
  const who = step.actor === null ? '' : `--as ${step.actor} `
  console.log(
    `${ok ? 'done' : 'FAIL'}  ${step.section.padEnd(4)} ${step.step}\n           quotey ${who}${shown}`,
  )
  if (!ok)
    console.log(`           exit code ${ended.exitCode}, wanted ${wanted}: ${ended.stdout}${ended.stderr}`)
  return ok ? said : null
}

const incidentsIn = (said: Record<string, unknown> | null): DailyReport['incidents'] =>
  Array.isArray(said?.incidents) ? (said.incidents as DailyReport['incidents']) : []

/** Rows of the page's step tables that no step here plays. */
async function stepsLeft(): Promise<readonly string[]> {
  const page = await readFile(new URL('../docs/runbook.md', import.meta.url), 'utf8')
  const rows = [...page.matchAll(/^\| (\d[\d.]*) \| (.+?) \| `quotey /gm)]
  const played = new Set(RUNBOOK.map(({ section, step }) => `${section} ${step}`))
  const listed = rows.map(([, section, step]) => `${section} ${step}`)
  const unlisted = [...played].filter(row => !listed.includes(row)).map(row => `not on the page: ${row}`)
  return [...listed.filter(row => !played.has(row)), ...unlisted]
}
