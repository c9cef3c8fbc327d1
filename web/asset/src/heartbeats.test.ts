import assert from 'node:assert/strict'
import { afterEach, beforeEach, mock, test } from 'node:test'
import { start } from './heartbeats'
import type { Heartbeat } from './player/heartbeat-state'
import { recall, type Stage } from './player/stage'
import { Browser, type Sent } from './testing/browser'

const noon = Date.parse('2026-11-30T12:00:00+07:00')
const midnight = Date.parse('2026-12-01T00:00:00+07:00')

let browser: Browser
let steady = 0 // milliseconds of performance.now
let sessions = 0
let beacons: string[]
let answer: (r: Sent) => Response | undefined

/** The little of a video element that is followed. */
class Video extends EventTarget {
  currentTime = 0
  playbackRate = 1
  paused = true
  seeking = false

  raise(name: string): Promise<void> {
    this.dispatchEvent(new Event(name))
    return settled()
  }
  async play(): Promise<void> {
    this.paused = false
    await this.raise('playing')
  }
  async pause(): Promise<void> {
    this.paused = true
    await this.raise('pause')
  }
  /** Plays for some seconds. */
  async watch(seconds: number): Promise<void> {
    for (let s = 0; s < seconds; s++) {
      this.currentTime += this.playbackRate
      pass(1000)
      await this.raise('timeupdate')
    }
  }
}

/** Lets time pass on both clocks. */
function pass(ms: number): void {
  steady += ms
  mock.timers.setTime(Date.now() + ms)
}

const settled = () => new Promise<void>(ok => setImmediate(() => setImmediate(ok)))

beforeEach(() => {
  browser = Browser.install()
  mock.timers.enable({ apis: ['Date'], now: noon })
  steady = 0
  mock.method(performance, 'now', () => steady)
  sessions = 0
  beacons = []
  answer = () => undefined
  Object.assign(browser.navigator, { sendBeacon: (_: string, body: string) => beacons.push(body) > 0 })
  browser.network = r => {
    const special = answer(r)
    if (special) return special
    if (r.path.endsWith('/playback-sessions'))
      return Response.json(
        { token: `t${++sessions}`, heartbeatSeconds: 10, viewerToken: 'v' },
        { status: 201 },
      )
    return Response.json({ nextSeconds: 10, refused: 0 }, { status: 202 })
  }
})
afterEach(() => mock.reset())

function open(): Video {
  const video = new Video()
  const facts: Record<string, string> = { lesson: 'a', dayEnds: String(midnight) }
  start({ video: video as unknown as HTMLVideoElement, fact: (name: string) => facts[name] ?? '' } as Stage)
  return video
}

const beats = () =>
  browser.sent.filter(s => s.path === '/api/v1/heartbeats').map(s => JSON.parse(s.body) as Heartbeat[])
const stored = () => JSON.parse(recall('beats') || '[]') as Heartbeat[]

test('a page that is only looked at opens no session and sends nothing', async () => {
  open()
  await settled()
  assert.deepEqual(browser.sent, [])
})

test('playing opens one session, and its state is sent at once and every ten seconds', async () => {
  const video = open()
  await video.play()
  assert.equal(sessions, 1)
  await video.watch(25)
  assert.deepEqual(
    beats().map(b => b.map(x => [x.token, x.sequence, x.played[0]?.[1]])),
    [1, 11, 21].map((second, n) => [['t1', n + 1, second]]),
  )
  await video.pause()
  assert.deepEqual(beats().at(-1)?.[0]?.played, [[0, 25]])
  assert.equal(recall('viewer'), 'v')
})

test('what a seek jumps over is not played', async () => {
  const video = open()
  await video.play()
  await video.watch(3)
  video.seeking = true
  video.currentTime = 100
  await video.raise('seeking')
  video.seeking = false
  await video.raise('seeked')
  await video.watch(2)
  await video.pause()
  assert.deepEqual(beats().at(-1)?.[0]?.played, [[0, 3], [100, 102]]) // biome-ignore format: as read
})

