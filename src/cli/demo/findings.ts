import type { RunReport } from '../report/run-report.ts'

/** What a run has found so far; the report of a run that ends early holds what there is. */
export type Findings = { -readonly [Name in keyof RunReport]: RunReport[Name] }
