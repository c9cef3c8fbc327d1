import assert from 'node:assert/strict'
import { beforeEach, test } from 'node:test'
import { Browser } from '../testing/browser'
import {
  cacheName,
  change,
  deliver,
  freeSpace,
  giveUp,
  grant,
  held,
  home,
  type Keeping,
  type Kept,
  keepings,
  kept,
  megabytes,
  note,
  pending,
  put,
  type Run,
  remove,
  settle,
  store,
  storedLessons,
  sweep,
  whole,
} from './offline-store'
import { recall } from './stage'

let browser: Browser
beforeEach(() => {
  browser = Browser.install()
})

/** A lesson that is kept whole, in a folder of its own. */
const lesson = (id: string, more: Partial<Kept> = {}): Kept => ({
  lesson: id,
  title: `Bài ${id}`,
  about: '',
  choice: 'saver',
  bytes: 1e6,
  seconds: 60,
  package: 'p1',
  folder: `${home(id)}p1-saver/`,
  parts: 2,
  token: `token of ${id}`,
  granted: 0,
  ...more,
})
const coming = (id: string, more: Partial<Keeping> = {}): Keeping => ({
  lesson: id,
  title: `Bài ${id}`,
  about: '',
  choice: 'saver',
  bytes: 1e6,
  seconds: 60,
  package: 'p2',
  folder: `${home(id)}p2-saver/`,
  done: 0,
  ...more,
})
const run = (id: string, sequence: number): Run => ({
  run: id,
  sequence,
  startedAt: '2026-11-29T23:59:00Z',
  sentAt: '2026-11-30T00:01:00Z',
  token: 't',
  played: [[0, 9]],
  seconds: 9,
  position: 9,
  rate: 1,
})
const runs = () => JSON.parse(recall('runs') || '[]') as Run[]
async function files(...paths: string[]): Promise<void> {
  for (const p of paths) await browser.caches.store(cacheName).put(p, new Response('x'))
}
const paths = () => browser.caches.store(cacheName).paths

test('a lesson stands in the offline store once, the newest first', () => {
  put(lesson('a'))
  put(lesson('b'))
  put(lesson('a', { title: 'Mới' }))
  assert.deepEqual(
    storedLessons().map(k => [k.lesson, k.title]),
    [
      ['a', 'Mới'],
      ['b', 'Bài b'],
    ],
  )
  assert.equal(kept('b')?.title, 'Bài b')
  assert.equal(kept('c'), undefined)
})

test('a change never brings a removed lesson back', async () => {
  put(lesson('a'))
  change(lesson('a', { replaced: true }))
  assert.equal(kept('a')?.replaced, true)
  await remove('a')
  change(lesson('a'))
  assert.deepEqual(storedLessons(), [])
})

test('a list that cannot be read is empty, not an error', () => {
  for (const broken of ['{', '{"a":1}', 'null', '7']) {
    localStorage.setItem('lenlop-shelf', broken)
    assert.deepEqual(storedLessons(), [], broken)
  }
})

test('storage that is forbidden or full costs the lists, not the page', () => {
  const forbid = () => {
    throw new DOMException('no', 'SecurityError')
  }
  Object.defineProperty(globalThis, 'localStorage', {
    value: { getItem: forbid, setItem: forbid },
    configurable: true,
    writable: true,
  })
  put(lesson('a'))
  assert.deepEqual(storedLessons(), [])
})

test('a lesson is whole while all its files and its engine are there', async () => {
  const k = lesson('a', { engine: '/kept/engine/hls-1.js' })
  await files(`${k.folder}file/0`, `${k.folder}file/1`)
  assert.equal(whole(k, await held()), false, 'without its engine')
  await files('/kept/engine/hls-1.js')
  assert.equal(whole(k, await held()), true)
  await browser.caches.store(cacheName).delete(`${k.folder}file/0`)
  assert.equal(whole(k, await held()), false, 'the browser threw a piece away')
  const old = lesson('b', { folder: undefined, parts: undefined })
  assert.equal(whole(old, await held()), false)
  await files('/kept/file/b')
  assert.equal(whole(old, await held()), true, 'the one file of an older build')
})

test('removing a lesson deletes its files, old and new, and no other', async () => {
  put(lesson('a'))
  put(lesson('ab'))
  await files(
    '/kept/a/p1-saver/file/0',
    '/kept/a/p0-saver/file/0',
    '/kept/file/a',
    '/kept/poster/a',
    '/kept/ab/p1-saver/file/0',
    '/kept/file/ab',
  )
  await remove('a')
  assert.deepEqual(paths(), ['/kept/ab/p1-saver/file/0', '/kept/file/ab'])
  assert.deepEqual(
    storedLessons().map(k => k.lesson),
    ['ab'],
  )
})

