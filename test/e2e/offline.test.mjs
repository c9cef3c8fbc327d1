// Lessons kept on the device: piece by piece over a line that breaks, played
// with the server killed, counted once for whoever watched, and owned up to
// when the browser threw some of it away.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { end, scratch, shoot, signIn, start, tooWide, visitor } from './server.mjs'
import { line } from './proxy.mjs'

const data = join(scratch, 'data')
const day = 86_400_000
let site
let wire
let student
let lesson
let staff

function recording() {
  const out = join(scratch, 'de-giu.mp4')
  execFileSync('ffmpeg', ['-v', 'error', '-nostdin', '-y', '-f', 'lavfi', '-i', 'testsrc2=s=854x480:r=5:d=70', '-f', 'lavfi', '-i', 'sine=f=440:r=44100:d=70',
    '-c:v', 'libx264', '-preset', 'ultrafast', '-pix_fmt', 'yuv420p', '-c:a', 'aac', out])
  return out
}

const ask = (page, method, path, body, type = 'application/json') =>
  page.evaluate(
    async ([method, path, body, type]) => {
      const r = await fetch(`/api/v1${path}`, { method, body, headers: body ? { 'Content-Type': type } : {} })
      const text = await r.text()
      return { status: r.status, body: text ? JSON.parse(text) : null }
    },
    [method, path, body && (type === 'application/json' ? JSON.stringify(body) : body), type],
  )

async function until(what, so, limit = 120_000) {
  for (const stop = Date.now() + limit; ; ) {
    const got = await so()
    if (got) return got
    assert.ok(Date.now() < stop, what)
    await new Promise((ok) => setTimeout(ok, 200))
  }
}

async function clean(page, name) {
  await shoot(page, name)
  assert.ok((await tooWide(page)) <= 0, `${name} is wider than 360 px`)
  assert.deepEqual(page.complaints, [], name)
}

const playing = (page = student) =>
  page.evaluate(() => {
    const v = document.querySelector('video')
    return { at: v.currentTime, sound: v.webkitAudioDecodedByteCount ?? 0, error: v.error?.message ?? '', src: v.src }
  })
const storedLessons = (page = student) => page.evaluate(() => JSON.parse(localStorage.getItem('lenlop-shelf') ?? '[]'))
const says = (words, where = '.keep-status') => until(`${words}`, async () => words.test(await student.innerText(where).catch(() => '')), 40_000)
const lessonPage = () => student.goto(`${wire.url}/lessons/${lesson}`)
const stored = () =>
  student.evaluate(async () => {
    const out = {}
    for (const name of await caches.keys()) out[name] = (await (await caches.open(name)).keys()).map((r) => new URL(r.url).pathname).sort()
    return out
  })
/** Chooses and begins to keep. */
async function begin(choice) {
  await student.check(`.keep-form input[value="${choice}"]`)
  await student.click('.keep-form button')
}

