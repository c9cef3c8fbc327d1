import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { beforeEach, test } from 'node:test'
import { again, type Facts, type Index, load, look } from './offline-download'
import { home, type Keeping, kept, note, pending, put } from './player/offline-store'
import { pieceBytes } from './player/pieces'
import { Browser, type Sent } from './testing/browser'

const film = Buffer.alloc(2 * pieceBytes + 100, 7)
const sheet = Buffer.from('một phiếu bài tập')
const sha256 = (b: Buffer) => createHash('sha256').update(b).digest('hex')

let browser: Browser
let facts: Facts
let served: (r: Sent) => Response | undefined // wins over the province below

beforeEach(() => {
  browser = Browser.install()
  facts = {
    package: 'p1',
    hls: '/watch/a/master.m3u8',
    engine: '/assets/hls-1.js',
    poster: '/watch/a/poster.jpg',
    files: { saver: '/watch/a/files/saver.mp4' },
    chaptersFrom: '',
    captions: [{ language: 'vi', label: 'Tiếng Việt', from: '/watch/a/vi.vtt' }],
    chapters: [],
    sheets: [{ id: 's1', name: 'phieu.pdf', about: '', sha256: sha256(sheet), from: '/sheets/s1' }],
    sounds: [],
  }
  served = () => undefined
  browser.network = r => served(r) ?? answer(r)
})

/** A site with one lesson. */
function answer(r: Sent): Response {
  switch (r.path) {
    case '/lessons/a':
      return new Response(`<div class="keep" data-facts='${JSON.stringify(facts)}'></div>`)
    case '/api/v1/lessons/a/playback-sessions':
      return Response.json({ token: 't', viewerToken: 'v', packageId: facts.package }, { status: 201 })
    case '/watch/a/files/saver.mp4':
      return rangeOf(r)
    case '/watch/a/poster.jpg':
      return new Response('poster')
    case '/watch/a/vi.vtt':
      return new Response('WEBVTT\n', { headers: { 'Content-Type': 'text/vtt' } })
    case '/sheets/s1':
      return new Response(sheet)
    case '/assets/hls-1.js':
      return new Response('export default 1')
    case '/watch/a/master.m3u8':
      return new Response('#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\n360p.m3u8\n')
    case '/watch/a/360p.m3u8':
      return new Response('#EXTM3U\n#EXT-X-MAP:URI="360p/init.mp4"\n#EXTINF:6,\n360p/1.m4s\n#EXT-X-ENDLIST\n')
    case '/watch/a/360p/init.mp4':
    case '/watch/a/360p/1.m4s':
      return new Response(r.path)
  }
  return new Response('', { status: 404 })
}

function rangeOf(r: Sent): Response {
  const [from, to] = (/^bytes=(\d+)-(\d+)$/.exec(r.headers.get('Range') || '') || [])
    .slice(1)
    .map(Number) as [number, number]
  const headers = {
    'Content-Range': `bytes ${from}-${to}/${film.length}`,
    ETag: '"1"',
    'Content-Type': 'video/mp4',
  }
  return new Response(film.subarray(from, to + 1), { status: 206, headers })
}

/** Begins to keep the lesson, as the page does. */
function begin(choice = 'saver'): Keeping {
  const k = {
    lesson: 'a',
    title: 'Bài a',
    about: '',
    choice,
    bytes: film.length,
    seconds: 60,
    package: 'p1',
    folder: `${home('a')}p1-${choice}/`,
    done: 0,
  }
  note('a', k)
  return k
}

/** Keeps it; a line that is waited for comes back at once. */
function bring(k: Keeping, signal = new AbortController().signal) {
  return load(k, signal, (_, waiting) => {
    if (waiting) setImmediate(() => browser.online())
  })
}

const folder = '/kept/a/p1-saver/'
const pathsOf = () => browser.caches.store('kept').paths
const index = async () =>
  (await (await caches.open('kept')).match(`${folder}index.json`))?.json() as Promise<Index>
const fetched = (path: string) => browser.sent.filter(s => s.path === path).length

test('a lesson is in the offline store when all its pieces, captions and worksheets have come', async () => {
  assert.equal(await bring(begin()), 'whole')
  assert.deepEqual(
    pathsOf().map(p => p.slice(folder.length)),
    ['captions/vi.vtt', 'file/0', 'file/1', 'file/2', 'index.json', 'poster', 'sheets/s1'],
  )
  const k = kept('a')
  assert.equal(k?.parts, 7)
  assert.equal(k?.token, 't')
  assert.equal(pending('a'), undefined)
  const { whole } = await index()
  assert.deepEqual(whole.sizes, [pieceBytes, pieceBytes, 100])
  assert.equal(whole.type, 'video/mp4')
})

test('a rung is kept with its playlists and the engine that plays it', async () => {
  const k = begin('360p')
  assert.equal(await bring(k), 'whole')
  assert.equal(kept('a')?.engine, '/kept/engine/hls-1.js')
  for (const p of [
    '/kept/engine/hls-1.js',
    `${k.folder}360p.m3u8`,
    `${k.folder}360p/init.mp4`,
    `${k.folder}master.m3u8`,
  ])
    assert.ok(pathsOf().includes(p), p)
})

