import { ATTACK_NAMES } from './attack.ts'
import type { QuoteColumns, TextColumn } from './quote.ts'
import { GUARDRAIL_CODES } from './replay-report.ts'
import type { Thresholds } from './thresholds.ts'

const NO_TEXT: TextColumn = { kind: 'text', codes: new Int32Array(0), dictionary: [] }

/** A history without quotes: a drill shows that apply and rollback work, and judges no policy. */
export const NO_HISTORY: QuoteColumns = {
  rows: 0,
  currency: '',
  quoteIds: [],
  segment: NO_TEXT,
  region: NO_TEXT,
  productFamily: NO_TEXT,
  listCents: new Float64Array(0),
  costCents: new Float64Array(0),
  requestedDiscountBps: new Float64Array(0),
  grantedDiscountBps: new Float64Array(0),
  netCents: new Float64Array(0),
  approvalRequired: new Float64Array(0),
  approvalOutcome: new Int8Array(0),
  approvalLatencySeconds: new Float64Array(0),
  outcome: new Int8Array(0),
  quotedAt: new Float64Array(0),
  closedAt: new Float64Array(0),
  policyVersion: new Float64Array(0),
  cluster: NO_TEXT,
  group: new Uint8Array(0),
  attributes: {},
}

/** Thresholds for a fork: what no quote can answer is not required there, and every limit stays as it is. */
export const drillThresholds = (live: Thresholds): Thresholds => ({
  ...live,
  guardrails: { ...live.guardrails, not_required: [...GUARDRAIL_CODES, ...ATTACK_NAMES] },
})
