// A lesson spoken in two languages, with captions found inside and others typed:
// the choice changes what is really heard, and hostile captions stay words.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { end, scratch, shoot, signIn, start, tooWide, visitor } from './server.mjs'
import { strict } from './playlists.mjs'
import { analysed } from './watching.mjs'

let site
let page
let lesson

/** A recording of 14 s: two tones as two languages, and a text track. */
function recording() {
  const out = join(scratch, 'hai-thu-tieng.mkv')
  const words = join(scratch, 'loi.srt')
  writeFileSync(words, '1\n00:00:01,000 --> 00:00:05,000\nChào các em\n\n2\n00:00:06,000 --> 00:00:10,000\nHôm nay học <i>phân số</i>\n')
  execFileSync('ffmpeg', ['-v', 'error', '-nostdin', '-y', '-f', 'lavfi', '-i', 'testsrc2=s=320x180:r=25:d=14', '-f', 'lavfi', '-i', 'sine=f=440:r=48000:d=14',
    '-f', 'lavfi', '-i', 'sine=f=1000:r=48000:d=14', '-i', words, '-map', '0', '-map', '1', '-map', '2', '-map', '3', '-c:v', 'libx264', '-preset', 'ultrafast',
    '-pix_fmt', 'yuv420p', '-c:a', 'pcm_s16le', '-c:s', 'srt', '-metadata:s:a:0', 'language=vie', '-metadata:s:s:0', 'language=vie', out])
  return out
}

/** Asks the API as the person of the page. */
const ask = (method, path, body, type = 'application/json') =>
  page.evaluate(
    async ([method, path, body, type]) => {
      const r = await fetch(`/api/v1${path}`, { method, body, headers: body ? { 'Content-Type': type } : {} })
      return { status: r.status, body: r.status === 204 ? null : await r.json() }
    },
    [method, path, body && type === 'application/json' ? JSON.stringify(body) : body, type],
  )

async function until(so, limit = 120_000) {
  for (const stop = Date.now() + limit; ; ) {
    const { body } = await ask('GET', `/lessons/${lesson}`)
    if (so(body)) return body
    assert.ok(Date.now() < stop, JSON.stringify(body.media))
    await new Promise((ok) => setTimeout(ok, 500))
  }
}

async function hear(hertz, limit = 20_000) {
  let got = 0
  for (const stop = Date.now() + limit; Date.now() < stop; ) {
    got = Math.round(await page.evaluate(analysed))
    if (Math.abs(got - hertz) < 15) return
    await new Promise((ok) => setTimeout(ok, 200))
  }
  assert.fail(`heard ${got} Hz, expected ${hertz}`)
}

before(async () => {
  site = await start(join(scratch, 'data'), { args: ['--demo', '--no-demo-lessons'] })
  page = await visitor(site.url)
  await signIn(page, site.url, 'giaovien')
  const made = await ask('POST', '/lessons', { title: 'Hai thứ tiếng', subject: 'toan', grade: 4 })
  lesson = made.body.id
  await page.goto(`${site.url}/teacher/lessons/${lesson}`)
  await page.setInputFiles('#file', recording())
  await until((l) => l.media.state === 'ready' || l.media.state === 'failed')
})

after(async () => {
  await site?.stop()
  await end()
})

test('the teacher says which track speaks which language', async () => {
  await page.goto(`${site.url}/teacher/lessons/${lesson}`)
  await shoot(page, 'teacher-sounds')
  await page.selectOption('#language-audio2', 'hmn')
  await page.click('#sounds button')
  await page.getByRole('status').first().waitFor()
  const l = await until((x) => x.playback?.sounds?.[1].language === 'hmn')
  assert.deepEqual(l.playback.sounds, [{ rung: 'audio', language: 'vi', default: true }, { rung: 'audio2', language: 'hmn' }])
  const text = await page.evaluate(async (u) => (await fetch(u)).text(), l.playback.hls)
  assert.match(text, /NAME="Tiếng Mông",LANGUAGE="hmn",DEFAULT=NO/)
  await strict(page, l.playback.hls)
})

test('choosing a language changes what is heard', async () => {
  await page.goto(`${site.url}/lessons/${lesson}`)
  await page.evaluate(() => {
    document.querySelector('video').loop = true
  })
  await page.click('.player-cover')
  await hear(440)
  await page.selectOption('[name=sound]', '1')
  await hear(1000)
  await page.selectOption('[name=sound]', '0')
  await hear(440)
  assert.deepEqual(page.complaints, [])
  assert.deepEqual(page.foreignRequests, [])
})

test('data-saver keeps the language, and a chosen language is remembered', async () => {
  await page.selectOption('[name=sound]', '1')
  await page.selectOption('[name=quality]', 'saver')
  await hear(1000)
  await page.selectOption('[name=quality]', 'auto')
  await page.goto(`${site.url}/lessons/${lesson}`)
  assert.equal(await page.inputValue('[name=sound]'), '1')
  await page.evaluate(() => {
    document.querySelector('video').loop = true
  })
  await page.click('.player-cover')
  await hear(1000)
  await page.selectOption('[name=sound]', '0')
})

