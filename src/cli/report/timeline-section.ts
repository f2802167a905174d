import { duration, moment } from './figures.ts'
import { html, type Markup } from './markup.ts'
import type { ReportedDrill, RunReport, TimelineEntry } from './run-report.ts'
import { section } from './section.ts'
import { eventWords } from './timeline.ts'

/** Who did what, when, and how long it took. */
export function timelineSection({ timeline, drill, rollback }: RunReport): Markup | null {
  if (timeline.length === 0) return null
  const repairMs =
    rollback === null
      ? null
      : Date.parse(rollback.rolled_back_at) - Date.parse(rollback.rollback_triggered_at)
  return section(
    'timeline',
    'What happened',
    'From the audit log.',
    html`<ol class="time">${timeline.map(entry)}</ol>`,
    rollback === null
      ? null
      : html`<p>The rollback restored policy version ${rollback.rollback_target_version}, ${duration(repairMs ?? 0)} after its trigger. Reason given: ${rollback.rollback_reason}.</p>`,
    drill === null ? null : drillParagraph(drill),
  )
}

const entry = ({ at, event_type, actor_id, note, duration_ms }: TimelineEntry): Markup => html`<li>
<span class="when">${moment(at)}</span><span><b>${eventWords(event_type)}</b> <span class="soft">by ${actor_id}</span>${
  duration_ms === null ? null : html` <span class="soft">in ${duration(duration_ms)}</span>`
}${note === '' ? null : html`<br>${note}`}</span></li>`

function drillParagraph(drill: ReportedDrill): Markup {
  const untouched = drill.live_state_digest_before === drill.live_state_digest_after
  return html`<p>Rollback drill on a copy: apply ${duration(drill.apply_duration_ms)}, rollback ${duration(drill.rollback_duration_ms)}, re-apply ${duration(drill.reapply_duration_ms)}; ${drill.safety_passed ? 'it passed' : 'it FAILED'}, and the live state ${untouched ? 'did not change' : 'CHANGED'}.</p>`
}
