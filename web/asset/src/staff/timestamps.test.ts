import assert from 'node:assert/strict'
import { test } from 'node:test'
import { seconds, stamp } from './timestamps'

test('times are read as people write them', () => {
  assert.equal(seconds('12:30'), 750)
  assert.equal(seconds('1:02:30.5'), 3750.5)
  assert.equal(seconds(' 95,25 '), 95.25)
  for (const bad of ['', 'mười', '1:75', '-5', '1:2:3:4', '1e9', '1.2.3']) assert.equal(seconds(bad), -1, bad)
})

test('times are written as they are read', () => {
  assert.equal(stamp(750.9, false), '12:30')
  assert.equal(stamp(3750.5, true), '1:02:30.500')
  for (const s of [0, 0.001, 59.999, 61.5, 7199.25]) assert.equal(seconds(stamp(s, true)), s)
})
