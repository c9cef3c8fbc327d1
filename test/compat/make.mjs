// Makes the fixtures of compat_test.go and ../e2e/compat.test.mjs with a released
// binary: node test/compat/make.mjs BINARY OUTPUT. README.md says what they hold.
// It runs the binary only as a user would (pages, API, command line, Chromium),
// so that it also works with later releases.
import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { chromium } from 'playwright-core'
import { postgresDump } from './make-postgres.mjs'

const [binary, output] = process.argv.slice(2).map((p) => resolve(p))
assert.ok(binary && output, 'usage: node test/compat/make.mjs BINARY OUTPUT')
// The origin is part of what a browser stores, so that the port is fixed.
const port = 18743
const url = `http://127.0.0.1:${port}`
const password = 'mat-khau-cua-thu-nghiem'
const passphrase = 'khoa-sao-luu-cua-thu-nghiem'
const work = mkdtempSync(join(tmpdir(), 'lenlop-compat-'))
const data = join(work, 'data')
const started = new Date()
let server

async function start() {
  // Workers wait for the tests' clock to reach them: few, so that jobs still wait at the end.
  const child = spawn(binary, ['serve', '--data', data, '--listen', `127.0.0.1:${port}`, '--log', 'warn', '--demo', '--no-demo-lessons',
    '--webhook-private', '--workers', '1'], { env: { ...process.env, LENLOP_DEMO_PASSWORD: password }, stdio: ['ignore', 'pipe', 'inherit'] })
  await new Promise((ok, no) => {
    child.stdout.on('data', (d) => String(d).includes('ready') && ok())
    child.on('exit', (code) => no(new Error(`the server ended with ${code}`)))
  })
  server = child
}

function stop(signal = 'SIGTERM') {
  return new Promise((ok) => {
    server.once('exit', ok)
    server.kill(signal)
  })
}

async function until(what, check, limit = 300_000) {
  for (const end = Date.now() + limit; ; ) {
    const got = await check()
    if (got) return got
    assert.ok(Date.now() < end, `timed out waiting for ${what}`)
    await sleep(200)
  }
}

/** A person with a browser session (forms) and a bearer token (API). */
async function person(username, secret = password) {
  const res = await fetch(`${url}/signin`, { method: 'POST', redirect: 'manual', body: new URLSearchParams({ username, password: secret }) })
  const cookie = res.headers.getSetCookie().map((c) => c.split(';')[0]).join('; ')
  const send = async (method, path, { body, type, headers = {} } = {}) => {
    const r = await fetch(url + path, { method, body, redirect: 'manual', headers: { Cookie: cookie, ...(type && { 'Content-Type': type }), ...headers } })
    const text = await r.text()
    assert.ok(r.status < 400, `${username}: ${method} ${path}: ${r.status} ${(text.match(/(?:role="alert"|class="wrong")[^>]*>[^<]*/g) ?? [text.slice(0, 300)]).join(' ')}`)
    return { status: r.status, location: r.headers.get('Location') ?? '', text, headers: r.headers }
  }
  return {
    send,
    headers: { Cookie: cookie },
    api: async (method, path, body, headers) => {
      const r = await send(method, `/api/v1${path}`, { body: body && JSON.stringify(body), type: body && 'application/json', headers })
      return JSON.parse(r.text || 'null')
    },
    form: async (path, fields) => (await send('POST', path, { body: new URLSearchParams(fields) })).location,
    file: async (path, name, content, type, fields = {}) => {
      const f = new FormData()
      for (const [k, v] of Object.entries(fields)) f.set(k, v)
      f.set('file', new Blob([content], { type }), name)
      return send('POST', path, { body: f })
    },
  }
}

const lastPart = (location) => location.split('?')[0].split('/').at(-1)
const day = (days) => new Date(Date.now() + (days * 24 + 7) * 3600e3).toISOString().slice(0, 10)
const clock = (days, time) => `${day(days)}T${time}:00+07:00`
const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex')

/** A recording as short as keeping and counting allow. */
function recording(name, seconds, seed) {
  const out = join(work, name)
  execFileSync('ffmpeg', ['-v', 'error', '-nostdin', '-y', '-f', 'lavfi', '-i', `testsrc=s=320x180:r=5:d=${seconds},hue=h=${seed}`,
    '-f', 'lavfi', '-i', `sine=f=${300 + seed}:d=${seconds}:r=16000`, '-c:v', 'libx264', '-preset', 'ultrafast', '-crf', '35', '-pix_fmt', 'yuv420p',
    '-c:a', 'aac', '-b:a', '24k', out])
  return out
}

