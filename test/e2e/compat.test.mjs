// A phone that kept a lesson with an older release, watched it without a network
// and comes back when the server runs this one: the lesson still plays, and what
// was watched is counted once. test/compat/README.md tells where the data is from.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { chromium } from 'playwright-core'
import { end, root, scratch, start } from './server.mjs'

const fixtures = join(root, 'test/compat/testdata/4f5befb')
const facts = JSON.parse(readFileSync(join(fixtures, 'facts.json'), 'utf8'))
const { url, lesson } = facts
let context
let page
let site

async function until(what, check, limit = 60_000) {
  for (const stop = Date.now() + limit; ; ) {
    const got = await check()
    if (got) return got
    assert.ok(Date.now() < stop, what)
    await new Promise((ok) => setTimeout(ok, 200))
  }
}

// The clock starts a minute after the data was made: tokens run out.
const now = new Date(Date.parse(facts.finishedAt) + 60_000).toISOString()
const serve = () => start(join(scratch, 'data'), { args: ['--demo', '--no-demo-lessons', '--listen', new URL(url).host], env: { LENLOP_CLOCK: now } })
const stored = () => page.evaluate(() => Object.fromEntries(Object.keys(localStorage).map((k) => [k, localStorage.getItem(k)])))
const at = () => page.evaluate(() => document.querySelector('video')?.currentTime ?? 0)

/** The counted views of the lesson. */
async function web() {
  const post = await fetch(`${url}/api/v1/tokens`, { method: 'POST', headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ username: 'giaovien', password: facts.password }) })
  const { token } = await post.json()
  const res = await fetch(`${url}/api/v1/lessons/${lesson}/ledger`, { headers: { Authorization: `Bearer ${token}` } })
  return (await res.json()).web
}

/** Waits until the figures are what the older release itself counted; a second or two of playing wakes the lesson's page up. */
const counted = (want) =>
  until(`counted as ${JSON.stringify(want)}`, async () => {
    const got = await web()
    return ['views', 'offlineViews', 'viewers'].every((k) => got[k] === want[k]) && Math.abs(got.watchSeconds - want.watchSeconds) < 5
  })

before(async () => {
  execFileSync('tar', ['-C', scratch, '--xattrs', '--xattrs-include=user.*', '--no-same-owner', '-xzf', join(fixtures, 'data.tar.gz')])
  const profile = join(scratch, 'profile')
  execFileSync('mkdir', ['-p', profile])
  execFileSync('tar', ['-C', profile, '--no-same-owner', '-xzf', join(fixtures, 'profile.tar.gz')])
  context = await chromium.launchPersistentContext(profile, { executablePath: process.env.LENLOP_TEST_CHROMIUM ?? '/usr/bin/chromium', locale: 'vi-VN',
    timezoneId: 'Asia/Ho_Chi_Minh', args: ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking',
      '--disable-component-update', '--disable-sync', '--autoplay-policy=no-user-gesture-required'] })
  context.setDefaultTimeout(120_000)
  page = await context.newPage()
})

after(async () => {
  await context?.close()
  await site?.stop()
  await end()
})

test('the profile holds what the older release stored', async () => {
  await page.goto(`${url}/kept`) // no server runs: the older service worker answers
  await page.locator('.shelf-play').waitFor() // the older page's own class
  const values = await stored()
  const played = (text) => JSON.parse(text).map(({ token, run, played }) => ({ token, run, played }))
  for (const k of ['lenlop-runs', 'lenlop-beats']) assert.deepEqual(played(values[k]), played(facts.browser[k]), k)
  assert.equal(values['lenlop-viewer'], facts.browser['lenlop-viewer'])
  const kept = await page.evaluate(async () => (await (await caches.open('kept')).keys()).map((r) => new URL(r.url).pathname).sort())
  assert.deepEqual(kept, facts.caches.kept)
})

test('what was watched without a network is delivered and counted once', async () => {
  const original = await stored()
  await page.goto('about:blank')
  site = await serve()
  assert.equal((await web()).views, facts.webBefore.views, 'before')
  await page.goto(`${url}/kept`)
  await until('the visit is delivered', () => page.evaluate(() => !localStorage.getItem('lenlop-runs')))
  await page.goto('about:blank')
  await counted(facts.webAfterVisit)
  // As from a tab that was asleep.
  const again = JSON.parse(original['lenlop-runs'])
  const res = await fetch(`${url}/api/v1/heartbeats`, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(again) })
  assert.equal((await res.json()).accepted, again.length)
  await page.goto(`${url}/lessons/${lesson}`)
  await page.evaluate(() => document.querySelector('.start, .player button')?.click())
  await until('the heartbeat is delivered', () => page.evaluate(() => !localStorage.getItem('lenlop-beats')))
  await page.goto('about:blank')
  await counted(facts.webAfterDelivery)
})

test("the kept lesson plays under this release's worker without a network", async () => {
  await page.goto(`${url}/kept`)
  await until('the new worker has stored its page', () =>
    page.evaluate(async () => {
      const assets = (text) => (text.match(/\/assets\/[\w.-]+/g) ?? []).sort().join()
      const now = assets(await (await fetch('/kept', { credentials: 'omit', cache: 'reload', headers: { 'X-Fresh': '1' } })).text())
      const names = (await caches.keys()).filter((n) => n.startsWith('shell'))
      const pages = await Promise.all(names.map(async (n) => (await caches.open(n)).match('/kept')))
      return names.length === 1 && pages[0] && assets(await pages[0].text()) === now
    }))
  await page.goto('about:blank')
  await site.stop('SIGKILL')
  site = undefined
  await page.goto(`${url}/kept`)
  await page.click('.offline-play')
  await until('3 s', async () => (await at()) > 3)
  const sound = await page.evaluate(() => document.querySelector('video').webkitAudioDecodedByteCount)
  assert.ok(sound > 1000, `${sound} bytes of sound`)
})
