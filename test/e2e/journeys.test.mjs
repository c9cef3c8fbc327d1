// The three journeys as people make them, in a real browser: a teacher uploads
// and reloads in the middle, a reviewer approves, a student finds and watches
// and is counted once, the station airs and the department compares.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { day, end, password, recording, scratch, shoot, signIn, start, tooWide, visitor } from './server.mjs'
import { strict } from './playlists.mjs'

const title = 'Hệ thức lượng trong tam giác vuông'
let site
let file
let lesson
let airedOn // the local day of the airing

before(async () => {
  file = recording()
  site = await start(join(scratch, 'data'), { args: ['--demo', '--no-demo-lessons'] })
})

after(async () => {
  await site?.stop()
  await end()
})

/** Follows the lesson as the page's person may see it until it is so. */
async function until(page, so, limit = 60_000) {
  for (const end = Date.now() + limit; ; ) {
    const l = await page.evaluate(async (id) => (await fetch(`/api/v1/lessons/${id}`)).json(), lesson)
    if (so(l)) return l
    assert.ok(Date.now() < end, `still ${l.status}, ${JSON.stringify(l.media)}, ${l.failure?.detail ?? ''}`)
    await new Promise((ok) => setTimeout(ok, 500))
  }
}

/** Clicks what sends a form, and waits for the answer's page. */
const send = (page, button) => Promise.all([page.waitForNavigation({ waitUntil: 'load' }), button.click()])

/** Pages are looked at, and nothing on them may be wide, foreign or broken. */
async function look(page, name) {
  await shoot(page, name)
  assert.ok((await tooWide(page)) <= 0, `${name} is wider than 360 px by ${await tooWide(page)} px`)
  assert.deepEqual(page.foreignRequests, [], `${name} asks other hosts`)
  assert.deepEqual(page.complaints, [], `${name} complains`)
  const text = await page.locator('body').innerText()
  assert.doesNotMatch(text, /\[[a-z_]+\.[a-z_.]+\]/, `${name} shows a key instead of a sentence`)
}

test('a teacher uploads, reloads in the middle, and submits', async () => {
  const page = await visitor(site.url)
  await page.goto(`${site.url}/signin`)
  await look(page, 'signin')
  await page.fill('#username', 'giaovien')
  await page.fill('#password', 'sai-mat-khau')
  await page.click('main button')
  await page.getByRole('alert').waitFor()
  assert.equal(await page.inputValue('#username'), 'giaovien', 'what was typed is kept')
  await look(page, 'signin-wrong')
  await signIn(page, site.url, 'giaovien')
  await look(page, 'teacher-empty')

  await page.goto(`${site.url}/teacher/lessons/new`)
  await page.fill('#title', title)
  await page.selectOption('#grade', '9')
  await page.selectOption('#subject', 'toan')
  await page.selectOption('#week', '3')
  await page.fill('#description', 'Tìm cạnh và đường cao của tam giác vuông.')
  await look(page, 'teacher-new')
  await page.click('main button.primary')
  await page.waitForURL(/\/teacher\/lessons\/[0-9a-f-]{36}/)
  lesson = page.url().match(/lessons\/([0-9a-f-]{36})/)[1]
  await look(page, 'teacher-draft')

  // A line on which only the first part gets through, so that the reload falls
  // into the middle.
  const partOf = (request) => new URL(request.url()).searchParams.get('partNumber')
  const parts = (u) => u.searchParams.has('partNumber')
  await page.route(parts, (route) => (partOf(route.request()) === '1' ? route.continue() : undefined))
  const puts = []
  page.on('request', (r) => {
    if (r.method() === 'PUT') puts.push(partOf(r))
  })
  await page.setInputFiles('#file', file)
  await page.waitForResponse((r) => r.request().method() === 'PUT' && r.ok(), { timeout: 60_000 })
  await look(page, 'teacher-uploading')
  await page.reload()
  const upload = await page.locator('#upload').getAttribute('data-upload')
  assert.ok(upload, 'the page knows of the open upload after the reload')
  const token = await page.request.post(`${site.url}/api/v1/tokens`, { data: { username: 'giaovien', password } })
  const headers = { Authorization: `Bearer ${(await token.json()).token}` }
  const seen = await (await page.request.get(`${site.url}/api/v1/uploads/${upload}`, { headers })).json()
  assert.deepEqual(seen.received.map((p) => p.number), [1], 'storage has the first part')
  await look(page, 'teacher-resume')
  await page.unroute(parts)
  puts.length = 0
  await page.setInputFiles('#file', file)
  await until(page, (l) => ['checking', 'processing', 'ready'].includes(l.media.state))
  assert.ok(puts.length >= 2 && !puts.includes('1'), `the part that had arrived is not sent again (sent: ${puts})`)

  await page.locator(`#recording a[href="/lessons/${lesson}"]`).waitFor({ timeout: 120_000 }) // playable, perhaps still growing
  const growing = await until(page, (l) => l.media.playable)
  const first = await strict(page, new URL(growing.playback.hls, site.url).href)
  assert.ok(first.type === 'EVENT' || growing.media.state === 'ready', `growing playlists are ${first.type}`)
  await look(page, 'teacher-preparing')
  await page.goto(`${site.url}/teacher/lessons/${lesson}`)
  await send(page, page.locator('#submit button.primary'))
  await until(page, (l) => l.status === 'submitted')
  const ready = await until(page, (l) => l.media.state === 'ready', 500_000)
  const whole = await strict(page, new URL(ready.playback.hls, site.url).href)
  assert.equal(whole.type, 'VOD')
  assert.ok(Math.abs(whole.seconds - ready.durationSeconds) < 0.5, `playlists of ${whole.seconds} s, a lesson of ${ready.durationSeconds} s`)
  await page.reload()
  await look(page, 'teacher-ready')
  await page.goto(`${site.url}/teacher`)
  await look(page, 'teacher-list')
  await page.goto(`${site.url}/account`)
  await look(page, 'account')
  await page.context().close()
})