/** A picture, as a phone would photograph a worksheet. */
function picture() {
  const out = join(work, 'phieu.png')
  execFileSync('ffmpeg', ['-v', 'error', '-nostdin', '-y', '-f', 'lavfi', '-i', 'testsrc=s=64x48', '-frames:v', '1', out])
  return readFileSync(out)
}

const run = (...args) => execFileSync(binary, args, { encoding: 'utf8', env: { ...process.env, LENLOP_DEMO_PASSWORD: password } })

function addLesson(title, file, grade) {
  const out = run('lesson', 'add', '--data', data, '--title', title, '--subject', 'toan', '--grade', String(grade), '--week', '3',
    '--description', 'Quy đồng mẫu số rồi cộng hai tử số.', '--teacher', 'giaovien', '--publish', file)
  return out.match(/\/lessons\/([0-9a-f-]{36})/)[1]
}

const facts = { madeAt: started.toISOString(), url, password, passphrase }
const people = {}

/** What a province has: a lesson on the air and on the web, a class, figures, messages. */
async function fill() {
  for (const u of ['giaovien', 'hieutruong', 'chuyenvien', 'dai', 'quantri', 'hocsinh']) people[u] = await person(u)
  const { giaovien: teacher, hieutruong: head, chuyenvien: reviewer, dai: station, quantri: admin, hocsinh: student } = people
  const lesson = addLesson('Phép cộng phân số', recording('bai-giang.mp4', 24, 40), 6)
  facts.lesson = lesson
  // A broadcast copy takes much computing for every second.
  facts.short = addLesson('Đố vui', recording('do-vui.mp4', 2, 10), 6)
  const vtt = 'WEBVTT\n\n00:00.500 --> 00:03.000\nChào các em!\n\n00:03.500 --> 00:07.000\nHôm nay chúng ta học phép cộng phân số.\n'
  await teacher.send('PUT', `/api/v1/lessons/${lesson}/captions/vi`, { body: vtt, type: 'text/vtt' })
  await teacher.api('PUT', `/lessons/${lesson}/chapters`, [{ at: 0, title: 'Mở đầu' }, { at: 8, title: 'Luyện tập' }])
  const { id: sheet } = JSON.parse((await teacher.file(`/api/v1/lessons/${lesson}/attachments`, 'phieu.png', picture(), 'image/png')).text)
  const stored = await fetch(`${url}/api/v1/lessons/${lesson}/attachments/${sheet}`, { headers: teacher.headers })
  facts.worksheetSha256 = sha256(Buffer.from(await stored.arrayBuffer()))
  await student.api('PUT', `/lessons/${lesson}/bookmark`, { position: 9 })
  const bookmark = await student.api('GET', `/lessons/${lesson}/bookmark`)
  facts.bookmark = bookmark
  await student.api('POST', `/lessons/${lesson}/problems`, { kind: 'sound' })
  await student.api('PUT', `/lessons/${lesson}/thumbs`, { chapter: 0, said: 'yes' })

  const plan = (days, from, to) => station.api('POST', '/airings', { lessonId: lesson, channelId: 'demo-tinh', startsAt: clock(days, from), endsAt: clock(days, to), houseNumber: 'GD-001' })
  const airing = (await plan(-1, '08:00', '08:20')).id
  facts.airing = airing
  await plan(1, '09:00', '09:20')
  await station.api('PUT', `/airings/${airing}/as-run`, { outcome: 'aired' })
  await station.api('POST', `/airings/${airing}/figures`, { metric: 'contacts', value: 2140, unit: 'plays', grade: 'E', source: 'Phiếu của đài', method: 'Đài báo' })
  await station.form('/station/rules', { grade: '6', subject: 'toan', atLeast: '2' })

  const now = new Date(Date.now() + 7 * 3600e3)
  const year = now.getUTCFullYear() - (now.getUTCMonth() < 8 ? 1 : 0)
  const monday = new Date(Date.UTC(year, 8, 1))
  while (monday.getUTCDay() !== 1) monday.setUTCDate(monday.getUTCDate() + 1)
  const code = `${year}-${year + 1}`
  await admin.form('/admin/years', { code, from: `${year}-09-01`, to: `${year + 1}-08-31`, monday: monday.toISOString().slice(0, 10) })
  await teacher.api('PUT', `/lessons/${lesson}/questions/setting`, { on: true })
  const other = await person('gvhai', run('user', 'add', '--data', data, 'gvhai', '--name', 'Thầy Hai', '--role', 'teacher', '--school', 'demo-thcs').trim().split(/\s/).at(-1))
  await importRoster('classes', `Mã trường,Năm học,Mã lớp,Tên lớp,Khối,Chủ nhiệm,Giáo viên bộ môn\nDEMO-THCS,${code},6B,6B,6,gvhai,toan=giaovien\n`)
  const q = await other.api('POST', `/lessons/${lesson}/questions`, { text: 'Vì sao phải quy đồng ạ?' })
  await teacher.api('PUT', `/questions/${q.id}/answer`, { text: 'Để hai phân số có cùng mẫu.' })
  const klass = lastPart(await head.form('/classes', { school: 'demo-thcs', year: code, name: '6A', grade: '6', homeroom: 'giaovien' }))
  for (let i = 1; i <= 3; i++) await head.form(`/classes/${klass}/students`, { code: `990000000${i}`, name: `Em ${i}` })
  await teacher.api('POST', `/airings/${airing}/roll-calls`, { classId: klass, asked: 3, watched: 2 })
  await importRoster('areas', 'Mã,Tên,Loại\nDB-9,Xã Nậm Mới,Xã\n')
  facts.serviceToken = (await admin.api('POST', '/service-tokens', { name: 'Hệ thống đài', role: 'station', scopes: ['schedule.read'] })).token
  // Nobody listens there: its deliveries wait.
  await admin.form('/admin/webhooks', { name: 'Cổng thông tin', url: 'http://127.0.0.1:18744/nhan', event: 'notice.published' })
  await reviewer.form('/notices/new', { title: 'Lịch dạy học tuần 3', body: 'Các trường báo học sinh xem lúc 8 giờ sáng.', for: 'all' })
  facts.calendarYear = code

  const body = { title: 'Ôn tập về đoạn thẳng', subject: 'toan', grade: 6 }
  const key = 'tuong-thich-1'
  const made = await teacher.send('POST', '/api/v1/lessons', { body: JSON.stringify(body), type: 'application/json', headers: { 'Idempotency-Key': key } })
  facts.replay = { person: 'giaovien', key, path: '/api/v1/lessons', request: JSON.stringify(body), status: made.status, body: made.text }
}

