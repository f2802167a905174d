/** Why a cell cannot be read, as the end of a sentence that begins with the cell: `is not a decimal number`. */
export class UnreadableCell {
  readonly reason: string
  constructor(reason: string) {
    this.reason = reason
  }
}
