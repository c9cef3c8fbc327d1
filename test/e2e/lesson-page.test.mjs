// What stands around the player: two taps from the first page to playing, going
// on elsewhere when signed in, the next lesson, a problem reported and answered,
// sharing and link cards, the player in another site's frame, and paper.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { end, scratch, shoot, signIn, start, tooWide, visitor } from './server.mjs'

let site
let staff
const lessons = []

const ask = (page, method, path, body) =>
  page.evaluate(
    async ([method, path, body]) => {
      const r = await fetch(`/api/v1${path}`, { method, body: body && JSON.stringify(body), headers: { 'Content-Type': 'application/json' } })
      const text = await r.text()
      return { status: r.status, body: text ? JSON.parse(text) : null }
    },
    [method, path, body],
  )

async function until(what, so, limit = 240_000) {
  for (const stop = Date.now() + limit; ; ) {
    const got = await so()
    if (got) return got
    assert.ok(Date.now() < stop, what)
    await new Promise((ok) => setTimeout(ok, 200))
  }
}

async function look(page, name) {
  await shoot(page, name)
  assert.ok((await tooWide(page)) <= 0, `${name} is wider than 360 px`)
  assert.deepEqual(page.complaints, [], name)
  assert.doesNotMatch(await page.locator('body').innerText(), /\[[a-z_]+\.[a-z_.]+\]/, `${name} shows a key`)
}

const at = (page) => page.evaluate(() => document.querySelector('video').currentTime)

before(async () => {
  const file = join(scratch, 'ngan.mp4')
  execFileSync('ffmpeg', ['-v', 'error', '-nostdin', '-y', '-f', 'lavfi', '-i', 'testsrc2=s=320x180:r=5:d=60', '-f', 'lavfi', '-i', 'sine=f=440:d=60',
    '-c:v', 'libx264', '-preset', 'ultrafast', '-pix_fmt', 'yuv420p', '-c:a', 'aac', file])
  site = await start(join(scratch, 'lesson-page'), { args: ['--demo', '--no-demo-lessons'] })
  staff = await visitor(site.url)
  const reviewer = await visitor(site.url)
  await signIn(staff, site.url, 'giaovien')
  await signIn(reviewer, site.url, 'chuyenvien')
  for (const [title, week] of [['Phân số bằng nhau', 3], ['Rút gọn phân số', 4]]) {
    const { body } = await ask(staff, 'POST', '/lessons', { title, subject: 'toan', grade: 4, week, description: 'Mang theo giấy và bút.' })
    await staff.goto(`${site.url}/teacher/lessons/${body.id}`)
    await staff.setInputFiles('#file', file)
    lessons.push(body.id)
    await until('received', async () => (await ask(staff, 'GET', `/lessons/${body.id}`)).body.media.state !== 'none')
  }
  for (const id of lessons) {
    await until('ready', async () => (await ask(staff, 'GET', `/lessons/${id}`)).body.media.state === 'ready')
    assert.ok((await ask(staff, 'POST', `/lessons/${id}/submit`)).status < 300)
    assert.ok((await ask(reviewer, 'POST', `/lessons/${id}/approve`)).status < 300)
  }
})

after(async () => {
  await site?.stop()
  await end()
})

test('two taps from the first page to playing, and what was begun is offered again', async () => {
  const page = await visitor(site.url)
  await page.goto(`${site.url}/`)
  await page.getByRole('link', { name: /Phân số bằng nhau/ }).first().click()
  await page.locator('.player-cover').click()
  await until('plays', async () => (await at(page)) > 1)
  await page.evaluate(() => (document.querySelector('video').currentTime = 20))
  await until('goes on', async () => (await at(page)) > 20.5)
  await page.evaluate(() => document.querySelector('video').pause())
  await page.goto(`${site.url}/`)
  await page.getByText(/Đã xem đến 0:2\d \/ 1:00/).waitFor()
  await look(page, 'home-go-on')
  await page.locator('.recent a').first().click()
  await page.getByRole('link', { name: /Xem tiếp từ 0:2/ }).waitFor()
  await look(page, 'lesson-go-on')
  // At the end the next lesson of the week order is offered, and home forgets this one.
  await page.locator('.player-cover').click()
  await until('plays again', async () => (await at(page)) > 20)
  await page.evaluate(() => (document.querySelector('video').currentTime = 59))
  await page.getByRole('link', { name: /Xem bài tiếp theo: Rút gọn phân số/ }).waitFor({ timeout: 60_000 })
  await look(page, 'lesson-ended')
  await page.goto(`${site.url}/`)
  await until('forgotten', async () => (await page.locator('.recent').count()) === 0)
  await page.context().close()
})