test('pieces that have come are not fetched again', async () => {
  const stop = new AbortController()
  served = r => {
    if (r.headers.get('Range')?.startsWith(`bytes=${pieceBytes}-`)) stop.abort()
    return undefined
  }
  const k = begin()
  assert.equal(await bring(k, stop.signal), 'stopped')
  assert.deepEqual(
    pathsOf().filter(p => p.includes('/file/')),
    [`${folder}file/0`],
    'what arrives after stopping is not stored',
  )
  served = () => undefined
  browser.sent.length = 0
  assert.equal(await bring(pending('a') as Keeping), 'whole')
  const ranges = browser.sent.map(s => s.headers.get('Range')).filter(Boolean)
  assert.deepEqual(ranges, [
    `bytes=${pieceBytes}-${2 * pieceBytes - 1}`,
    `bytes=${2 * pieceBytes}-${film.length - 1}`,
  ])
  assert.equal(fetched('/sheets/s1'), 0)
})

test('a line or a server that is away is tried again', async () => {
  let left = 3
  served = r => {
    if (r.path !== '/watch/a/vi.vtt' || !left) return undefined
    left--
    if (left === 2) throw new TypeError('the line broke')
    return new Response('', { status: left === 1 ? 503 : 429 })
  }
  assert.equal(await bring(begin()), 'whole')
  assert.equal(fetched('/watch/a/vi.vtt'), 4)
  assert.equal(fetched('/watch/a/poster.jpg'), 1)
})

test('a worksheet with other bytes than promised is not kept', async () => {
  let bad = 2
  served = r => (r.path === '/sheets/s1' && bad-- > 0 ? new Response('đã đổi') : undefined)
  assert.equal(await bring(begin()), 'whole')
  const kept = await (await caches.open('kept')).match(`${folder}sheets/s1`)
  assert.equal(await kept?.text(), sheet.toString())
})

test('what is optional may be gone; the film may not', async () => {
  served = r => (r.path === '/watch/a/poster.jpg' ? new Response('', { status: 404 }) : undefined)
  assert.equal(await bring(begin()), 'whole')
  assert.ok(!pathsOf().includes(`${folder}poster`))
  browser = Browser.install()
  browser.network = r => served(r) ?? answer(r)
  served = r => (r.path.endsWith('/1.m4s') ? new Response('', { status: 410 }) : undefined)
  assert.equal(await bring(begin('360p')), 'failed')
  assert.equal(kept('a'), undefined)
})

test('another recording in its place ends it, whenever it is noticed', async () => {
  for (const at of ['/watch/a/files/saver.mp4', '/sheets/s1']) {
    facts.package = 'p1'
    browser.caches.stores.clear()
    served = r => {
      if (r.path === at) facts.package = 'p2'
      return undefined
    }
    assert.equal(await bring(begin()), 'replaced', at)
    assert.equal(kept('a'), undefined)
  }
  facts.package = 'p1'
  served = r => {
    if (r.headers.get('Range') !== `bytes=0-${pieceBytes - 1}`) return undefined
    // If-Range did not fit: the new file, from its start.
    return new Response(film, { status: 200 })
  }
  browser.caches.stores.clear()
  assert.equal(await bring(begin()), 'replaced')
})

test('a lesson that is no longer public is taken away', async () => {
  served = r => (r.path.startsWith('/api/') ? new Response('', { status: 404 }) : undefined)
  assert.equal(await bring(begin()), 'taken')
  served = r => (r.path === '/lessons/a' ? new Response('', { status: 410 }) : undefined)
  assert.equal(await look('a'), null)
})

test('a full device is said, and what has come stays', async () => {
  const k = begin()
  served = r => {
    if (r.path === '/sheets/s1') browser.caches.store('kept').full = true
    return undefined
  }
  assert.equal(await bring(k), 'full')
  assert.equal(kept('a'), undefined)
  browser.caches.store('kept').full = false
  served = () => undefined
  assert.equal(await bring(pending('a') as Keeping), 'whole')
  assert.equal(fetched('/watch/a/poster.jpg'), 1)
})

test('playlists may not lead out of the folder they are stored in', async () => {
  served = r =>
    r.path === '/watch/a/360p.m3u8'
      ? new Response('#EXTM3U\n#EXTINF:6,\n../../api/v1/me\n#EXT-X-ENDLIST\n')
      : undefined
  assert.equal(await bring(begin('360p')), 'failed')
})

test('a lesson whose pieces the browser threw away is completed where it lies', async () => {
  await bring(begin())
  await browser.caches.store('kept').delete(`${folder}file/1`)
  const p = again('a', facts) as Keeping
  assert.equal(p.folder, folder)
  assert.equal(p.grant?.token, 't')
  note('a', p)
  browser.sent.length = 0
  assert.equal(await bring(p), 'whole')
  assert.deepEqual(
    browser.sent.map(s => s.path),
    ['/watch/a/files/saver.mp4', '/lessons/a'],
  )
  put({ ...(kept('a') as NonNullable<ReturnType<typeof kept>>), package: 'p0' })
  assert.equal(again('a', facts), undefined, 'of another recording')
})
