// A lesson kept on the device: it plays with the server killed, with sound and
// seeking, and its viewing arrives once when the server is back.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { end, scratch, shoot, signIn, start, tooWide, visitor } from './house.mjs'

const data = join(scratch, 'data')
let site
let port
let pupil
let lesson
let staff

function recording() {
  const out = join(scratch, 'de-giu.mp4')
  execFileSync('ffmpeg', ['-v', 'error', '-nostdin', '-y', '-f', 'lavfi', '-i', 'testsrc2=s=320x180:r=15:d=70', '-f', 'lavfi', '-i', 'sine=f=440:r=44100:d=70',
    '-c:v', 'libx264', '-preset', 'ultrafast', '-pix_fmt', 'yuv420p', '-c:a', 'aac', out])
  return out
}

const ask = (page, method, path, body) =>
  page.evaluate(
    async ([method, path, body]) => {
      const r = await fetch(`/api/v1${path}`, { method, body, headers: body ? { 'Content-Type': 'application/json' } : {} })
      const text = await r.text()
      return { status: r.status, body: text ? JSON.parse(text) : null }
    },
    [method, path, body && JSON.stringify(body)],
  )

async function until(what, so, limit = 120_000) {
  for (const stop = Date.now() + limit; ; ) {
    const got = await so()
    if (got) return got
    assert.ok(Date.now() < stop, what)
    await new Promise((ok) => setTimeout(ok, 300))
  }
}

async function clean(page, name) {
  await shoot(page, name)
  assert.ok((await tooWide(page)) <= 0, `${name} is wider than 360 px`)
  assert.deepEqual(page.complaints, [], name)
}

const playing = () =>
  pupil.evaluate(() => {
    const v = document.querySelector('video')
    return { at: v.currentTime, sound: v.webkitAudioDecodedByteCount ?? 0, error: v.error?.message ?? '' }
  })

before(async () => {
  site = await start(data, { args: ['--demo', '--no-demo-lessons'] })
  port = new URL(site.url).port
  staff = await visitor(site.url)
  await signIn(staff, site.url, 'giaovien')
  const made = await ask(staff, 'POST', '/lessons', { title: 'Bài để giữ trong máy', subject: 'toan', grade: 4 })
  lesson = made.body.id
  await staff.goto(`${site.url}/teacher/lessons/${lesson}`)
  await staff.setInputFiles('#file', recording())
  await until('ready', async () => (await ask(staff, 'GET', `/lessons/${lesson}`)).body.media.state === 'ready')
  assert.ok((await ask(staff, 'POST', `/lessons/${lesson}/submit`)).status < 300)
  const reviewer = await visitor(site.url)
  await signIn(reviewer, site.url, 'chuyenvien')
  assert.ok((await ask(reviewer, 'POST', `/lessons/${lesson}/approve`)).status < 300)
  pupil = await visitor(site.url)
})

after(async () => {
  await site?.stop()
  await end()
})

test('a lesson is kept, and what it costs is said before', async () => {
  await pupil.goto(`${site.url}/kept`)
  await pupil.locator('.kept-empty').waitFor()
  await clean(pupil, 'kept-empty')
  // The plain files are made after the pictures.
  await until('a file to keep', async () => {
    await pupil.goto(`${site.url}/lessons/${lesson}`)
    return pupil.locator('.keep').count()
  }, 60_000)
  await pupil.locator('.keep-form').waitFor()
  await clean(pupil, 'lesson-keep')
  await pupil.click('.keep-form button')
  await pupil.locator('.keep-open').waitFor()
  await clean(pupil, 'lesson-kept')
  const stored = await pupil.evaluate(async () => {
    const r = await (await caches.open('kept')).match(`/kept/file/${document.querySelector('.keep').dataset.lesson}`)
    return (await r.blob()).size
  })
  assert.ok(stored > 10_000, `${stored} bytes`)
  await pupil.goto(`${site.url}/kept`)
  await pupil.locator('.shelf-play').waitFor()
  await clean(pupil, 'kept-lessons')
})