async function importRoster(kind, csv) {
  const { quantri: admin } = people
  const { id } = JSON.parse((await admin.file('/api/v1/roster-imports', `${kind}.csv`, csv, 'text/csv', { kind })).text)
  await admin.api('POST', `/roster-imports/${id}/commit`)
}

/** Heartbeats that the server has counted. */
async function watch() {
  const open = await fetch(`${url}/api/v1/lessons/${facts.lesson}/playback-sessions`, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: '{}' })
  const session = await open.json()
  await sleep(14_000) // more than was played by the server's clock is not counted
  const beat = await fetch(`${url}/api/v1/heartbeats`, { method: 'POST', headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify([{ token: session.token, sequence: 1, played: [[0, 13]], seconds: 13, position: 13, rate: 1 }]) })
  assert.equal((await beat.json()).accepted, 1)
  await until('counted', async () => (await people.giaovien.api('GET', `/lessons/${facts.lesson}/ledger`)).web?.views === 1)
}

/** What plays: the address of every part of one rung, by hash. */
async function media() {
  const l = await people.giaovien.api('GET', `/lessons/${facts.lesson}`)
  const master = l.hls ?? l.playback?.hls ?? l.media?.hls
  assert.ok(master, `no playlist in ${JSON.stringify(l)}`)
  const get = async (at) => {
    const r = await fetch(at)
    assert.equal(r.status, 200, String(at))
    return Buffer.from(await r.arrayBuffer())
  }
  facts.media = {}
  const base = new URL(master, url)
  const lists = String(await get(base)).match(/[^\s"]+\.m3u8[^\s"]*/g)
  for (const list of new Set(lists)) {
    const at = new URL(list, base)
    const text = String(await get(at))
    for (const part of new Set(text.match(/[^\s"]+\.(?:m4s|mp4)(?=[\s"?]|$)/gm))) {
      const bytes = await get(new URL(part, at))
      facts.media[new URL(part, at).pathname.split('/').slice(-2).join('/')] = sha256(bytes)
    }
  }
  assert.ok(Object.keys(facts.media).length > 3, JSON.stringify(facts.media))
}

