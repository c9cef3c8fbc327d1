import assert from 'node:assert/strict'
import { test } from 'node:test'
import { current, moments, shots, spoken } from './storyboard-index'

test('reads times and places', () => {
  const { picture, all } = shots(
    'WEBVTT\n\n00:00:00.000 --> 00:00:05.000\nstoryboard.jpg?token=a.b#xywh=0,0,160,90\n\n01:00:05.500 --> 01:00:11.000\nstoryboard.jpg?token=a.b#xywh=160,90,160,90\n',
  )
  assert.equal(picture, 'storyboard.jpg?token=a.b')
  assert.deepEqual(all, [
    { at: 0, x: 0, y: 0, width: 160, height: 90 },
    { at: 3605.5, x: 160, y: 90, width: 160, height: 90 },
  ])
  for (const bad of ['', 'WEBVTT\n', 'WEBVTT\n\n00:00 --> x\njavascript:alert(1)\n', '<html>'])
    assert.deepEqual(shots(bad).all, [])
})

test('moments without pictures', () => {
  assert.deepEqual(moments(35), [0, 10, 20, 30])
  assert.ok(moments(5400).length <= 30)
  assert.deepEqual(moments(0), [0])
})

test('the current one and its spoken name', () => {
  assert.equal(current([0, 5, 10], 7), 1)
  assert.equal(current([0, 5, 10], 10), 2)
  assert.equal(current([1], 0.5), -1)
  assert.equal(spoken('Đến {m} phút {s} giây', 'Đến {s} giây', 95), 'Đến 1 phút 35 giây')
  assert.equal(spoken('Đến {m} phút {s} giây', 'Đến {s} giây', 5), 'Đến 5 giây')
})
