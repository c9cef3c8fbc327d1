// Texts of hostile people, more than 300, stand in everything that pages show,
// and a real browser draws those pages: nothing may run, be asked of another
// host, or become an element. Where a page escapes nothing, they do run.
import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { end, root, scratch, visitor } from './server.mjs'
import { payloads } from './payloads.mjs'

const list = payloads()
let server
let child

/** Starts the whole product as Go's tests do, sown with the payloads. */
before(async () => {
  const file = join(scratch, 'payloads.json')
  writeFileSync(file, JSON.stringify(list.map((p) => p.text)))
  const binary = join(scratch, 'server.test')
  execFileSync('go', ['test', '-vet=off', '-c', '-o', binary, './test/system'], { cwd: root, stdio: 'inherit' })
  child = spawn(binary, ['-test.run', '^TestHostileSite$', '-test.timeout', '10m'], { cwd: join(root, 'test/system'), env: { ...process.env, LENLOP_TEST_PAYLOADS: file } })
  server = await new Promise((ok, no) => {
    let out = ''
    child.stdout.on('data', (d) => {
      out += d
      const m = out.match(/\nserver (\{.*\})\n/)
      if (m) ok(JSON.parse(m[1]))
    })
    child.stderr.on('data', (d) => {
      out += d
    })
    child.on('exit', () => no(new Error(`the server ended: ${out}`)))
  })
})

after(async () => {
  child?.stdin.end()
  await end()
})

/** Notes in every page what must never happen there. */
function tripwire() {
  window.__hits = []
  const hit = (what) => window.__hits.push(String(what))
  window.__xss = (n) => hit(`ran ${n}`)
  for (const f of ['alert', 'confirm', 'prompt', 'print', 'open']) window[f] = () => hit(f)
  document.addEventListener('securitypolicyviolation', (e) => hit(`policy: ${e.violatedDirective} ${e.blockedURI} ${e.sample}`), true)
}

/** What in a drawn page has come to life: elements, handlers, addresses. */
function alive() {
  const found = [...window.__hits]
  const wrong = (e, why) => found.push(`${why}: ${e.outerHTML.slice(0, 160)}`)
  const strange = 'iframe,object,embed,base,math,marquee,frame,applet,image,foreignObject,animate,style,xmp,noembed,x-y,c,v,ruby,[srcdoc],[http-equiv]'
  for (const e of document.querySelectorAll('*')) {
    if (e.matches(strange)) wrong(e, 'element')
    for (const a of e.attributes) {
      if (a.name.startsWith('on') || a.name === 'style') wrong(e, 'attribute')
      if (!['href', 'src', 'action', 'formaction', 'poster', 'data', 'xlink:href', 'srcset', 'background', 'ping'].includes(a.name) || !a.value) continue
      const to = new URL(a.value, location.href)
      const here = to.host === location.host && /^https?:$/.test(to.protocol)
      if (!here && !(e.tagName === 'IMG' && a.value.startsWith('data:image/png;base64,')) && to.protocol !== 'blob:') wrong(e, 'address')
    }
    if (e.tagName === 'SCRIPT' && !e.src && e.type !== 'application/json') wrong(e, 'script')
    if (e.tagName === 'IMG' && e.getAttribute('src') === 'x') wrong(e, 'picture')
  }
  const whole = document.body instanceof HTMLBodyElement && typeof document.cookie === 'string' && document.getElementById('main')?.tagName === 'MAIN' &&
    typeof document.getElementById === 'function' && document.documentElement instanceof HTMLHtmlElement && document.querySelectorAll('#q').length < 2
  if (!whole) found.push('the document was clobbered')
  return found
}

const opened = []

/** A browser of an account's, or of nobody's. */
async function as(account) {
  const page = await visitor(server.url)
  await page.context().addInitScript(tripwire)
  if (account) await page.context().addCookies([{ name: 'lenlop', value: server.cookies[account], url: server.url }])
  page.on('dialog', (d) => {
    page.complaints.push(`dialog ${d.message()}`)
    d.dismiss()
  })
  return page
}

async function look(page, path) {
  const r = await page.goto(server.url + path, { waitUntil: 'load' })
  assert.equal(r.status(), 200, path)
  await check(page, path)
  opened.push(path)
}

async function check(page, path) {
  const found = await page.evaluate(alive)
  assert.deepEqual([...found, ...page.foreignRequests, ...page.complaints], [], `${path.slice(0, 200)} let something through`)
}

/** Several people look at once. */
const together = (walks) => Promise.all(walks.map(([account, walk]) => as(account).then((page) => walk(page).finally(() => page.context().close()))))

test('where nothing is escaped, they do run', async () => {
  assert.ok(list.length >= 300 && new Set(list.map((p) => p.text)).size === list.length, `${list.length} payloads`)
  const raw = list.map((p, n) => ({ n, html: p.raw?.(p.text) })).filter((p) => p.html).filter((_, i) => i % 3 === 0)
  const page = await visitor(server.url)
  await page.route('**/*', (route) => (route.request().url().endsWith('/unescaped') ? route.fulfill({ contentType: 'text/html', body: '<!doctype html>' }) : route.abort()))
  await page.goto(`${server.url}/unescaped`)
  const ran = await page.evaluate(async (raw) => {
    const ran = new Set()
    window.__xss = (n) => ran.add(n)
    const all = raw.map(({ html }) => {
      const f = document.createElement('iframe')
      f.srcdoc = `<script>window.__xss = n => parent.__xss(n)</script>${html}`
      document.body.append(f)
      return new Promise((ok) => (f.onload = ok))
    })
    await Promise.race([Promise.all(all), new Promise((ok) => setTimeout(ok, 20_000))])
    for (let i = 0; i < 400 && ran.size < raw.length * 0.4; i++) await new Promise((ok) => setTimeout(ok, 50))
    return ran.size
  }, raw)
  await page.context().close()
  assert.ok(ran >= raw.length * 0.4, `${ran} of ${raw.length} ran in a page that escapes nothing: the tripwire would see little`)
  console.log(`${ran} of ${raw.length} run where nothing is escaped`)
})

