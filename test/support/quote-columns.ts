export { columnsOfQuotes } from '../../src/domain/quotes-as-columns.ts'
