import assert from 'node:assert/strict'
import { test } from 'node:test'
import { levelFor } from './quality'

const levels = [{ height: 360 }, { height: 240 }, { height: 720 }, { height: 1080 }]

test('automatic leaves it to the engine', () => {
  assert.equal(levelFor('auto', levels), -1)
  assert.equal(levelFor('saver', []), -1)
  assert.equal(levelFor('sound', [{ height: 0 }]), -1)
})

test('the saver takes the largest picture up to 360 lines, in any order', () => {
  assert.equal(levelFor('saver', levels), 0)
  assert.equal(levelFor('saver', [...levels].reverse()), 3)
  assert.equal(levelFor('saver', [{ height: 240 }, { height: 480 }]), 0)
})

test('a height is the most, whether or not it was made', () => {
  assert.equal(levelFor('720', levels), 2)
  assert.equal(levelFor('900', levels), 2)
  assert.equal(levelFor('2160', levels), 3)
})

test('when every picture is larger, the smallest must do', () => {
  assert.equal(levelFor('saver', [{ height: 1080 }, { height: 720 }]), 1)
  assert.equal(levelFor('144', levels), 1)
})