before(async () => {
  site = await start(data, { args: ['--demo', '--no-demo-lessons'] })
  wire = await line(site.url)
  staff = await visitor(site.url)
  await signIn(staff, site.url, 'giaovien')
  const made = await ask(staff, 'POST', '/lessons', { title: 'Bài để giữ trong máy', subject: 'toan', grade: 4 })
  lesson = made.body.id
  await staff.goto(`${site.url}/teacher/lessons/${lesson}`)
  await staff.setInputFiles('#file', recording())
  await until('ready', async () => (await ask(staff, 'GET', `/lessons/${lesson}`)).body.media.state === 'ready', 300_000)
  assert.equal((await ask(staff, 'PUT', `/lessons/${lesson}/chapters`, [{ at: 0, title: 'Mở đầu' }, { at: 20, title: 'Phân số' }])).status, 200)
  const vtt = 'WEBVTT\n\n00:00.000 --> 00:05.000\nChào các em\n\n00:20.000 --> 00:30.000\nBây giờ ta học phân số\n'
  for (const language of ['vi', 'en']) assert.equal((await ask(staff, 'PUT', `/lessons/${lesson}/captions/${language}`, vtt, 'text/vtt')).status, 200)
  const sheet = await staff.evaluate(async (lesson) => {
    const canvas = Object.assign(document.createElement('canvas'), { width: 40, height: 30 })
    const form = new FormData()
    form.append('file', await new Promise((ok) => canvas.toBlob(ok, 'image/png')), 'phieu-bai-tap.png')
    return (await fetch(`/api/v1/lessons/${lesson}/attachments`, { method: 'POST', body: form })).status
  }, lesson)
  assert.equal(sheet, 201)
  assert.ok((await ask(staff, 'POST', `/lessons/${lesson}/submit`)).status < 300)
  const reviewer = await visitor(site.url)
  await signIn(reviewer, site.url, 'chuyenvien')
  assert.ok((await ask(reviewer, 'POST', `/lessons/${lesson}/approve`)).status < 300)
  student = await visitor(wire.url)
  // A phone whose clock is three days behind.
  await student.context().addInitScript((shift) => {
    const Real = Date
    globalThis.Date = class extends Real {
      constructor(...a) {
        super(...(a.length ? a : [Real.now() + shift]))
      }
      static now = () => Real.now() + shift
    }
    // Browsers say more space than there is; a test says how much.
    const { storage } = navigator
    const estimate = storage?.estimate.bind(storage)
    if (estimate) storage.estimate = async () => (sessionStorage.free ? { quota: Number(sessionStorage.free), usage: 0 } : estimate())
  }, -3 * day)
})

after(async () => {
  await site?.stop()
  await wire?.close()
  await end()
})

test('what each choice costs is said before, and a line that breaks costs no more than a piece', async () => {
  await student.goto(`${wire.url}/kept`)
  await student.locator('.kept-empty').waitFor()
  await clean(student, 'kept-empty')
  // The plain files are made after the pictures.
  await until('a file to keep', async () => (await lessonPage()) && student.locator('.keep input[value=saver]').count(), 60_000)
  await student.locator('.keep-form').waitFor()
  assert.match(await student.innerText('.keep-form'), /480p\)\s*[\d,]+ [kM]B[\s\S]*Chỉ tiếng[\s\S]*chỗ trống: [\d,]+ [MG]B/)
  await clean(student, 'lesson-keep')
  wire.got.clear()
  const segments = () => [...wire.got.keys()].filter((p) => p.endsWith('.m4s') && p.includes('/480p/'))
  wire.cut = () => segments().length >= 3
  await begin('480p')
  await says(/Mạng bị ngắt/)
  await clean(student, 'lesson-keep-waiting')
  assert.deepEqual(await storedLessons(), [], 'half of a lesson is not in the offline store')
  // The page is closed; the offline page goes on with it when there is a line again.
  await student.goto('about:blank')
  wire.cut = () => false
  wire.got.delete([...wire.got.keys()][0])
  await student.goto(`${wire.url}/kept`)
  await student.locator('.offline-play').waitFor()
  const count = segments()
  assert.ok(count.length > 6, `${count.length} segments`)
  assert.ok(count.every((p) => wire.got.get(p) === 1), 'no segment is fetched twice')
  const [k] = await storedLessons()
  const folder = (await stored()).kept.filter((p) => p.startsWith(k.folder)).map((p) => p.slice(k.folder.length))
  for (const name of ['480p.m3u8', 'captions/en.vtt', 'captions/vi.vtt', 'chapters.vtt', 'index.json', 'master.m3u8', 'poster'])
    assert.ok(folder.includes(name), `${name} in ${folder}`)
  assert.equal(folder.filter((n) => n.endsWith('.m4s')).length, count.length)
  // Visits are dated by the difference between the clocks.
  const { o } = JSON.parse(Buffer.from(k.token.split('.')[0], 'base64url'))
  assert.ok(Math.abs(o + 3 * day) < 60_000, `offset ${o} ms`)
  await clean(student, 'kept-lessons')
  await lessonPage()
  await student.locator('.keep-open').waitFor()
  await clean(student, 'lesson-kept')
})

