// Every page for everybody: WCAG 2.2 AA by axe on wide and narrow screens, light
// and dark and with high contrast, nothing cut off at 400 % zoom, no sentence in
// another language, and the whole way through the site by keyboard alone.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { after, before, test } from 'node:test'
import { end, long, password, signIn, visitor } from './server.mjs'
import { notPages, pages, routes } from './pages.mjs'
import { world } from './world.mjs'

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
let site
let url
let ids

before(async () => {
  ;({ site, url, ids } = await world())
})

after(async () => {
  await site?.stop('SIGKILL') // its data goes with it
  await end()
})

test('every page of the product is looked at', () => {
  const looked = new Set(pages(ids).map((p) => p.route))
  const missing = routes().filter((r) => !looked.has(r) && !notPages.some((n) => n.test(r)))
  assert.deepEqual(missing, [], 'routes that are neither in the list of pages nor known to be none')
  const known = new Set(routes())
  assert.deepEqual([...looked].filter((r) => !known.has(r) && r !== '/khong-co-trang-nay'), [], 'pages that are not served')
})

/** What axe finds wrong, one line each. */
const wrongs = (page, only) =>
  page.evaluate(async (only) => {
    const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']
    const found = await window.axe.run(document, { runOnly: only ? { type: 'rule', values: only } : { type: 'tag', values: tags }, resultTypes: ['violations'] })
    return found.violations.map((v) => `${v.id}: ${v.nodes.map((n) => `${n.target} ${n.any[0]?.message ?? n.all[0]?.message ?? n.none[0]?.message ?? ''}`).join(' | ')}`)
  }, only)

const colourful = long
  ? ['/', '/search', '/lessons/:lesson', '/teacher/lessons/:lesson', '/department/lessons/:lesson', '/design']
  : ['/', '/lessons/:lesson', '/design']
const narrow = { width: 360, height: 740 }
const wide = { width: 1280, height: 800 }

/** Everything that is asked of one page; wide screens and dark for the pages that hold every part, and for all in the long run. */
async function look(page, p, failures) {
  const say = (what, list) => failures.push(...list.map((x) => `${p.name} ${what}: ${x}`))
  await page.emulateMedia({ colorScheme: 'light', contrast: 'no-preference' })
  await page.setViewportSize(narrow)
  await page.goto(url + p.path)
  await page.evaluate(axe)
  say('360', await wrongs(page))
  if (long || colourful.includes(p.route)) {
    await page.setViewportSize(wide)
    say('1280', await wrongs(page))
    await page.emulateMedia({ colorScheme: 'dark' })
    say('1280 dark', await wrongs(page, ['color-contrast']))
    await page.setViewportSize(narrow)
    say('360 dark', await wrongs(page, ['color-contrast']))
  }
  // The colours are the same everywhere: a few pages hold all of them.
  for (const colorScheme of colourful.includes(p.route) ? ['dark', 'light'] : []) {
    await page.emulateMedia({ colorScheme, contrast: 'more' })
    say(`more contrast, ${colorScheme}`, await wrongs(page, ['color-contrast-enhanced']))
  }
  // 400 % of 1280 px, and 200 px of height as a phone on its side leaves.
  await page.setViewportSize({ width: 320, height: 256 })
  const over = await page.evaluate(() => {
    const root = document.documentElement
    if (root.scrollWidth <= root.clientWidth) return []
    const widest = [...document.body.querySelectorAll('*')].filter((e) => e.getBoundingClientRect().right > root.clientWidth && !e.closest('.scroll, nav, .line'))
    return [`${root.scrollWidth} px wide for ${widest.slice(-3).map((e) => e.outerHTML.slice(0, 90)).join(' , ')}`]
  })
  say('400 %', over)
  const odd = await page.evaluate(() => {
    const found = []
    if (document.documentElement.lang !== 'vi') found.push(`lang=${document.documentElement.lang}`)
    const text = document.body.innerText
    found.push(...(text.match(/\[[a-z_]+\.[a-z_.]+\]/g) ?? []))
    return found
  })
  say('words', odd)
}

test('axe finds nothing wrong, and nothing is cut off', { timeout: 600_000 }, async () => {
  const failures = []
  const waiting = new Map()
  for (const p of pages(ids)) waiting.set(p.who, [...(waiting.get(p.who) ?? []), p])
  // Two at a time: what waits for the server and what draws take turns.
  const people = [...waiting.keys()]
  const worker = async () => {
    for (let who = people.shift(); who !== undefined; who = people.shift()) {
      const page = await visitor(url)
      if (who) await signIn(page, url, who)
      for (const p of waiting.get(who)) await look(page, p, failures)
      await page.context().close()
    }
  }
  await Promise.all([worker(), worker()])
  assert.deepEqual(failures, [])
})