test('in every page, they stay words', async () => {
  const searches = []
  for (let text = '', i = 0; i <= list.length; i++) {
    const next = list[i]?.text ?? ''
    if (i === list.length || (text && text.length + next.length > 190)) {
      searches.push(`/search?q=${encodeURIComponent(text)}`)
      text = ''
    }
    text += `${next} `
  }
  const walk = (...paths) => async (page) => {
    for (const path of paths) await look(page, path)
  }
  const pages = Array.from({ length: Math.ceil(list.length / 20) }, (_, i) => `/search?page=${i + 1}&grade=9&school=&subject=toan`)
  const half = Math.ceil(searches.length / 2)
  // Each notice says twenty of them.
  const notices = Array.from({ length: Math.ceil(list.length / 20) }, (_, i) => `/notices/tin-${String(i * 20).padStart(3, '0')}`)
  await together([
    ['', walk('/', ...pages, '/tv', '/tv/week', '/lessons/xau-000', '/notices', ...notices)],
    ['', walk(...searches.slice(0, half))],
    ['', walk(...searches.slice(half))],
    ['', async (page) => {
      await suggestions(page)
      await offlinePage(page)
    }],
  ])
  await together([
    ['', walk(`/lessons/${server.rich}`)],
    ['giao-vien', walk('/', '/teacher', `/teacher/lessons/${server.submitted}`, `/teacher/lessons/${server.rich}`, `/teacher/lessons/${server.rich}/captions/vi`,
      `/teacher/lessons/${server.rich}/questions`, '/problems', `/lessons/${server.rich}/problem`, '/school', '/notices')],
    ['hoc-sinh', walk('/', `/lessons/${server.rich}`, '/account')],
    ['chuyen-vien', walk('/review', `/review/${server.submitted}`, '/department', '/department?by=lesson', '/department?by=school', '/department?by=channel', `/department/lessons/${server.published}`)],
    ['dai', walk('/station', '/station/airings/new', `/station/airings/${server.published}`)],
    ['quan-tri', walk('/admin/people', '/admin/schools', '/admin/classes')],
  ])
  assert.ok(opened.length >= 90, `${opened.length} pages`)
  console.log(`${list.length} payloads on ${opened.length} pages`)
})

test('over the picture and in the transcript, too', () => together([['', playing]]))

/** Titles proposed while typing. */
async function suggestions(page) {
  await look(page, '/search')
  let seen = 0
  for (const text of ['script', 'svg', 'img', 'javascript', 'xss', 'onload', 'onerror', 'iframe']) {
    const answer = page.waitForResponse((r) => r.url().includes('/suggest?'))
    await page.locator('#q').fill(text)
    await answer
    await page.locator('.suggestions li').first().waitFor()
    seen += await page.locator('.suggestions li').count()
    await check(page, `suggestions for ${text}`)
  }
  assert.ok(seen > 30, `${seen} suggestions`)
}

/** The titles of saved lessons come from the device's storage, which others may have written. */
async function offlinePage(page) {
  await page.goto(`${server.url}/kept`)
  await page.evaluate((texts) => {
    const kept = texts.map((title, n) => ({ lesson: `bai-${n}`, title, about: title, choice: 'saver', bytes: 1, seconds: 60, folder: title, token: 'x', holder: '', granted: Date.now() }))
    localStorage.setItem('lenlop-shelf', JSON.stringify(kept))
  }, list.map((p) => p.text))
  await look(page, '/kept')
  await page.locator('.kept-list > *').nth(list.length - 1).waitFor()
  await check(page, 'the offline page')
}

/** The lesson that plays: captions over the picture, transcript, chapters, worksheets. */
async function playing(page) {
  await look(page, `/lessons/${server.rich}`)
  await page.locator('.player-cover').click().catch(() => undefined)
  await page.waitForFunction(() => document.querySelector('video').currentTime > 0.5, null, { timeout: 60_000 })
  await check(page, 'the player')
  await page.locator('.transcript summary').click()
  await page.locator('.transcript li').nth(list.length - 1).waitFor()
  await check(page, 'the transcript')
  const drawn = await page.evaluate(async () => {
    const video = document.querySelector('video')
    const track = [...video.textTracks].find((t) => t.kind === 'captions')
    track.mode = 'showing'
    const holder = document.createElement('div')
    for (const c of track.cues) holder.append(c.getCueAsHTML())
    return { cues: track.cues.length, alive: holder.querySelectorAll('script,img,svg,iframe,a,style,[onclick],[onload],[onerror]').length }
  })
  assert.deepEqual(drawn, { cues: list.length, alive: 0 })
  await check(page, 'captions over the picture')
}