test('a rung plays with the server killed: seeking, captions, chapters, words, worksheet', async () => {
  await until('the worker looks after the page', async () => (await stored())['shell-2']?.includes('/kept'))
  await site.stop('SIGKILL')
  await student.goto(`${wire.url}/lessons/${lesson}`)
  assert.equal(new URL(student.url()).pathname, '/kept', 'any other page leads to the offline page')
  await student.click('.offline-play')
  await until('2 s', async () => (await playing()).at > 2, 20_000)
  assert.ok((await playing()).sound > 5_000, 'sound was decoded')
  await student.click('.chapters li:nth-child(2) a')
  await until('the second part', async () => (await playing()).at > 20, 10_000)
  await student.selectOption('[name=captions]', 'vi')
  await student.click('.transcript summary')
  await student.locator('.transcript li:nth-child(2)').waitFor()
  assert.equal(await student.innerText('.transcript li:nth-child(2)'), 'Bây giờ ta học phân số')
  const [download] = await Promise.all([student.waitForEvent('download'), student.click('.kept-sheets button')])
  assert.equal(download.suggestedFilename(), 'phieu-bai-tap.png')
  await student.evaluate(() => {
    document.querySelector('video').playbackRate = 4
  })
  await until('55 s', async () => (await playing()).at > 55, 40_000)
  await student.evaluate(() => document.querySelector('video').pause())
  await clean(student, 'kept-server-away')
})

test('browsers without an engine play the same, and get the very bytes', async () => {
  const phone = await student.context().newPage()
  await phone.addInitScript(() => {
    delete globalThis.MediaSource
    delete globalThis.ManagedMediaSource
  })
  await phone.goto(`${wire.url}/kept`)
  await phone.click('.offline-play')
  await until('2 s', async () => (await playing(phone)).at > 2, 20_000)
  assert.match((await playing(phone)).src, /(master\.m3u8|whole)$/)
  const same = await phone.evaluate(async () => {
    const [k] = JSON.parse(localStorage.getItem('lenlop-shelf'))
    const cache = await caches.open('kept')
    const { whole } = await (await cache.match(`${k.folder}index.json`)).json()
    const parts = await Promise.all(whole.names.map(async (n) => (await cache.match(k.folder + n)).blob()))
    const all = new Uint8Array(await new Blob(parts).arrayBuffer())
    const from = parts[0].size - 50
    const r = await fetch(`${k.folder}whole`, { headers: { Range: `bytes=${from}-${from + 99}` } })
    const some = new Uint8Array(await r.arrayBuffer())
    const none = await fetch(`${k.folder}whole`, { headers: { Range: `bytes=${all.length}-` } })
    // The joined file plays too, where playlists do not.
    const v = document.querySelector('video')
    v.src = `${k.folder}whole`
    await v.play()
    return [r.status, r.headers.get('Content-Range') === `bytes ${from}-${from + 99}/${all.length}`,
      some.every((b, i) => b === all[from + i]) && some.length, none.status, Math.round(v.duration)]
  })
  assert.deepEqual(same, [206, true, 100, 416, 70])
  await phone.close()
})

test('viewing arrives once when the server is back, though two tabs send it', async () => {
  site = await start(data, { args: ['--demo', '--no-demo-lessons'] })
  wire.target = site.url
  const runs = await student.evaluate(() => localStorage.getItem('lenlop-runs'))
  assert.ok(runs)
  const sent = []
  const tab = await student.context().newPage()
  for (const p of [student, tab]) p.on('response', (r) => r.url().endsWith('/api/v1/heartbeats') && sent.push(r.status()))
  await Promise.all([student.goto(`${wire.url}/kept`), tab.goto(`${wire.url}/kept`)])
  await until('delivered', () => student.evaluate(() => !localStorage.getItem('lenlop-runs')), 15_000)
  // And once more what a tab that was asleep still had.
  await tab.evaluate((runs) => localStorage.setItem('lenlop-runs', runs), runs)
  await tab.reload()
  await until('delivered again', () => tab.evaluate(() => !localStorage.getItem('lenlop-runs')), 15_000)
  assert.ok(sent.length >= 2 && sent.every((s) => s === 202), `${sent}`)
  await tab.close()
  await staff.goto(site.url)
  const web = await until('counted', async () => {
    const { body } = await ask(staff, 'GET', `/lessons/${lesson}/ledger`)
    return body?.web?.views ? body.web : null
  }, 15_000)
  assert.equal(web.views, 1)
  assert.equal(web.offlineViews, 1)
})