test('while the server is away it is asked more rarely, and then told the newest state', async () => {
  const video = open()
  await video.play()
  answer = r => (r.path.endsWith('heartbeats') ? new Response('', { status: 503 }) : undefined)
  await video.watch(60)
  const tries = beats().length
  assert.ok(tries >= 2 && tries <= 4, `${tries} tries in a minute`)
  answer = () => undefined
  await video.watch(60)
  assert.deepEqual(beats().at(-1)?.[0]?.token, 't1')
  assert.ok((beats().at(-1)?.[0]?.seconds ?? 0) >= 100)
})

test('a session ends at midnight: the state before it is delivered, and the rest is the next day', async () => {
  const video = open()
  await video.play()
  pass(midnight - noon - 5000 - 29 * 60_000)
  await video.watch(29 * 60 + 20)
  assert.equal(sessions, 2)
  await video.pause()
  const last = beats().flat()
  const before = last.filter(b => b.token === 't1').at(-1)
  const after = last.filter(b => b.token === 't2').at(-1)
  assert.ok(before && Date.parse(before.sentAt) >= midnight - 1000)
  assert.ok(after && after.seconds < 20, `${after?.seconds} s of the new day`)
})

test('thirty idle minutes begin another visit', async () => {
  const video = open()
  await video.play()
  await video.watch(5)
  await video.pause()
  pass(31 * 60_000)
  await video.play()
  assert.equal(sessions, 2)
})

test('leaving sends a beacon, and without a network keeps the state for the next opening', async () => {
  const video = open()
  await video.play()
  await video.watch(5)
  browser.window.dispatchEvent(new Event('pagehide'))
  assert.equal(beacons.length, 1)
  assert.deepEqual(stored(), [])
  browser.navigator.onLine = false
  browser.window.dispatchEvent(new Event('pagehide'))
  assert.equal(beacons.length, 1)
  assert.equal(stored()[0]?.token, 't1')
  browser.navigator.onLine = true
  browser.sent.length = 0
  open()
  await settled()
  assert.equal(beats()[0]?.[0]?.token, 't1')
  assert.deepEqual(stored(), [])
})

for (const status of [413, 429, 503]) {
  test(`${status}: stored heartbeats are kept until the server answers them`, async () => {
    const video = open()
    await video.play()
    await video.watch(5)
    browser.navigator.onLine = false
    browser.window.dispatchEvent(new Event('pagehide'))
    browser.navigator.onLine = true
    answer = r =>
      r.path.endsWith('heartbeats')
        ? new Response('', { status, headers: { 'Retry-After': '120' } })
        : undefined
    open()
    await settled()
    assert.equal(stored()[0]?.token, 't1')
    answer = () => undefined
    open()
    await settled()
    assert.deepEqual(stored(), [])
  })
}

test('Retry-After: nothing is sent before', async () => {
  const video = open()
  await video.play()
  answer = r =>
    r.path.endsWith('heartbeats')
      ? new Response('', { status: 429, headers: { 'Retry-After': '120' } })
      : undefined
  await video.watch(11)
  const sent = beats().length
  assert.ok(sent > 0)
  await video.watch(50)
  await video.pause()
  await video.play()
  assert.equal(beats().length, sent)
  browser.window.dispatchEvent(new Event('pagehide'))
  assert.equal(beacons.length, 0)
  answer = () => undefined
  await video.watch(80)
  assert.ok(beats().length > sent)
})

test('a session that the server refuses is replaced by another', async () => {
  const video = open()
  await video.play()
  answer = r =>
    r.path.endsWith('heartbeats') && sessions === 1
      ? Response.json({ refused: 1 }, { status: 202 })
      : undefined
  await video.watch(11)
  assert.equal(sessions, 2)
  await video.watch(11)
  assert.equal(beats().at(-1)?.[0]?.token, 't2')
})
