import assert from 'node:assert/strict'
import { beforeEach, test } from 'node:test'
import { Browser, origin } from './testing/browser'

let browser: Browser
const listeners = new Map<string, (e: object) => void>()

beforeEach(async () => {
  browser = Browser.install()
  Object.assign(globalThis, {
    self: {
      addEventListener: (on: string, fn: (e: object) => void) => listeners.set(on, fn),
      skipWaiting: async () => undefined,
      clients: { claim: async () => undefined },
      location: new URL(origin),
    },
  })
  if (!listeners.size) await import('./sw')
})

/** Raises an event of the worker and waits for what it must outlive. */
async function raise(on: 'install' | 'activate'): Promise<void> {
  const work: Promise<unknown>[] = []
  listeners.get(on)?.({ waitUntil: (p: Promise<unknown>) => work.push(p) })
  await Promise.all(work)
}

/** What the worker answers; undefined: it leaves the request to the browser. */
async function ask(
  path: string,
  headers: Record<string, string> = {},
  more: object = {},
): Promise<Response | undefined> {
  const request = {
    url: new URL(path, origin).href,
    method: 'GET',
    mode: 'cors',
    headers: new Headers(headers),
    ...more,
  }
  let answer: Promise<Response> | undefined
  const after: Promise<unknown>[] = []
  listeners.get('fetch')?.({
    request,
    respondWith: (r: Promise<Response>) => {
      answer = r
    },
    waitUntil: (p: Promise<unknown>) => after.push(p),
  })
  const got = await answer
  await Promise.all(after)
  return got
}

const keep = (path: string, body: string, type = 'video/mp4') =>
  browser.caches.store('kept').put(path, new Response(body, { headers: { 'Content-Type': type } }))

async function keepPieces(): Promise<void> {
  for (const [n, words] of ['abcd', 'efgh', 'ij'].entries()) await keep(`/kept/a/p-saver/file/${n}`, words)
  const names = [0, 1, 2].map(n => `file/${n}`)
  await keep(
    '/kept/a/p-saver/index.json',
    JSON.stringify({ whole: { type: 'video/mp4', names, sizes: [4, 4, 2] } }),
  )
}

test('pieces are answered as the one file they are', async () => {
  await keepPieces()
  for (const [range, status, words, said] of [
    ['', 200, 'abcdefghij', null],
    ['bytes=0-3', 206, 'abcd', 'bytes 0-3/10'],
    ['bytes=3-8', 206, 'defghi', 'bytes 3-8/10'],
    ['bytes=8-', 206, 'ij', 'bytes 8-9/10'],
    ['bytes=-1', 206, 'j', 'bytes 9-9/10'],
    ['bytes=10-', 416, '', 'bytes */10'],
  ] as const) {
    const r = await ask('/kept/a/p-saver/whole', range ? { Range: range } : {})
    assert.equal(r?.status, status, range)
    assert.equal(await r?.text(), words, range)
    assert.equal(r?.headers.get('Content-Range'), said, range)
    if (status < 300) assert.equal(r?.headers.get('Content-Length'), String(words.length))
  }
})

test('a missing piece is a missing file, never other bytes', async () => {
  await keepPieces()
  await browser.caches.store('kept').delete('/kept/a/p-saver/file/1')
  assert.equal((await ask('/kept/a/p-saver/whole'))?.status, 404)
  assert.equal(await (await ask('/kept/a/p-saver/whole', { Range: 'bytes=0-3' }))?.text(), 'abcd')
  assert.equal((await ask('/kept/b/p-saver/whole'))?.status, 404)
  assert.equal((await ask('/kept/a/p-saver/file/9'))?.status, 404)
})

test('a kept file can never be a page of this site', async () => {
  await keep('/kept/a/p-saver/sheets/s1', '<script>alert(1)</script>', 'text/html')
  const r = await ask('/kept/a/p-saver/sheets/s1')
  assert.match(r?.headers.get('Content-Security-Policy') ?? '', /^sandbox; default-src 'none'$/)
  assert.equal(r?.headers.get('X-Content-Type-Options'), 'nosniff')
})

test('requests that are not for reading this site are left alone', async () => {
  assert.equal(await ask('/kept/x', {}, { method: 'POST' }), undefined)
  assert.equal(await ask('https://elsewhere.example/kept/x'), undefined)
  assert.equal(await ask('/api/v1/me'), undefined)
  assert.equal(browser.sent.length, 0)
})

const visit = { mode: 'navigate' }

test('without a network a visit leads to the kept lessons, and to the lesson asked for', async () => {
  browser.network = () => {
    throw new TypeError('no line')
  }
  const cases = [['/lessons/a-1', `${origin}/kept#a-1`], ['/tv', `${origin}/kept`]] as const // biome-ignore format: as read
  for (const [path, to] of cases) {
    // Response.redirect wants a whole address in Node; browsers complete it.
    const redirect = Response.redirect
    Response.redirect = ((url: string, status: number) =>
      redirect(new URL(url, origin), status)) as typeof redirect
    const r = await ask(path, {}, visit)
    Response.redirect = redirect
    assert.equal(r?.status, 302)
    assert.equal(r?.headers.get('Location'), to)
  }
  await browser.caches.store('shell-2').put('/kept', new Response('kệ'))
  assert.equal(await (await ask('/kept', {}, visit))?.text(), 'kệ')
})

test('with a network pages are never answered from the device', async () => {
  await browser.caches.store('shell-2').put('/kept', new Response('cũ'))
  browser.network = () => new Response('mới')
  assert.equal(await (await ask('/kept', {}, visit))?.text(), 'mới')
  assert.equal(await (await ask('/tv', {}, visit))?.text(), 'mới')
})

test('a new worker stores its page and what it is made of, and removes what is old', async () => {
  const shell = browser.caches.store('shell-2')
  await shell.put('/assets/old-1.js', new Response('cũ'))
  await browser.caches.store('shell-1').put('/kept', new Response('cũ'))
  await keepPieces()
  browser.network = r =>
    new Response(
      r.path === '/kept' ? '<link href="/assets/site-2.css"><script src="/assets/kept-2.js">' : r.path,
    )
  await raise('install')
  assert.deepEqual(shell.paths, ['/assets/kept-2.js', '/assets/site-2.css', '/kept'])
  await raise('activate')
  assert.deepEqual([...browser.caches.stores.keys()].sort(), ['kept', 'shell-2'])
  assert.equal(browser.caches.store('kept').paths.length, 4, 'kept lessons are untouched')
  assert.equal(await (await ask('/assets/kept-2.js'))?.text(), '/assets/kept-2.js')
})

test('a new worker that cannot fetch all of its page leaves the older one serving', async () => {
  await browser.caches.store('shell-1').put('/kept', new Response('cũ'))
  browser.network = r =>
    new Response('<script src="/assets/kept-3.js">', { status: r.path === '/kept' ? 200 : 503 })
  await raise('install')
  await raise('activate')
  assert.ok(browser.caches.stores.has('shell-1'))
  assert.deepEqual(browser.caches.store('shell-2').paths, [])
})
