/**
 * Loaded before the command line (`node --import 'shifted-clock.ts?ahead_ms=N'`): the process lives that much later. Tests of what
 * takes a month need it.
 */
const aheadMs = Number(new URL(import.meta.url).searchParams.get('ahead_ms'))
const systemNow = Date.now
Date.now = () => systemNow() + aheadMs
