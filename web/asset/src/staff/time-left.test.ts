import assert from 'node:assert/strict'
import { test } from 'node:test'
import { leftWords, timeLeft } from './time-left'

test('a time left is told in whole minutes, and in tens beside hours', () => {
  assert.deepEqual(leftWords(0), ['left_seconds', {}])
  assert.deepEqual(leftWords(59), ['left_seconds', {}])
  assert.deepEqual(leftWords(61), ['left_minutes', { n: '2' }])
  assert.deepEqual(leftWords(3540), ['left_minutes', { n: '59' }])
  assert.deepEqual(leftWords(3600), ['left_hours', { h: '1', n: '0' }])
  assert.deepEqual(leftWords(2 * 3600 + 25 * 60), ['left_hours', { h: '2', n: '20' }])
})

/** Runs an upload of all bytes whose rate each second is given; tells minutes left. */
function run(all: number, rate: (second: number) => number): number[] {
  let t = 0
  const left = timeLeft(() => t)
  const told: number[] = []
  let done = 0
  left(0, all)
  while (done < all && t < 10_000) {
    t++
    done = Math.min(all, done + rate(t))
    const words = left(done, all)
    if (words) {
      const minutes =
        words[0] === 'left_hours' ? Number(words[1].h) * 60 + Number(words[1].n) : Number(words[1].n || 0)
      told.push(minutes)
    }
  }
  return told
}

test('a steady line is told right, and only ever less', () => {
  const told = run(600, () => 1)
  assert.equal(told[0], 10)
  assert.ok(told.every((m, i) => i === 0 || m <= (told[i - 1] as number)))
  assert.equal(told.at(-1), 0)
})

test('a line that stutters does not make the time left jump', () => {
  // Parts arrive in gulps: nothing for four seconds, then five at once.
  const told = run(1200, s => (s % 5 ? 0 : 5)).slice(30)
  for (let i = 1; i < told.length; i++) {
    assert.ok(Math.abs((told[i] as number) - (told[i - 1] as number)) <= 2, `${told[i - 1]} then ${told[i]}`)
  }
})

test('nothing is promised before anything was measured', () => {
  let t = 0
  const left = timeLeft(() => t)
  assert.equal(left(0, 100), undefined)
  t = 1
  assert.equal(left(1, 100), undefined)
  t = 2
  assert.equal(left(0, 100), undefined, 'a part must be sent again')
})