async function reportAndBackup() {
  const { chuyenvien: reviewer } = people
  const made = await reviewer.api('POST', '/reports', { from: day(-7), to: day(1), by: 'lesson' })
  const { text } = await reviewer.send('GET', `/api/v1/reports/${made.id}`)
  writeFileSync(join(output, 'report.json'), text)
  facts.reportKey = (await (await fetch(`${url}/api/v1/report-key`)).json()).hex
  const key = join(work, 'backup.key')
  writeFileSync(key, passphrase)
  writeFileSync(join(output, 'openapi.json'), await (await fetch(`${url}/api/v1/openapi.json`)).text())
  run('report', 'verify', join(output, 'report.json'), '--key', facts.reportKey)
  run('backup', '--data', data, '--to', join(work, 'backup'), '--key', key)
}

const profile = join(work, 'profile')
const open = () => chromium.launchPersistentContext(profile, { executablePath: process.env.LENLOP_TEST_CHROMIUM ?? '/usr/bin/chromium', locale: 'vi-VN',
  timezoneId: 'Asia/Ho_Chi_Minh', args: ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking', '--disable-component-update',
    '--disable-sync', '--autoplay-policy=no-user-gesture-required', '--disk-cache-size=1'] })

/** A student's browser: a lesson kept, watched without the server, and a visit that was cut off. */
async function browser() {
  const context = await open()
  context.setDefaultTimeout(180_000)
  const page = await context.newPage()
  await until('something to keep', async () => {
    await page.goto(`${url}/lessons/${facts.lesson}`)
    return page.locator('.keep-form input').count()
  })
  const choices = await page.locator('.keep-form input').evaluateAll((all) => all.map((i) => i.value))
  facts.kept = choices.find((c) => /p$/.test(c)) ?? choices[0]
  await page.check(`.keep-form input[value="${facts.kept}"]`)
  await page.click('.keep-form button')
  await page.locator('.keep-open').waitFor()
  // A visit to the lesson's own page none of whose heartbeats finds a network.
  await page.addInitScript(() => {
    const send = globalThis.fetch
    globalThis.fetch = (to, options) => (String(to).endsWith('/heartbeats') ? Promise.reject(new TypeError('no network')) : send(to, options))
  })
  await page.goto(`${url}/lessons/${facts.lesson}`)
  await page.locator('video').waitFor({ state: 'attached' })
  await page.evaluate(() => document.querySelector('.start, .player button')?.click())
  await page.evaluate(() => document.querySelector('video').play().catch(() => 0))
  await until('a view', () => page.evaluate(() => document.querySelector('video').currentTime > 15))
  await page.evaluate(() => Object.defineProperty(navigator, 'onLine', { get: () => false }))
  await page.goto('about:blank')
  await until('the worker has the kept page', async () => {
    await page.goto(`${url}/kept`)
    return page.evaluate(async () => !!(await caches.match('/kept')))
  })
  await page.goto('about:blank')
  await stop()
  await page.goto(`${url}/kept`)
  await page.click('.kept-list button.primary:visible')
  await until('a view offline', () => page.evaluate(() => document.querySelector('video').currentTime > 14))
  await page.evaluate(() => document.querySelector('video').pause())
  facts.browser = await until('a run and beats', () => page.evaluate(() => {
    const all = Object.fromEntries(Object.keys(localStorage).map((k) => [k, localStorage.getItem(k)]))
    return all['lenlop-runs'] && all['lenlop-beats'] && all
  }), 30_000)
  facts.caches = await page.evaluate(async () => {
    const out = {}
    for (const name of await caches.keys()) out[name] = (await (await caches.open(name)).keys()).map((r) => new URL(r.url).pathname).sort()
    return out
  })
  await page.goto('about:blank')
  await sleep(2000) // localStorage is written with a delay
  await context.close()
  execFileSync('tar', ['-C', profile, '-czf', join(output, 'profile.tar.gz'), '--exclude=*Code Cache*', '--exclude=*Cache_Data*', '--exclude=*GPUCache*',
    '--exclude=LOCK', ...['Local State', 'Default/Preferences', 'Default/Cookies', 'Default/Local Storage', 'Default/Service Worker', 'Default/IndexedDB',
      'Default/WebStorage', 'Default/shared_proto_db'].filter((p) => existsSync(join(profile, p)))])
}

