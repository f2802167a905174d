/**
 * Words for what a price must not depend on: the protected grounds of Article 21 of the EU Charter of Fundamental Rights, as far
 * as they turn up as columns of quotes.
 */
const PROTECTED_WORDS: readonly string[] = [
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

/**
 * Whether an attribute's name (with or without `attr.`) has one of those words among its parts: `attr.holder_gender` and
 * `holderGender` do, `attr.package` does not.
 */
export function isProtectedAttribute(attributeName: string): boolean {
  const parts = attributeName
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .toLowerCase()
    .split(/[^a-z]+/)
  return parts.some(part => PROTECTED_WORDS.includes(part))
}
