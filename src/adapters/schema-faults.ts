import type { StructureFault } from '../loop/ports.ts'

/** What a database says of each of its tables, constraints, indexes and triggers, by name. */
export type Schema = ReadonlyMap<string, string>

/** Where a schema is not as a new store has it, by name. */
export const schemaFaults = (expected: Schema, found: Schema): readonly StructureFault[] =>
  [...new Set([...expected.keys(), ...found.keys()])]
    .sort()
    .filter(name => expected.get(name) !== found.get(name))
    .map(name => ({
      where: name,
      expected: expected.get(name) ?? 'nothing',
      found: found.get(name) ?? 'nothing',
    }))