/** What the release itself counts when the profile comes back to the network. */
async function delivered() {
  const counted = async () => (await (await person('giaovien')).api('GET', `/lessons/${facts.lesson}/ledger`)).web
  facts.webBefore = await counted()
  const context = await open()
  context.setDefaultTimeout(120_000)
  const page = await context.newPage()
  await page.goto(`${url}/kept`)
  await until('delivered', () => page.evaluate(() => !localStorage.getItem('lenlop-runs')))
  facts.webAfterVisit = await until('the visit counted', async () => {
    const web = await counted()
    return web.views === 2 && web
  })
  await page.goto(`${url}/lessons/${facts.lesson}`)
  await page.evaluate(() => document.querySelector('.start, .player button')?.click())
  await until('beats delivered', () => page.evaluate(() => !localStorage.getItem('lenlop-beats')))
  await page.close()
  await context.close()
  await sleep(3000)
  facts.webAfterDelivery = await counted()
  assert.deepEqual([facts.webBefore.views, facts.webAfterVisit.offlineViews], [1, 1])
}

/** What is unfinished when the power goes. */
async function unfinished() {
  for (const u of Object.keys(people)) people[u] = await person(u)
  const { giaovien: teacher, chuyenvien: reviewer, dai: station } = people
  const file = recording('dang-do.mp4', 6, 90)
  const bytes = readFileSync(file)
  writeFileSync(join(output, 'unfinished.mp4'), bytes)
  const tus = async (lesson) => {
    const meta = `lesson ${Buffer.from(lesson).toString('base64')},filename ${Buffer.from('dang-do.mp4').toString('base64')}`
    const r = await teacher.send('POST', '/api/v1/tus', { headers: { 'Tus-Resumable': '1.0.0', 'Upload-Length': String(bytes.length), 'Upload-Metadata': meta } })
    return r.location
  }
  const send = async (at, from, to) => {
    const r = await teacher.send('PATCH', at, { body: bytes.subarray(from, to), headers: { 'Tus-Resumable': '1.0.0', 'Upload-Offset': String(from), 'Content-Type': 'application/offset+octet-stream' } })
    assert.equal(Number(r.headers.get('Upload-Offset')), to)
  }
  const draft = async (title) => (await teacher.api('POST', '/lessons', { title, subject: 'toan', grade: 6 })).id
  const lesson = await draft('Bài tải lên dở dang')
  const at = await tus(lesson)
  const third = Math.floor(bytes.length / 3)
  await send(at, 0, 1000)
  await send(at, 1000, third)
  await send(at, third, 2 * third)
  facts.upload = { lesson, path: at, offset: 2 * third, size: bytes.length }
  // These are asked for at once, and the power goes before any can be done.
  const busy = await draft('Bài đang xử lý')
  const other = await tus(busy)
  facts.busy = busy
  await send(other, 0, bytes.length - 10)
  await Promise.all([
    station.api('POST', `/lessons/${facts.short}/broadcast-copies`, { channelId: 'demo-tinh' }),
    reviewer.form('/notices/new', { title: 'Họp phụ huynh', body: 'Tối thứ Sáu.', for: 'all' }),
    send(other, bytes.length - 10, bytes.length),
    teacher.api('PUT', `/lessons/${facts.lesson}/chapters`, [{ at: 0, title: 'Mở đầu' }, { at: 9, title: 'Luyện tập' }]),
  ])
  await stop('SIGKILL')
}

rmSync(output, { recursive: true, force: true })
mkdirSync(output, { recursive: true })
try {
  await start()
  const step = async (name, fn) => {
    console.log(new Date().toISOString(), name)
    await fn()
  }
  await step('fill', fill)
  await step('watch', watch)
  await step('media', media)
  await step('report and backup', reportAndBackup)
  await step('browser', browser)
  await start()
  await step('unfinished', unfinished)
  execFileSync('tar', ['-C', work, '-czf', join(output, 'backup.tar.gz'), 'backup'])
  facts.finishedAt = new Date().toISOString()
  // Objects carry their attributes as extended attributes of their files.
  execFileSync('tar', ['-C', work, '--xattrs', '--xattrs-include=user.*', '--exclude=data/run', '--exclude=*.sock', '--exclude=data/lock', '-czf', join(output, 'data.tar.gz'), 'data'])
  const killed = join(work, 'killed')
  execFileSync('cp', ['-a', data, killed]) // with extended attributes
  await start()
  await step('delivered', delivered)
  await stop()
  writeFileSync(join(output, 'facts.json'), `${JSON.stringify(facts, null, 1)}\n`)
  await step('postgres', () => postgresDump({ binary, data: killed, work, output }))
} finally {
  if (server && server.exitCode === null && server.signalCode === null) server.kill('SIGKILL')
  if (!process.env.LENLOP_COMPAT_KEEP) rmSync(work, { recursive: true, force: true })
  else console.log('left in', work)
}
