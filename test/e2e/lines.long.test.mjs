// Watching on weak lines, through a proxy that every byte passes: a lesson
// starts, goes on when the line is gone for half a minute, changes its picture
// before it would stand still, and says in words what is happening.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { end, scratch, start } from './server.mjs'
import { kept, open, sawTooth } from './line.mjs'
import { engineCame, noisy, publish, student, seen, until } from './watching.mjs'

let site
let lesson

before(async () => {
  site = await start(join(scratch, 'data'), { args: ['--demo', '--no-demo-lessons'] })
  lesson = await publish(site.url, noisy())
})

after(async () => {
  await site?.stop()
  await end()
})

/** A busy machine may hold the picture for a moment; a line that does, does it for longer. Milliseconds. */
const hiccup = () => 2000 + 3 * kept()

/** A line for one student; closed with the test. */
async function watch(t, how, options) {
  const line = await open(site.url, how)
  t.after(() => line.close())
  const page = await student(line, lesson, options)
  t.after(() => page.context().close())
  return { line, page }
}

const clean = (page) => {
  assert.deepEqual(page.complaints, [])
  assert.deepEqual(page.foreignRequests, [])
}

async function slow(t) {
  const { line, page } = await watch(t, { kbps: 400 })
  await engineCame(page)
  await page.click('.player-cover')
  const first = await until(page, 'a picture', (s) => s.first, 30_000)
  t.diagnostic(`first picture after ${Math.round(first.toFirst)} ms`)
  assert.ok(first.toFirst < 12_000, `the first picture took ${first.toFirst} ms`)
  const then = await until(page, '20 s played', (s) => s.at > 20, 60_000)
  assert.ok(then.stalled < hiccup(), `stood still ${then.stalls} times, ${then.stalled} ms; ${then.words}`)
  assert.ok(then.sound > 0, 'sound is decoded')
  assert.ok((line.received() * 8) / line.age() <= 420, 'the line lets no more through than it says')
  clean(page)
}

async function saver(t) {
  const { line, page } = await watch(t, { kbps: 400 }, { remembered: { 'lenlop-quality': 'saver' } })
  await page.waitForLoadState('networkidle')
  const before = [line.received(), line.age()]
  await page.click('.player-cover')
  const first = await until(page, 'a picture', (s) => s.first, 30_000)
  t.diagnostic(`data-saver: first picture after ${Math.round(first.toFirst)} ms`)
  assert.ok(first.toFirst < 10_000, `the first picture took ${first.toFirst} ms`)
  assert.equal(first.engine, false, 'no engine is fetched')
  const then = await until(page, '5 s received', (s) => s.at + s.ahead > 5, 30_000)
  assert.ok(then.sound > 0, 'sound is decoded')
  // The browser's own throttling would let a media element through.
  const kbps = ((line.received() - before[0]) * 8) / (line.age() - before[1])
  assert.ok(kbps > 20 && kbps < 420, `the file came at ${kbps} kbit/s`)
  await page.click('.board summary')
  await page.locator('.board a').nth(1).waitFor()
  assert.equal(await page.locator('.board a > span').count(), 0, 'pictures are not fetched unasked')
  clean(page)
}

async function gone(t) {
  const { line, page } = await watch(t, { kbps: 4000, up: 2000, rtt: 80 })
  await engineCame(page)
  await page.click('.player-cover')
  await until(page, '34 s ahead', (s) => s.at > 1 && s.ahead > 34, 60_000)
  line.cut('silent')
  const went = line.age()
  await new Promise((ok) => setTimeout(ok, 30_000))
  const during = await seen(page)
  line.mend()
  assert.ok(during.stalled < hiccup(), `stood still ${during.stalled} ms of ${line.age() - went}`)
  assert.ok(during.words.some((w) => w.includes('vẫn phát tiếp')), during.words.join())
  const then = await until(page, 'receiving again', (s) => s.at + s.ahead > during.at + during.ahead + 5, 60_000)
  assert.ok(then.stalled < hiccup())
  clean(page)
}

async function broken(t) {
  const { line, page } = await watch(t, { kbps: 400 })
  await engineCame(page)
  await page.click('.player-cover')
  await until(page, '4 s played', (s) => s.at > 4, 60_000)
  line.cut('refused')
  const stood = await until(page, 'standing still', (s) => s.since, 60_000)
  const words = await until(page, 'a count to the next try', (s) => s.words.some((w) => /Thử lại sau \d+ giây/.test(w)), 20_000)
  assert.ok(words.words.some((w) => /Mạng|mạng/.test(w)), words.words)
  line.mend()
  await until(page, 'going on', (s) => !s.since && s.at > stood.at + 2, 60_000)
  await until(page, 'saying so', (s) => s.words.some((w) => /phát tiếp\.$/.test(w)), 5000)
  assert.equal(await page.evaluate(() => performance.getEntriesByType('navigation').length), 1, 'without a reload')
  clean(page)
}

async function saw(t) {
  const { page } = await watch(t, { kbps: sawTooth, up: 250, rtt: 200 })
  await engineCame(page)
  await page.click('.player-cover')
  const then = await until(page, '30 s played', (s) => s.at > 30, 90_000)
  assert.ok(then.stalled < hiccup(), `stood still ${then.stalls} times, ${then.stalled} ms; pictures ${then.heights}`)
  assert.ok(new Set(then.heights).size > 1, `the picture changes with the line: ${then.heights}`)
  clean(page)
}

// Beside one another: each has a line and a browser of its own.
test('weak lines', { concurrency: true }, async (t) => {
  await Promise.all([
    t.test('400 kbit/s: starts, keeps the picture the line can carry', slow),
    t.test('400 kbit/s with data-saver: one file, no engine', saver),
    t.test('half a minute without a line is not noticed', gone),
    t.test('a broken line: says so, tries again, goes on by itself', broken),
    t.test('2 Mbit/s and 250 kbit/s by turns: changes the picture, never stands still', saw),
  ])
})
