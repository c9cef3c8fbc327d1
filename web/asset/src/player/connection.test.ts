import assert from 'node:assert/strict'
import { test } from 'node:test'
import { delay, final, patient, shortEnough } from './connection'

test('waits longer each time, within a quarter, never over 19 s', () => {
  assert.deepEqual(
    [0, 1, 2, 3, 4, 9].map(n => delay(n, 0.5)),
    [1, 2, 4, 8, 15, 15],
  )
  assert.equal(delay(2, 0), 3)
  assert.ok(delay(2, 1) === 5 && delay(99, 1) < 19)
})

test('asks again unless the answer is final', () => {
  assert.deepEqual([0, 200, 403, 404, 410, 429, 500, 503].map(final), [
    false,
    false,
    true,
    true,
    true,
    false,
    false,
    false,
  ])
  const rules = patient(0) as {
    default: { errorRetry: { shouldRetry(...a: unknown[]): boolean; retryDelayMs: number } }
  }
  const { errorRetry } = rules.default
  assert.equal(errorRetry.retryDelayMs, 750)
  assert.ok(errorRetry.shouldRetry({}, 50, false, undefined), 'no answer')
  assert.ok(errorRetry.shouldRetry({}, 50, true, { code: 0 }))
  assert.ok(!errorRetry.shouldRetry({}, 0, false, { code: 404 }))
})

test('long lessons are not played from one file', () => {
  assert.ok(shortEnough(600, 'saver') && !shortEnough(1800, 'saver'))
  assert.ok(shortEnough(1200, 'sound') && !shortEnough(1800, 'sound'))
})
