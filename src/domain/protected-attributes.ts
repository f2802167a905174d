/**
 * Words for what a price must not depend on: the protected grounds of Article 21 of the EU Charter of Fundamental Rights, as far
 * as they turn up as columns of quotes. The default of `evidence.protected_attributes` in the thresholds.
 */
export const PROTECTED_ATTRIBUTES_DEFAULT: readonly string[] = [
  'age',
  'birth',
  'birthdate',
  'birthday',
  'colour',
  'color',
  'disability',
  'disabled',
  'dob',
  'ethnic',
  'ethnicity',
  'gender',
  'marital',
  'nationality',
  'origin',
  'pregnancy',
  'pregnant',
  'race',
  'religion',
  'religious',
  'sex',
]

/** Words that are harmless where they speak of a thing: the age of a car, the colour of a product, the origin of a lead. */
const HARMLESS_OF_THINGS: readonly string[] = ['age', 'colour', 'color', 'origin']

/** Things, as they stand before such a word in a column's name. What is not listed here is taken for a person. */
const THINGS: readonly string[] = [
  ...['account', 'asset', 'battery', 'boat', 'building', 'business', 'campaign', 'car', 'case', 'company'],
  ...['contract', 'deal', 'device', 'equipment', 'firm', 'fleet', 'goods', 'home', 'house', 'inventory'],
  ...['invoice', 'item', 'lead', 'license', 'licence', 'machine', 'opportunity', 'order', 'organisation'],
  ...['organization', 'package', 'part', 'policy', 'product', 'property', 'quote', 'relationship', 'roof'],
  ...['shipment', 'stock', 'subscription', 'system', 'tenure', 'ticket', 'vehicl', 'vehicle', 'vessel'],
]

/**
 * Whether an attribute's name (with or without `attr.`) contains one of the protected words, part by part: `attr.holder_gender`
 * and `holderGender` contain `gender`, `attr.package` does not contain `age`. An entry of several parts (`holder_age`) asks for
 * all of them, one after the other. `vehicle_age` and its like, where the word speaks of a thing, are not meant by `age`.
 */
export function isProtectedAttribute(
  attributeName: string,
  words: readonly string[] = PROTECTED_ATTRIBUTES_DEFAULT,
): boolean {
  const parts = partsOf(attributeName)
  return words.some(word => {
    const wanted = partsOf(word)
    return (
      wanted.length > 0 &&
      parts.some(
        (_, at) =>
          wanted.every((part, after) => parts[at + after] === part) && !speaksOfThing(parts, at, wanted),
      )
    )
  })
}

const partsOf = (name: string): readonly string[] =>
  name
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .toLowerCase()
    .split(/[^\p{L}]+/u)
    .filter(part => part !== '')

const speaksOfThing = (parts: readonly string[], at: number, wanted: readonly string[]): boolean =>
  wanted.length === 1 &&
  HARMLESS_OF_THINGS.includes(wanted[0] as string) &&
  (THINGS.includes(parts[at - 1] ?? '') || (parts[at + 1] === 'of' && THINGS.includes(parts[at + 2] ?? '')))