/** Presses Tab until what has the focus matches; every stop on the way must be seen, and none may hold the focus. */
async function tabTo(page, selector, most = 80) {
  let before
  for (let i = 0; i < most; i++) {
    await page.keyboard.press('Tab')
    const at = await page.evaluate((selector) => {
      const e = document.activeElement
      const style = getComputedStyle(e)
      const box = e.getBoundingClientRect()
      window.stops ??= new Map()
      if (!window.stops.has(e)) window.stops.set(e, window.stops.size)
      return {
        found: e.matches(selector),
        what: e.outerHTML.slice(0, 120),
        number: window.stops.get(e),
        seen: e === document.body || e.matches('video') || style.outlineStyle !== 'none' || style.boxShadow !== 'none',
        size: box.width * box.height,
      }
    }, selector)
    assert.ok(at.seen, `the focus on ${at.what} is not seen`)
    assert.ok(before !== at.number || at.what.startsWith('<video') || at.what.startsWith('<body'), `the focus does not leave ${at.what}`)
    before = at.number
    if (at.found) return
  }
  assert.fail(`Tab does not reach ${selector} on ${page.url()}`)
}

const enter = (page) => Promise.all([page.waitForNavigation({ waitUntil: 'load' }), page.keyboard.press('Enter')])

test('by keyboard from the first page to a lesson that plays, with captions', { timeout: 240_000 }, async () => {
  const page = await visitor(url)
  await page.goto(url)
  await page.keyboard.press('Tab')
  assert.equal(await page.evaluate(() => document.activeElement.className), 'skip', 'the first stop skips the menu')
  await page.keyboard.press('Enter')
  await tabTo(page, 'main *') // what comes next is in the page's own part
  await page.goto(url)
  await tabTo(page, '#q')
  await page.keyboard.type('phep cong phan so')
  await enter(page)
  await tabTo(page, `a[href^="/lessons/${ids.lesson}"]`)
  await enter(page)
  await tabTo(page, '.player-cover')
  await page.keyboard.press('Enter')
  await page.waitForFunction(() => document.querySelector('video').currentTime > 0.5, null, { timeout: 60_000 })
  await page.evaluate(() => document.activeElement.blur())
  await tabTo(page, 'select[name=captions]')
  for (let i = 0; i < 5 && (await page.inputValue('select[name=captions]')) !== 'vi'; i++) await page.keyboard.press('ArrowDown')
  await page.waitForFunction(() => [...document.querySelector('video').textTracks].some((t) => t.kind === 'captions' && t.mode === 'showing'))
  assert.deepEqual(page.complaints, [])
  await page.context().close()
})

test('by keyboard from signing in to the form for a recording', { timeout: 120_000 }, async () => {
  const page = await visitor(url)
  await page.goto(url)
  await tabTo(page, 'a[href="/signin"]')
  await enter(page)
  await tabTo(page, '#username')
  await page.keyboard.type('giaovien')
  await tabTo(page, '#password')
  await page.keyboard.type(password)
  await enter(page)
  await tabTo(page, 'main a[href="/teacher/lessons/new"]')
  await enter(page)
  await tabTo(page, '#title')
  await page.keyboard.type('Bài gõ bằng bàn phím')
  await tabTo(page, '#subject')
  await page.keyboard.type('To')
  await tabTo(page, '#grade')
  await page.keyboard.press('ArrowDown')
  await tabTo(page, 'main button.primary')
  await enter(page)
  await tabTo(page, '#file')
  await page.context().close()
})

test('contrast and size of letters are kept without scripts', async () => {
  const page = await visitor(url, { javaScriptEnabled: false })
  await page.goto(`${url}/tv?day=2026-01-05`)
  await page.click('.contrast button')
  assert.match(await page.getAttribute('html', 'class'), /strong/)
  assert.match(page.url(), /\/tv\?day=2026-01-05$/, 'it comes back to where it was')
  await page.click('.text-sizes button:last-child')
  assert.match(await page.getAttribute('html', 'class'), /text-larger.*strong/)
  await page.goto(url)
  assert.match(await page.getAttribute('html', 'class'), /strong/)
  await page.click('.contrast button')
  assert.doesNotMatch((await page.getAttribute('html', 'class')) ?? '', /strong/)
  await page.context().close()
})

test('who is made ill by movement sees none, and contrast themes keep edges', async () => {
  const page = await visitor(url)
  await page.emulateMedia({ reducedMotion: 'reduce', forcedColors: 'active' })
  await page.goto(`${url}/design`)
  const moving = await page.evaluate(() => [...document.querySelectorAll('*')].filter((e) => getComputedStyle(e).animationName !== 'none' || !/^0s(, 0s)*$/.test(getComputedStyle(e).transitionDuration)).map((e) => e.outerHTML.slice(0, 80)))
  assert.deepEqual(moving, [])
  const flat = await page.evaluate(() => [...document.querySelectorAll('main button, main .badge, main .chip')].filter((e) => getComputedStyle(e).borderTopStyle === 'none').map((e) => e.outerHTML.slice(0, 80)))
  assert.deepEqual(flat, [])
  await page.context().close()
})
