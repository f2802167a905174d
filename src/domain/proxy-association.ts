import { cramersV } from './association.ts'
import { newOrChangedRules } from './changed-rules.ts'
import type { ClosedQuotes } from './closed-quotes.ts'
import type { Decision } from './decision.ts'
import { type ClassedColumn, classColumn } from './partition.ts'
import type { CheckedPolicy } from './policy.ts'
import { isProtectedAttribute } from './protected-attributes.ts'
import type { Bps } from './units.ts'

/** How far whom a new or changed rule meets goes together with an attribute on which prices must not be set. */
export interface ProxyAssociation {
  readonly rule_id: string
  /** `attr.<key>`. */
  readonly attribute: string
  /** Bias-corrected Cramér's V of (rule meets the quote) with the attribute's classes, 0..10000; see association.ts. */
  readonly association_bps: Bps
}

/**
 * Counts, over the quotes it is shown, whom each new or changed rule of a candidate meets, against every protected attribute of
 * the history: texts by level, numbers by quantile class, absence as a class of its own. A rule that removed its condition on
 * the attribute and kept its effect through another column is found by this and by nothing that reads names. A rule that is
 * taken away is not counted: taking back what stands in for an attribute must stay possible.
 */
export class ProxyCount {
  readonly #ruleIds: readonly string[]
  readonly #attributes: readonly ClassedColumn[]
  /** By rule, by attribute: quotes met and not met by class. */
  readonly #counts: readonly (readonly (readonly [number[], number[]])[])[]

  constructor(
    closed: ClosedQuotes,
    base: CheckedPolicy,
    candidate: CheckedPolicy,
    protectedWords: readonly string[],
  ) {
    this.#ruleIds = newOrChangedRules(base, candidate).map(rule => rule.id)
    this.#attributes = Object.entries(closed.columns.attributes)
      .filter(([key]) => isProtectedAttribute(key, protectedWords))
      .map(([key, column]) => classColumn(closed, `attr.${key}`, column))
    this.#counts = this.#ruleIds.map(() =>
      this.#attributes.map(({ classes }) => [
        new Array<number>(classes).fill(0),
        new Array<number>(classes).fill(0),
      ]),
    )
  }

  /** `at` is the quote's position among the closed ones. */
  add(at: number, after: Decision): void {
    for (const [rule, byAttribute] of this.#counts.entries()) {
      const side = after.matched.includes(this.#ruleIds[rule] as string) ? 0 : 1
      for (const [attribute, sides] of byAttribute.entries()) {
        const code = (this.#attributes[attribute] as ClassedColumn).classOf[at] as number
        sides[side][code] = (sides[side][code] as number) + 1
      }
    }
  }

  /** Strongest first; a rule that meets every quote or none stands in for nothing. */
  associations(): readonly ProxyAssociation[] {
    const found = this.#counts.flatMap((byAttribute, rule) =>
      byAttribute.flatMap((sides, attribute): readonly ProxyAssociation[] => {
        const association = cramersV(sides)
        if (association === null) return []
        return [
          {
            rule_id: this.#ruleIds[rule] as string,
            attribute: (this.#attributes[attribute] as ClassedColumn).column,
            association_bps: Math.round(10_000 * association),
          },
        ]
      }),
    )
    return found.sort((left, right) => right.association_bps - left.association_bps)
  }
}
