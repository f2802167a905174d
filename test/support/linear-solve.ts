/**
 * Gauss and Jordan on a matrix with right-hand columns, changed in place; returns those columns. The square part must be
 * symmetric and positive definite. Written for tests, so that they share no arithmetic with what they check.
 */
export function solveLinear(matrix: readonly number[][]): readonly (readonly number[])[] {
  const width = matrix.length
  for (const [pivot, line] of matrix.entries()) {
    const scale = line[pivot] as number
    for (let at = 0; at < line.length; at += 1) line[at] = (line[at] as number) / scale
    for (const [row, other] of matrix.entries()) {
      if (row === pivot) continue
      const factor = other[pivot] as number
      for (let at = 0; at < other.length; at += 1) {
        other[at] = (other[at] as number) - factor * (line[at] as number)
      }
    }
  }
  return matrix.map(line => line.slice(width))
}