test('it plays with the server killed, and seeks', async () => {
  await until('the worker looks after the page', () => pupil.evaluate(async () => !!(await (await caches.open('shell')).match('/kept'))))
  await site.stop('SIGKILL')
  await pupil.reload()
  await pupil.click('.shelf-play')
  await until('5 s', async () => (await playing()).at > 5, 20_000)
  assert.ok((await playing()).sound > 10_000, 'sound was decoded')
  const ranged = await pupil.evaluate(async () => {
    const r = await fetch(document.querySelector('video').src, { headers: { Range: 'bytes=100-199' } })
    return [r.status, (await r.arrayBuffer()).byteLength, r.headers.get('Content-Range').replace(/\d+$/, 'N')]
  })
  assert.deepEqual(ranged, [206, 100, 'bytes 100-199/N'])
  await pupil.evaluate(() => {
    document.querySelector('video').playbackRate = 2
    document.querySelector('video').currentTime = 8
  })
  await until('40 s', async () => (await playing()).at > 45, 40_000)
  await pupil.evaluate(() => document.querySelector('video').pause())
  // Any other page leads to the shelf.
  await pupil.goto(`${site.url}/lessons/${lesson}`)
  assert.equal(new URL(pupil.url()).pathname, '/kept')
  await clean(pupil, 'kept-server-away')
})

test('viewing arrives once when the server is back', async () => {
  site = await start(data, { args: ['--demo', '--no-demo-lessons', '--listen', `127.0.0.1:${port}`] })
  const sent = []
  pupil.on('response', (r) => {
    if (r.url().endsWith('/api/v1/heartbeats')) sent.push(r.status())
  })
  await pupil.goto(`${site.url}/kept`)
  await until('delivered', () => pupil.evaluate(() => !localStorage.getItem('lenlop-runs')), 15_000)
  assert.deepEqual(sent, [202])
  await pupil.reload()
  await pupil.locator('.shelf-play').waitFor()
  assert.deepEqual(sent, [202], 'nothing is delivered twice')
  const views = await until('counted', async () => {
    const { body } = await ask(staff, 'GET', `/lessons/${lesson}/ledger`)
    return body?.web?.views ? body.web : null
  }, 15_000)
  assert.equal(views.views, 1)
  assert.equal(views.offlineViews, 1)
})

test('nothing personal is stored, signing out keeps lessons, an update too', async () => {
  await signIn(pupil, site.url, 'giaovien')
  await pupil.goto(`${site.url}/kept`)
  await pupil.goto(`${site.url}/teacher`)
  const paths = () =>
    pupil.evaluate(async () => {
      const out = []
      for (const name of await caches.keys()) for (const r of await (await caches.open(name)).keys()) out.push(new URL(r.url).pathname)
      return out.filter((p) => !p.startsWith('/assets/')).map((p) => p.replace(/\/[\w-]{36}$/, '/*')).sort()
    })
  assert.deepEqual(await paths(), ['/kept', '/kept/file/*', '/kept/poster/*'])
  const shell = await pupil.evaluate(async () => (await (await caches.open('shell')).match('/kept')).text())
  assert.doesNotMatch(shell, /signout/, "the stored page is nobody's")
  await pupil.goto(`${site.url}/kept`)
  await Promise.all([pupil.waitForNavigation(), pupil.click('.account button')])
  await pupil.evaluate(async () => {
    for (const r of await navigator.serviceWorker.getRegistrations()) await r.unregister()
    await navigator.serviceWorker.register('/sw.js')
    await navigator.serviceWorker.ready
  })
  assert.deepEqual(await paths(), ['/kept', '/kept/file/*', '/kept/poster/*'])
})

test('a browser that needed the room is owned up to', async () => {
  await pupil.evaluate(() => caches.delete('kept'))
  await pupil.goto(`${site.url}/kept`)
  await pupil.locator('.shelf-gone').waitFor()
  await clean(pupil, 'kept-evicted')
  await pupil.click('.shelf-again')
  await pupil.locator('.keep-form').waitFor()
  assert.match(await pupil.innerText('.keep-status'), /hết chỗ/)
})