test('a reviewer approves, and it is published', async () => {
  const page = await visitor(site.url)
  await signIn(page, site.url, 'chuyenvien')
  await look(page, 'review-queue')
  await page.getByRole('link', { name: title }).first().click()
  await page.waitForURL(/\/review\//)
  await look(page, 'review-lesson')
  await send(page, page.locator('form[action$="/approve"] button.primary'))
  const state = await page.evaluate(async (id) => (await (await fetch(`/api/v1/lessons/${id}`)).json()).status, lesson)
  assert.equal(state, 'published')
  await look(page, 'review-done')
  await page.context().close()
})

test('a student searches without diacritics, watches, and is counted once', async () => {
  const page = await visitor(site.url)
  await page.goto(site.url)
  await look(page, 'home')
  await page.goto(`${site.url}/search?q=he+thuc+luong`)
  await look(page, 'search')
  await page.goto(`${site.url}/search?q=khong+co+bai+nay+dau`)
  await look(page, 'search-nothing')
  await page.goto(`${site.url}/search?q=he+thuc+luogn`)
  await page.getByRole('link', { name: title }).first().click()
  await page.waitForURL(/\/lessons\//)
  await look(page, 'lesson')
  assert.equal((await page.request.get(`${site.url}/lessons/khong-co`)).status(), 404)

  const beats = []
  page.on('response', (r) => {
    if (r.url().endsWith('/heartbeats')) beats.push(r.status())
  })
  await page.evaluate(() => {
    const v = document.querySelector('video')
    v.muted = false
    document.querySelector('.player-cover')?.click()
  })
  await page.waitForFunction(() => document.querySelector('video').currentTime > 1, null, { timeout: 30_000 })
  await page.evaluate(() => {
    document.querySelector('video').playbackRate = 2
  })
  await look(page, 'lesson-playing')
  await page.waitForFunction(() => document.querySelector('video').currentTime > 40, null, { timeout: 60_000 })
  const heard = await page.evaluate(() => {
    const v = document.querySelector('video')
    return { sound: v.webkitAudioDecodedByteCount, frames: v.getVideoPlaybackQuality().totalVideoFrames, error: v.error?.message ?? '' }
  })
  assert.equal(heard.error, '')
  assert.ok(heard.sound > 0, 'sound is decoded')
  assert.ok(heard.frames > 100, `pictures are decoded (${heard.frames})`)
  // Data-saver and sound alone are plain files: the browser goes on in them
  // where it was, and back to the ladder.
  const at = () => page.evaluate(() => document.querySelector('video').currentTime)
  for (const [choice, source] of [['saver', /\/files\/.+\/saver\.mp4$/], ['sound', /\/files\/.+\/sound\.m4a$/], ['auto', /^blob:/]]) {
    const was = await at()
    await page.locator('select[name=quality]').selectOption(choice)
    await page.waitForFunction(([t, source]) => {
      const v = document.querySelector('video')
      return v.currentTime > t + 1 && new RegExp(source).test(v.currentSrc)
    }, [was, source.source], { timeout: 60_000 })
    assert.ok((await at()) < was + 30, `${choice}: from ${was} to ${await at()}`)
  }
  assert.ok((await page.locator('a[download]').count()) >= 2, 'the lesson can be kept')
  await page.evaluate(() => document.querySelector('video').pause())
  await page.waitForTimeout(1500)
  await page.goto(site.url) // leaving sends the last heartbeat
  assert.ok(beats.length > 0 && beats.every((s) => s === 202), `heartbeats: ${beats}`)
  await page.goto(`${site.url}/tv`)
  await look(page, 'tv-empty')
  await page.context().close()
})

test('the station airs it: a clash is refused, as-run and a figure are taken', async () => {
  const page = await visitor(site.url)
  airedOn = day(-1)
  await signIn(page, site.url, 'dai')
  await look(page, 'station-empty')
  const plan = async (start) => {
    await page.goto(`${site.url}/station/airings/new?lesson=${lesson}`)
    await page.selectOption('#channelId', { label: 'Truyền hình tỉnh' })
    await page.fill('#day', airedOn)
    await page.fill('#startsAt', start)
    await page.fill('#minutes', '20')
    await page.fill('#houseNumber', 'GD-001')
  }
  await plan('08:00')
  await look(page, 'station-plan')
  await send(page, page.locator('main form button.primary'))
  await plan('08:10')
  await send(page, page.locator('main form button.primary'))
  await page.getByRole('alert').first().waitFor()
  assert.match(await page.getByRole('alert').first().innerText(), /Trùng giờ/)
  assert.equal(await page.inputValue('#startsAt'), '08:10', 'what was typed is kept')
  await look(page, 'station-clash')

  const airings = await page.evaluate(async () => (await (await fetch('/api/v1/airings')).json()).items)
  assert.equal(airings.length, 1)
  await page.goto(`${site.url}/station/airings/${airings[0].id}`)
  await look(page, 'station-airing')
  await page.check('input[name=outcome][value=aired]')
  await send(page, page.locator('form[action$="/as-run"] button').first())
  await page.fill('#value', '2140')
  await page.selectOption('#grade', 'E')
  await page.fill('#source', 'Phiếu của đài ngày hôm qua')
  await send(page, page.locator('form[action$="/figures"] button.primary'))
  await look(page, 'station-figure')
  assert.match(await page.locator('main').innerText(), /2\.140/)
  await page.goto(`${site.url}/station?day=${airedOn}`)
  await look(page, 'station-week')
  await page.context().close()
})

test('the department sees television and web side by side', async () => {
  const page = await visitor(site.url)
  await signIn(page, site.url, 'chuyenvien')
  await page.goto(`${site.url}/department`)
  await look(page, 'department')
  // Without a period the page shows this week, and on a Monday yesterday's airing lies in the last one.
  await page.goto(`${site.url}/department?from=${airedOn}&to=${day()}`)
  await look(page, 'department-period')
  const row = page.locator('tr', { hasText: title })
  assert.match(await row.first().innerText(), /2\.140/)
  await page.goto(`${site.url}/department/lessons/${lesson}`)
  await look(page, 'department-ledger')
  const ledger = await page.evaluate(async (id) => (await fetch(`/api/v1/lessons/${id}/ledger`)).json(), lesson)
  assert.equal(ledger.web.views, 1, 'one view, however many heartbeats')
  assert.equal(ledger.web.viewers, 1)
  assert.equal(ledger.airings[0].figures[0].value, 2140)
  await page.goto(`${site.url}/tv`)
  await look(page, 'tv')
  await page.context().close()
})

test('the other desks', async () => {
  const admin = await visitor(site.url)
  await signIn(admin, site.url, 'quantri')
  for (const [path, name] of [['/admin', 'admin'], ['/admin/jobs', 'admin-jobs'], ['/admin/people', 'admin-people'], ['/admin/schools', 'admin-schools'], ['/api/v1/docs', 'api-docs']]) {
    const res = await admin.goto(site.url + path)
    assert.equal(res.status(), 200, path)
    await look(admin, name)
  }
  await admin.context().close()
  for (const [person, pages] of [
    ['dai', [['/station/figures', 'station-figures'], ['/station/as-run', 'station-as-run'], ['/station/channels/new', 'station-channel']]],
    ['chuyenvien', [['/department/flags', 'department-flags'], ['/department/reports', 'department-reports']]],
  ]) {
    const page = await visitor(site.url)
    await signIn(page, site.url, person)
    for (const [path, name] of pages) {
      const res = await page.goto(site.url + path)
      assert.equal(res.status(), 200, path)
      await look(page, name)
    }
    await page.context().close()
  }
  const viewer = await visitor(site.url)
  for (const [path, name] of [['/tv/code', 'tv-code'], ['/tv/week', 'tv-week']]) {
    const res = await viewer.goto(site.url + path)
    assert.equal(res.status(), 200, path)
    await look(viewer, name)
  }
  await viewer.context().close()
  const head = await visitor(site.url)
  await signIn(head, site.url, 'hieutruong')
  await head.goto(`${site.url}/school`)
  await look(head, 'school')
  await head.goto(`${site.url}/khong-co-trang-nay`)
  await look(head, 'not-found')
  await head.context().close()
  const english = await visitor(site.url, { locale: 'en-GB' })
  await english.goto(`${site.url}/?lang=en`)
  await look(english, 'home-en')
  await english.context().close()
  const plain = await visitor(site.url, { javaScriptEnabled: false })
  await plain.goto(`${site.url}/search?q=tam+giac`)
  assert.ok(await plain.getByRole('link', { name: title }).count(), 'finding works without JavaScript')
  await plain.context().close()
})
