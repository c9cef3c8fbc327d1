import assert from 'node:assert/strict'
import { test } from 'node:test'
import { batches, deliver, maxBeats, maxRequest, retryAfter } from './delivery'

interface Beat {
  token: string
  played: string
}

const beat = (token: string, bytes = 100): Beat => ({ token, played: 'x'.repeat(bytes) })
const length = (v: unknown) => new TextEncoder().encode(JSON.stringify(v)).length
const answer = (status: number, body: unknown = {}, headers: Record<string, string> = {}) =>
  new Response(JSON.stringify(body), { status, headers })

/** A server that takes requests up to a size, and answers by the first rule that fits. */
function server(limit = maxRequest, rule: (batch: Beat[]) => Response | undefined = () => undefined) {
  const took: string[] = []
  const sizes: number[] = []
  return {
    took,
    sizes,
    send: async (batch: Beat[]): Promise<Response> => {
      sizes.push(length(batch))
      if (length(batch) > limit) return answer(413)
      const r = rule(batch) ?? answer(202, { accepted: batch.length, nextSeconds: 10 })
      if (r.ok) took.push(...batch.map(b => b.token))
      return r
    },
  }
}

test('requests stay within bytes and heartbeats, in order, and none is lost', () => {
  const beats = Array.from({ length: 350 }, (_, n) => beat(`ký hiệu ${n}`, (n * 7919) % 9000))
  const all = batches(beats)
  assert.deepEqual(all.flat(), beats)
  for (const b of all) {
    assert.ok(length(b) <= maxRequest, `${length(b)} bytes`)
    assert.ok(b.length <= maxBeats)
  }
  assert.ok(all.length < 60, `${all.length} requests`)
  assert.deepEqual(batches([]), [])
})

test('stored heartbeats beyond the limit are delivered in several requests', async () => {
  const beats = Array.from({ length: 20 }, (_, n) => beat(`t${n}`, 33_000))
  const s = server()
  const d = await deliver(beats, s.send)
  assert.equal(d.answered.size, 20)
  assert.equal(d.retry, undefined)
  assert.deepEqual(
    s.took,
    beats.map(b => b.token),
  )
  assert.ok(Math.max(...s.sizes) <= maxRequest)
})

test('413: a smaller limit on the way divides requests, and what is too large alone is kept', async () => {
  const beats = [beat('a', 5000), beat('large', 20_000), beat('b', 5000), beat('c', 5000)]
  const s = server(12_000)
  const d = await deliver(beats, s.send)
  assert.deepEqual(s.took, ['a', 'b', 'c'])
  assert.ok(!d.answered.has(beats[1] as Beat))
  assert.equal(d.answered.size, 3)
  assert.equal(d.retry, 0)
})

test('429: everything that was not answered is kept, and Retry-After is followed', async () => {
  const beats = Array.from({ length: 6 }, (_, n) => beat(`t${n}`, 30_000))
  let requests = 0
  const s = server(maxRequest, () =>
    ++requests === 2 ? answer(429, {}, { 'Retry-After': '42' }) : undefined,
  )
  const d = await deliver(beats, s.send)
  assert.equal(requests, 2)
  assert.equal(d.retry, 42)
  assert.deepEqual([...d.answered], beats.slice(0, 2))
})

for (const status of [401, 403, 404, 408, 500, 502, 503]) {
  test(`${status}: nothing is given up`, async () => {
    const d = await deliver([beat('a'), beat('b')], async () => answer(status))
    assert.equal(d.answered.size, 0)
    assert.equal(d.retry, 0)
  })
}

test('no network: nothing is given up', async () => {
  const d = await deliver([beat('a')], () => Promise.reject(new TypeError('network')))
  assert.equal(d.answered.size, 0)
  assert.equal(d.retry, 0)
})

test('a heartbeat that the server cannot take is found and given up alone', async () => {
  const beats = Array.from({ length: 50 }, (_, n) => beat(`t${n}`))
  const s = server(maxRequest, batch => (batch.some(b => b.token === 't17') ? answer(400) : undefined))
  const d = await deliver(beats, s.send)
  assert.equal(d.answered.size, 50)
  assert.equal(d.refused, 1)
  assert.equal(s.took.length, 49)
  assert.equal(d.retry, undefined)
})

test('refused ones are answered, and the pace is the server’s', async () => {
  const d = await deliver([beat('a'), beat('b')], async () => answer(202, { refused: 1, nextSeconds: 30 }))
  assert.equal(d.answered.size, 2)
  assert.equal(d.refused, 1)
  assert.equal(d.nextSeconds, 30)
})

test('Retry-After is seconds or a date, at most an hour', () => {
  const now = Date.parse('2026-11-30T08:00:00Z')
  const after = (v: string) => retryAfter(answer(429, {}, { 'Retry-After': v }), now)
  assert.equal(after('7'), 7)
  assert.equal(after('Mon, 30 Nov 2026 08:01:30 GMT'), 90)
  assert.equal(after('Mon, 30 Nov 2026 07:00:00 GMT'), 0)
  assert.equal(after('99999'), 3600)
  assert.equal(after('soon'), 0)
  assert.equal(retryAfter(answer(429), now), 0)
})
