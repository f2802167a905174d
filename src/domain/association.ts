/** Quotes counted by class of one column and class of another: `counts[left][right]`. */
export type Contingency = readonly (readonly number[])[]

/**
 * How far two columns go together, 0 (independent) to 1 (one tells the other): Cramér's V (Cramér 1946, Mathematical Methods of
 * Statistics, section 21.9) with the correction of Bergsma (2013), "A bias-correction for Cramér's V and Tschuprow's T", J.
 * Korean Stat. Soc. 42, so that many small classes are not taken for a relation by chance:
 *
 *     phi2 = chi2 / n - (r - 1)(c - 1) / (n - 1), not below 0
 *     V    = sqrt(phi2 / min(r' - 1, c' - 1)),  k' = k - (k - 1)^2 / (n - 1)
 *
 * over the r rows and c columns that hold a quote. With two rows V^2 is the correlation ratio of the row on the column's classes.
 * null where one of them has a single class or too few quotes are left to judge by.
 */
export function cramersV(counts: Contingency): number | null {
  const rowSums = counts.map(row => row.reduce((sum, count) => sum + count, 0))
  const columnSums = (counts[0] ?? []).map((_, column) =>
    counts.reduce((sum, row) => sum + (row[column] as number), 0),
  )
  const quotes = rowSums.reduce((sum, count) => sum + count, 0)
  const rows = rowSums.filter(sum => sum > 0).length
  const columns = columnSums.filter(sum => sum > 0).length
  if (rows < 2 || columns < 2) return null

  let shares = 0
  for (const [row, cells] of counts.entries()) {
    for (const [column, count] of cells.entries()) {
      if (count > 0) shares += count ** 2 / ((rowSums[row] as number) * (columnSums[column] as number))
    }
  }
  const corrected = (classes: number): number => classes - (classes - 1) ** 2 / (quotes - 1)
  const least = Math.min(corrected(rows), corrected(columns)) - 1
  if (least <= 0) return null
  // chi2 / n equals the sum of squared counts over the products of their margins, less one.
  const phi2 = Math.max(0, shares - 1 - ((rows - 1) * (columns - 1)) / (quotes - 1))
  return Math.min(1, Math.sqrt(phi2 / least))
}
