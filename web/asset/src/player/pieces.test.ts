import assert from 'node:assert/strict'
import { test } from 'node:test'
import { asked, given, overlap, pieces, sacrifice } from './pieces.ts'

test('a file is cut to its last byte', () => {
  assert.deepEqual(pieces(10, 4), [[0, 3], [4, 7], [8, 9]]) // biome-ignore format: as read
  assert.deepEqual(pieces(4, 4), [[0, 3]])
  assert.deepEqual(pieces(0, 4), [])
})

test('ranges are answered as RFC 9110 says', () => {
  const of = (h: string | null) => asked(h, 100)
  assert.equal(of(null), undefined)
  assert.equal(of('bytes=-'), undefined)
  assert.equal(of('bytes=0-1,5-6'), undefined)
  assert.deepEqual(of('bytes=0-'), [0, 99])
  assert.deepEqual(of('bytes=10-19'), [10, 19])
  assert.deepEqual(of('bytes=90-500'), [90, 99])
  assert.deepEqual(of('bytes=-10'), [90, 99])
  assert.deepEqual(of('bytes=-500'), [0, 99])
  assert.equal(of('bytes=100-'), null)
  assert.equal(of('bytes=-0'), null)
  assert.equal(of('bytes=20-10'), null)
})

test('any range of any cut joins to the very bytes', () => {
  const whole = Array.from({ length: 23 }, (_, i) => i)
  for (const sizes of [[23], [1, 22], [10, 10, 3], [0, 8, 0, 8, 7]]) {
    const parts = sizes.map((s, n) => {
      const start = sizes.slice(0, n).reduce((a, b) => a + b, 0)
      return whole.slice(start, start + s)
    })
    for (let from = 0; from < 23; from++)
      for (let to = from; to < 23; to++) {
        const got = overlap(sizes, from, to).flatMap(([n, a, b]) => (parts[n] as number[]).slice(a, b))
        assert.deepEqual(got, whole.slice(from, to + 1), `${sizes} ${from}-${to}`)
      }
  }
})

test('what was given is read strictly', () => {
  assert.deepEqual(given('bytes 5-9/20'), [5, 9, 20])
  for (const bad of [null, '', 'bytes */20', 'bytes 5-9/*', 'items 5-9/20', 'bytes 5-9/20, x'])
    assert.equal(given(bad), undefined, String(bad))
})

test('as little as will do is given up', () => {
  const all = [{ bytes: 50 }, { bytes: 10 }, { bytes: 30 }]
  assert.equal(sacrifice(all, 20)?.bytes, 30)
  assert.equal(sacrifice(all, 5)?.bytes, 10)
  assert.equal(sacrifice(all, 500)?.bytes, 50)
  assert.equal(sacrifice([], 5), undefined)
})
