import assert from 'node:assert/strict'
import { test } from 'node:test'
import { StallWatch } from './stall'

const silent = { received: 5, wanting: true, held: false }

/** The seconds, from 1, at which it is time to ask again. */
function asks(w: StallWatch, seconds: number, look = silent): number[] {
  const out: number[] = []
  for (let s = 1; s <= seconds; s++) if (w.look(look)) out.push(s)
  return out
}

test('a silent line is asked again after ten seconds, then ever more rarely', () => {
  const w = new StallWatch()
  w.look(silent)
  assert.deepEqual(asks(w, 150), [10, 30, 70, 110, 150])
})

test('whatever arrives makes it patient again', () => {
  const w = new StallWatch()
  w.look(silent)
  asks(w, 30)
  w.look({ ...silent, received: 6 })
  assert.deepEqual(asks(w, 10, { ...silent, received: 6 }), [10])
})

test('nothing is asked of a player that wants nothing or may not ask', () => {
  const w = new StallWatch()
  assert.deepEqual(asks(w, 100, { ...silent, wanting: false }), [])
  assert.deepEqual(asks(w, 100, { ...silent, held: true }), [])
  asks(w, 9)
  w.look({ ...silent, wanting: false })
  assert.deepEqual(asks(w, 9), [], 'silence counts from when it wants something')
})