test('captions found inside are offered, accepted, shown and read along', async () => {
  for (const stop = Date.now() + 30_000; ; ) {
    const { body } = await ask('GET', `/lessons/${lesson}/captions`)
    if (body.items.length) break
    assert.ok(Date.now() < stop, 'no captions were found')
    await new Promise((ok) => setTimeout(ok, 300))
  }
  await page.goto(`${site.url}/teacher/lessons/${lesson}/captions`)
  await shoot(page, 'captions-offered')
  assert.ok((await tooWide(page)) <= 0, 'too wide')
  await page.click('button.primary:has-text("Dùng phụ đề này")')
  await page.getByText('Đã lưu phụ đề').waitFor()
  const chapters = await ask('PUT', `/lessons/${lesson}/chapters`, [{ at: 6, title: 'Phân số' }, { at: 0, title: 'Mở đầu' }])
  assert.deepEqual(chapters.body, [{ at: 0, title: 'Mở đầu' }, { at: 6, title: 'Phân số' }])
  await page.goto(`${site.url}/lessons/${lesson}`)
  await page.selectOption('[name=captions]', 'vi')
  await page.click('.transcript summary')
  await page.getByRole('link', { name: 'Hôm nay học phân số' }).click()
  await page.waitForFunction(() => document.querySelector('video').currentTime > 6.2)
  await page.waitForFunction(() => document.querySelector('.transcript [aria-current]')?.textContent.startsWith('Hôm nay'))
  assert.equal(await page.evaluate(() => document.querySelector('video').textTracks[0].mode), 'showing')
  await page.getByRole('link', { name: /Mở đầu/ }).click()
  await page.waitForFunction(() => document.querySelector('video').currentTime < 5)
  await shoot(page, 'lesson-along')
  assert.ok((await tooWide(page)) <= 0, 'too wide')
})

test('the editor keeps what was typed, saves, and hears from the player', async () => {
  await page.goto(`${site.url}/teacher/lessons/${lesson}/captions/vi`)
  await page.click('button[name=more]')
  assert.equal(await page.locator('form.rows li').count(), 8)
  await page.fill('#from-2', '0:11')
  await page.fill('#to-2', 'sai')
  await page.fill('#text-2', 'Hết <b>giờ</b> & nghỉ')
  await page.click('form.rows button.primary')
  await page.getByText('hãy ghi cả hai giờ').waitFor()
  assert.equal(await page.inputValue('#text-2'), 'Hết <b>giờ</b> & nghỉ')
  await page.fill('#to-2', '0:13')
  await shoot(page, 'captions-editor')
  assert.ok((await tooWide(page)) <= 0, 'too wide')
  await page.click('form.rows button.primary')
  await page.getByText('Đã lưu phụ đề').waitFor()
  assert.equal(await page.inputValue('#text-2'), 'Hết <b>giờ</b> & nghỉ')
  await page.click('.player-cover')
  await page.waitForFunction(() => document.querySelector('video').currentTime > 1)
  await page.click('button[data-go=from-2]')
  await page.waitForFunction(() => document.querySelector('video').currentTime >= 11)
  await page.click('button[data-moment=to-2]')
  assert.match(await page.inputValue('#to-2'), /^0:1[1-4]/)
})

test('hostile captions are words, or refused with the line', async () => {
  const bad = ['<script>window.pwned=1</script>', '<img src=x onerror="window.pwned=1">', '<c.a onclick=alert(1)>x</c>', '<b><svg onload=window.pwned=1>',
    '&lt;img src=x onerror=window.pwned=1&gt;', '<v <script>window.pwned=1</script>>x', '</ol></details><script>window.pwned=1</script>', '<a href="javascript:window.pwned=1">x</a>',
    '{\\an8}<font color=red onmouseover=alert(1)>x</font>', '\u202e<iframe srcdoc="<script>parent.pwned=1</script>">', '\u0000<script\u0000>window.pwned=1</script>', '::cue{}']
  const vtt = `WEBVTT <script>window.pwned=1</script>\n\nSTYLE\n::cue { background: url(/pwned) }\n\nREGION\nid:x\n\n${bad
    .map((t, i) => `<script>\n00:0${Math.floor(i / 10)}.${i % 10}00 --> 00:12.000 line:<script>\n${t}\n`)
    .join('\n')}`
  const put = await ask('PUT', `/lessons/${lesson}/captions/en`, vtt, 'text/vtt')
  assert.equal(put.status, 200, JSON.stringify(put.body))
  const text = await page.evaluate(async (u) => (await fetch(u)).text(), put.body.url)
  assert.doesNotMatch(text, /<(?!\/?[biu]>)|STYLE|REGION|line:/)
  const dialogs = []
  page.on('dialog', (d) => {
    if (d.type() !== 'beforeunload') dialogs.push(d.message()) // the editor asks about what was not saved
    d.accept()
  })
  await page.goto(`${site.url}/lessons/${lesson}`)
  await page.selectOption('[name=captions]', 'en')
  await page.click('.transcript summary')
  await page.waitForFunction(() => document.querySelectorAll('.transcript li').length > 5)
  await page.click('.player-cover')
  await page.waitForFunction(() => document.querySelector('video').currentTime > 2)
  assert.equal(await page.evaluate(() => window.pwned), undefined)
  assert.deepEqual(dialogs, [])
  assert.equal(await page.locator('.transcript script, .transcript img, .transcript iframe').count(), 0)
  const wrong = await ask('PUT', `/lessons/${lesson}/captions/en`, 'WEBVTT\n\n00:01.000 --> 999999999:00.000\nx\n', 'text/vtt')
  assert.equal(wrong.status, 422)
  assert.match(wrong.body.errors[0].message, /Dòng 3/)
  const huge = await ask('PUT', `/lessons/${lesson}/captions/en`, 'x'.repeat(10 << 20), 'text/vtt')
  assert.equal(huge.status, 413)
  assert.deepEqual(page.complaints.filter((c) => !/Content Security/.test(c)), [])
})