test('signed in, another device goes on at the same place', async () => {
  const phone = await visitor(site.url)
  await signIn(phone, site.url, 'hocsinh')
  await phone.goto(`${site.url}/lessons/${lessons[1]}`)
  await phone.locator('.player-cover').click()
  await until('plays', async () => (await at(phone)) > 1)
  await phone.evaluate(() => (document.querySelector('video').currentTime = 30))
  await until('goes on', async () => (await at(phone)) > 30.5)
  const told = phone.waitForResponse((r) => r.url().endsWith('/bookmark') && r.request().postDataJSON().position > 30)
  await phone.evaluate(() => document.querySelector('video').pause())
  assert.equal((await told).status(), 204)
  const other = await visitor(site.url)
  await signIn(other, site.url, 'hocsinh')
  await other.goto(`${site.url}/`)
  await other.getByText(/Đã xem đến 0:3\d/).waitFor()
  await other.goto(`${site.url}/lessons/${lessons[1]}`)
  await other.getByRole('link', { name: /Xem tiếp từ 0:3/ }).click()
  await until('begins there', async () => (await at(other)) > 30)
  await phone.context().close()
  await other.context().close()
})

test('a problem is reported without scripts, and its teacher closes it', async () => {
  const page = await visitor(site.url, { javaScriptEnabled: false })
  await page.goto(`${site.url}/lessons/${lessons[0]}`)
  await page.getByRole('link', { name: 'Báo lỗi bài này' }).click()
  await page.getByLabel('Không có tiếng, hoặc nghe không rõ').check()
  await page.fill('#text', '<b>Mất tiếng</b> từ phút 1')
  await page.getByRole('button', { name: 'Gửi cho thầy cô' }).click()
  await page.getByText('Đã gửi. Cảm ơn bạn!').waitFor()
  await page.context().close()
  const form = await visitor(site.url)
  await form.goto(`${site.url}/lessons/${lessons[0]}/problem`)
  await look(form, 'problem-form')
  await form.context().close()
  await staff.goto(`${site.url}/problems`)
  await staff.getByText('<b>Mất tiếng</b> từ phút 1').waitFor()
  await look(staff, 'problems')
  await staff.getByRole('button', { name: 'Đã xử lý xong' }).first().click()
  await staff.getByText('Không có lỗi nào đang chờ.').waitFor()
})

test('the link card names a picture that is there', async () => {
  const page = await visitor(site.url)
  await page.goto(`${site.url}/lessons/${lessons[0]}`)
  const card = await page.evaluate(() => Object.fromEntries([...document.querySelectorAll('meta[property^="og:"]')].map((m) => [m.getAttribute('property'), m.content])))
  assert.equal(card['og:title'], 'Phân số bằng nhau')
  assert.equal(card['og:url'], `${site.url}/lessons/${lessons[0]}`)
  const picture = await page.request.get(card['og:image'])
  assert.equal(picture.headers()['content-type'], 'image/jpeg')
  assert.ok((await picture.body()).length > 500)
  await page.locator('.share summary').click()
  await look(page, 'lesson-share')
  const pdf = await page.pdf({ path: join(scratch, 'bai.pdf'), format: 'A4' })
  assert.ok(pdf.length > 5000)
  await page.emulateMedia({ media: 'print' })
  for (const gone of ['.player-stage', '.player-tools', '.ways-out', '.following']) assert.ok(!(await page.locator(gone).first().isVisible()), `${gone} on paper`)
  assert.ok(await page.locator('.paper .qr').isVisible())
  await page.context().close()
})

test('another site may frame the player, and nothing else', async (t) => {
  const frames = createServer((q, r) => {
    r.setHeader('Content-Type', 'text/html; charset=utf-8')
    r.end(`<iframe name="f" src="${site.url}${q.url}" width="640" height="440"></iframe>`)
  })
  t.after(() => frames.close())
  const port = await new Promise((ok) => frames.listen(0, '127.0.0.1', () => ok(frames.address().port)))
  const page = await visitor(site.url)
  const shown = async (path) => {
    await page.goto(`http://localhost:${port}${path}`)
    return page.frame('f').locator('video').count().catch(() => 0)
  }
  assert.equal(await shown(`/embed/${lessons[0]}`), 1)
  const frame = page.frame('f')
  await frame.locator('.player-cover').click()
  await until('plays in a frame', async () => (await frame.evaluate(() => document.querySelector('video').currentTime)) > 1)
  assert.deepEqual(await page.context().cookies(site.url), [], 'a frame leaves no cookie')
  await page.screenshot({ path: join(scratch, 'embed.png') })
  assert.equal(await shown(`/lessons/${lessons[0]}`), 0)
  const plain = await page.request.get(`${site.url}/lessons/${lessons[0]}`)
  assert.match(plain.headers()['content-security-policy'], /frame-ancestors 'none'/)
  assert.equal(plain.headers()['x-frame-options'], 'DENY')
  assert.equal((await page.request.get(`${site.url}/embed/khong-co`, { headers: { Accept: 'text/html' } })).status(), 404)
  await page.context().close()
})