test('engines stay while a lesson in the offline store plays with one or another is coming', async () => {
  put(lesson('a', { engine: '/kept/engine/1.js' }))
  await files('/kept/engine/1.js', '/kept/engine/0.js')
  note('b', coming('b'))
  await sweep('x')
  assert.deepEqual(paths(), ['/kept/engine/0.js', '/kept/engine/1.js'])
  note('b')
  await sweep('x')
  assert.deepEqual(paths(), ['/kept/engine/1.js'])
})

test('giving up a newer copy leaves the older one whole', async () => {
  const old = lesson('a')
  put(old)
  note('a', coming('a'))
  await files(`${old.folder}file/0`, '/kept/a/p2-saver/file/0')
  await giveUp('a')
  assert.deepEqual(paths(), [`${old.folder}file/0`])
  assert.equal(kept('a')?.package, 'p1')
  assert.deepEqual(keepings(), [])
})

test('giving up the repair of a copy takes the lesson out of the offline store', async () => {
  put(lesson('a'))
  note('a', coming('a', { folder: lesson('a').folder }))
  await files('/kept/a/p1-saver/file/0')
  await giveUp('a')
  assert.deepEqual([storedLessons(), paths(), pending('a')], [[], [], undefined])
})

test('what was watched is kept by visit, newest state only, two hundred visits at most', () => {
  store(run('one', 1))
  store(run('two', 1))
  store(run('one', 2))
  assert.deepEqual(
    runs().map(r => [r.run, r.sequence]),
    [
      ['two', 1],
      ['one', 2],
    ],
  )
  for (let i = 0; i < 250; i++) store(run(`v${i}`, 1))
  assert.equal(runs().length, 200)
  assert.equal(runs().at(-1)?.run, 'v249')
})

test('delivered visits are forgotten, and those that the server could not take now stay', async () => {
  for (const [status, left] of [
    [202, 0],
    [422, 0],
    [503, 2],
    [429, 2],
  ] as const) {
    localStorage.removeItem('lenlop-runs')
    store(run('a', 1))
    store(run('b', 1))
    browser.network = () => new Response('{}', { status })
    await deliver()
    assert.equal(runs().length, left, String(status))
  }
  browser.network = () => {
    throw new TypeError('the line broke')
  }
  await deliver()
  assert.equal(runs().length, 2)
  browser.network = () => new Response('{}', { status: 202 })
  await deliver()
  assert.equal(runs().length, 0, 'a broken line does not end delivering for good')
})

test('a state stored while an older one is on the way stays to be delivered', async () => {
  store(run('a', 1))
  browser.network = () => {
    store(run('a', 2))
    return new Response('{}', { status: 202 })
  }
  await deliver()
  assert.deepEqual(
    runs().map(r => r.sequence),
    [2],
  )
})

test('two deliveries at once send once', async () => {
  store(run('a', 1))
  browser.network = () => new Response('{}', { status: 202 })
  await Promise.all([deliver(), deliver()])
  assert.equal(browser.sent.length, 1)
  assert.equal(browser.sent[0]?.path, '/api/v1/heartbeats')
})

test("after signing out a lesson counts for the device, and stays the person's while signed in", () => {
  const mine = { token: 'person', holder: 'abc1', device: 'device', granted: 5 }
  put(lesson('a', mine))
  put(lesson('b'))
  browser.document.cookie = 'x=1; phien=abc1'
  settle()
  assert.equal(kept('a')?.token, 'person')
  browser.document.cookie = 'phien=ffff'
  settle()
  const { token, holder, device, granted } = kept('a') as Kept
  assert.deepEqual(
    { token, holder, device, granted },
    { token: 'device', holder: '', device: '', granted: 0 },
  )
  assert.equal(kept('b')?.token, 'token of b')
})

test('a grant names the recording it is for, and its viewer is remembered', async () => {
  localStorage.setItem('lenlop-viewer', 'v0')
  browser.network = () =>
    Response.json(
      { token: 't', viewerToken: 'v1', packageId: 'p9', deviceToken: 'd', holder: 'abc1' },
      { status: 201 },
    )
  const g = await grant('a')
  assert.equal(g.package, 'p9')
  assert.deepEqual({ ...g.grant, granted: 0 }, { token: 't', device: 'd', holder: 'abc1', granted: 0 })
  assert.equal(recall('viewer'), 'v1')
  const { path, body } = browser.sent[0] as { path: string; body: string }
  assert.equal(path, '/api/v1/lessons/a/playback-sessions')
  assert.equal(JSON.parse(body).viewerToken, 'v0')
  assert.equal(JSON.parse(body).offline, true)
  browser.network = () => new Response('', { status: 410 })
  assert.deepEqual(await grant('a'), { status: 410, package: '' })
})

test('sizes and free space are shown as the page writes them', async () => {
  assert.equal(megabytes(1_540_000), '1,5 MB')
  assert.equal(megabytes(45_400_000), '45 MB')
  assert.equal(megabytes(2_300_000_000), '2,3 GB')
  assert.equal(await freeSpace(), 600)
})