test('signing out: the lesson stays, the grant goes, nothing personal was stored', async () => {
  await signIn(student, wire.url, 'hocsinh')
  await student.goto(`${wire.url}/kept`)
  const [mine] = await until('a grant of the student', async () => ((await storedLessons())[0].holder ? storedLessons() : null), 15_000)
  assert.ok(mine.device && mine.device !== mine.token)
  const account = await student.goto(`${wire.url}/account`)
  assert.match(account.headers()['cache-control'], /no-store/)
  const before = await stored()
  assert.deepEqual(Object.keys(before).sort(), ['kept', 'shell-2'])
  assert.deepEqual(before['shell-2'].filter((p) => !p.startsWith('/assets/')), ['/kept'])
  const page = await student.evaluate(async () => (await (await caches.open('shell-2')).match('/kept')).text())
  assert.doesNotMatch(page, /signout|Em học sinh/, "the stored page is nobody's")
  await Promise.all([student.waitForNavigation(), student.click('.account button')])
  assert.ok(!(await student.context().cookies()).some((c) => c.name === 'phien'))
  // Without a line too: the student's grant is not used any more.
  wire.cut = () => true
  await student.goto(`${wire.url}/kept`)
  await student.locator('.offline-play').waitFor()
  const [k] = await storedLessons()
  assert.deepEqual([k.token, k.holder], [mine.device, ''])
  assert.deepEqual((await stored()).kept, before.kept)
  wire.cut = () => false
})

test('a browser that needed the space is owned up to, and only what is missing is fetched', async () => {
  const lost = await student.evaluate(async () => {
    const cache = await caches.open('kept')
    const some = (await cache.keys()).filter((r) => r.url.endsWith('.m4s')).slice(1, 3)
    for (const r of some) await cache.delete(r)
    return some.length
  })
  await student.goto(`${wire.url}/kept`)
  await student.locator('.offline-gone').waitFor()
  assert.equal(await student.locator('.offline-play:visible').count(), 0)
  await clean(student, 'kept-evicted')
  wire.got.clear()
  await student.click('.offline-mend')
  await student.locator('.offline-play').waitFor()
  assert.equal([...wire.got.keys()].filter((p) => p.endsWith('.m4s')).length, lost)
  await student.evaluate(() => caches.delete('kept'))
  await lessonPage()
  await says(/thiếu chỗ/)
  await student.click('.keep-forget')
  await student.locator('.keep-form').waitFor()
})

