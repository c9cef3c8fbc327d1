import assert from 'node:assert/strict'
import { test } from 'node:test'
import { backoff, maxSpans, merge, type Span, stale, Tracker } from './heartbeat-state'

/** Plays from a position for some seconds in quarter-second steps of the player's clock. */
function play(t: Tracker, from: number, seconds: number, rate = 1, clock = { now: 0 }): void {
  t.start(from, clock.now)
  for (let s = 0.25; s <= seconds + 1e-9; s += 0.25) {
    clock.now += 250
    t.tick(from + s * rate, rate, clock.now)
  }
  t.stop(from + seconds * rate, rate, clock.now)
}

test('stretches merge when they touch or overlap, and stay sorted', () => {
  let s: Span[] = []
  for (const x of [
    [10, 20],
    [30, 40],
    [0, 5],
    [5, 7],
    [19, 31],
  ] as Span[])
    s = merge(s, x)
  assert.deepEqual(s, [
    [0, 7],
    [10, 40],
  ])
})

test('merging in any order gives the same union', () => {
  const parts: Span[] = [
    [0, 3],
    [2, 8],
    [20, 21],
    [8, 9],
    [15, 20],
  ]
  const union = (order: Span[]) => order.reduce<Span[]>((s, x) => merge(s, x), [])
  assert.deepEqual(union([...parts].reverse()), union(parts))
  assert.deepEqual(union([...parts, ...parts]), union(parts))
})

test('playing on is one stretch', () => {
  const t = new Tracker()
  play(t, 0, 30)
  assert.deepEqual(t.played, [[0, 30]])
  assert.equal(t.seconds, 30)
})

test('replays count in seconds, not in the union', () => {
  const t = new Tracker()
  const clock = { now: 0 }
  play(t, 0, 20, 1, clock)
  play(t, 0, 20, 1, clock)
  assert.deepEqual(t.played, [[0, 20]])
  assert.equal(t.seconds, 40)
})

test('a seek is not playing', () => {
  const t = new Tracker()
  const clock = { now: 0 }
  play(t, 0, 10, 1, clock)
  t.start(10, clock.now)
  clock.now += 250
  t.tick(600, 1, clock.now) // the player reports the new place before it says "seeking"
  clock.now += 250
  t.tick(600.25, 1, clock.now)
  assert.deepEqual(t.played, [
    [0, 10],
    [600, 600.25],
  ])
  assert.equal(t.seconds, 10.25)
})

test('a seek backwards counts nothing', () => {
  const t = new Tracker()
  t.start(100, 0)
  t.tick(50, 1, 1000)
  assert.equal(t.seconds, 0)
})

test('twice the speed covers twice the media', () => {
  const t = new Tracker()
  play(t, 0, 10, 2)
  assert.deepEqual(t.played, [[0, 20]])
})

test('a hidden tab whose clock ticks rarely is still counted whole', () => {
  const t = new Tracker()
  t.start(0, 0)
  t.tick(60, 1, 60_000)
  assert.equal(t.seconds, 60)
})

test('nothing counts while stopped', () => {
  const t = new Tracker()
  play(t, 0, 5)
  t.tick(9, 1, 99_000)
  assert.equal(t.seconds, 5)
  assert.equal(t.running, false)
})

test('a beat carries the state so far, numbered, to the millisecond', () => {
  const t = new Tracker()
  t.start(0, 0)
  t.tick(1.23456, 1, 2000)
  const at = new Date('2026-11-20T05:00:00Z')
  assert.deepEqual(t.beat('tok', 1.23456, 1.5, at), {
    token: 'tok',
    sequence: 1,
    played: [[0, 1.235]],
    seconds: 1.235,
    position: 1.235,
    rate: 1.5,
    sentAt: '2026-11-20T05:00:00.000Z',
  })
  assert.equal(t.beat('tok', 2, 1, at).sequence, 2)
})

test('a session gives way at midnight, after 30 idle minutes, and before it is too long to send', () => {
  const noon = 1_000_000_000_000
  const midnight = noon + 43_200_000
  assert.equal(stale(noon, noon, midnight, 1), false)
  assert.equal(stale(noon + 30 * 60_000, noon, midnight, 1), false)
  assert.equal(stale(noon + 30 * 60_000 + 1, noon, midnight, 1), true)
  assert.equal(stale(midnight, midnight, midnight, 1), true)
  assert.equal(stale(noon, noon, midnight, maxSpans + 1), true)
})

test('retries slow down to a minute', () => {
  assert.deepEqual(
    [0, 1, 2, 3, 4, 9].map(n => backoff(n, 0)),
    [5, 10, 20, 40, 60, 60],
  )
  assert.ok(backoff(0, 0.999) < 6)
})
