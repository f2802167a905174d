/*
 * The little that is used of packages which only `bench/package.json` installs, so that the whole compiles without them.
 */

declare module 'json-rules-engine' {
  export type Condition =
    | { fact: string; operator: string; value: unknown }
    | { all: Condition[] }
    | { any: Condition[] }
  export interface RuleProperties {
    conditions: Condition
    event: { type: string; params?: Record<string, unknown> }
  }
  export class Engine {
    constructor(rules: RuleProperties[])
    run(facts: Record<string, unknown>): Promise<{ events: RuleProperties['event'][] }>
  }
}

declare module '@gorules/zen-engine' {
  export class ZenEngine {
    createDecision(content: object): { evaluate(context: object): Promise<{ result: unknown }> }
    dispose(): void
  }
}

declare module 'chdb' {
  export class Session {
    query(statement: string, format?: string): string
    close(): void
  }
}