test('a full device is said, with what could be deleted; a teacher who replaces the recording is noticed', async () => {
  // Another lesson to be given up, as the oldest build kept it.
  await student.evaluate(() => {
    const old = { lesson: 'cu', title: 'Bài cũ', about: '', choice: 'saver', bytes: 9e6, seconds: 60, granted: Date.now(), token: 'x', holder: '' }
    localStorage.setItem('lenlop-shelf', JSON.stringify([old]))
  })
  const cdp = await student.context().newCDPSession(student)
  const quota = (quotaSize) => cdp.send('Storage.overrideQuotaForOrigin', { origin: wire.url, quotaSize })
  await student.evaluate(() => sessionStorage.setItem('free', '50000'))
  await student.reload()
  await says(/Máy đã đầy.*“Bài cũ” \(9 MB\)/)
  assert.ok(await student.isDisabled('.keep-form button'))
  await clean(student, 'lesson-keep-full')
  // Space that is promised and not there: what has come stays.
  await student.evaluate(() => sessionStorage.setItem('free', '5e9'))
  await student.reload()
  await student.locator('.keep-form').waitFor()
  const { usage } = await student.evaluate(async () => StorageManager.prototype.estimate.call(navigator.storage))
  await quota(usage + 300_000)
  await begin('480p')
  await says(/Máy đã đầy/)
  await student.locator('.keep-resume').waitFor()
  await quota(undefined)
  let replaced = false
  wire.edit = (path, text) => (replaced && path.startsWith('/lessons/') ? text.replace(/package&#34;:&#34;/, '$&x') : text)
  wire.cut = (path) => {
    replaced ||= path.endsWith('.m4s')
    return false
  }
  await student.click('.keep-resume')
  await says(/vừa thay bản ghi mới/)
  wire.edit = undefined
  wire.cut = () => false
  assert.deepEqual((await stored()).kept ?? [], [], 'nothing of it is left')
  assert.deepEqual((await storedLessons()).map((k) => k.lesson), ['cu'])
})

test('pieces of a file join to the very file, and giving up leaves nothing', async () => {
  await lessonPage()
  await student.locator('.keep-form').waitFor()
  wire.cut = (path) => path.endsWith('/saver.mp4') && [...wire.got.keys()].some((k) => k.includes('bytes=0-5'))
  wire.got.clear()
  await begin('saver')
  await says(/Mạng bị ngắt/)
  await student.click('.keep-cancel')
  await says(/Đã dừng/)
  assert.deepEqual((await stored()).kept, [])
  wire.cut = () => false
  await begin('saver')
  await student.locator('.keep-open').waitFor()
  const same = await student.evaluate(async (lesson) => {
    const hash = async (r) => new Uint8Array(await crypto.subtle.digest('SHA-256', await r.arrayBuffer())).join()
    const k = JSON.parse(localStorage.getItem('lenlop-shelf')).find((k) => k.lesson === lesson)
    const index = await (await (await caches.open('kept')).match(`${k.folder}index.json`)).json()
    return [index.whole.names.length > 1, (await hash(await fetch(`${k.folder}whole`))) === (await hash(await fetch(index.facts.files.saver)))]
  }, lesson)
  assert.deepEqual(same, [true, true])
})

test('what an older build kept plays under a new worker, and old shells are cleaned away', async () => {
  const phone = await visitor(wire.url)
  const older = readFileSync(join(dirname(fileURLToPath(import.meta.url)), 'older-worker.js'), 'utf8')
  wire.say = (path) => (path === '/sw.js' ? { type: 'text/javascript', body: older } : undefined)
  await phone.goto(`${wire.url}/lessons/${lesson}`)
  await phone.evaluate(async (lesson) => {
    await navigator.serviceWorker.register('/sw.js')
    const box = document.querySelector('.keep')
    const cache = await caches.open('kept')
    await cache.put(`/kept/file/${lesson}`, await fetch(JSON.parse(box.dataset.facts).files.saver))
    const k = { lesson, title: 'Bài giữ từ trước', about: '', choice: 'saver', bytes: 1e6, seconds: 70, granted: Date.now(), token: 'x' }
    localStorage.setItem('lenlop-shelf', JSON.stringify([k]))
  }, lesson)
  const caches = () => phone.evaluate(async () => (await globalThis.caches.keys()).sort().join())
  await until('the older worker', async () => (await caches()) === 'kept,shell', 20_000)
  wire.say = () => undefined
  await phone.evaluate(async () => (await navigator.serviceWorker.getRegistration()).update())
  await until('the new worker', async () => (await caches()) === 'kept,shell-2', 20_000)
  wire.cut = () => true
  await phone.goto(`${wire.url}/kept`)
  await phone.click('.offline-play')
  await until('2 s', async () => (await playing(phone)).at > 2, 20_000)
  wire.cut = () => false
})
