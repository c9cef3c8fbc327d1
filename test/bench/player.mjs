// What a student waits for on weak lines, in Chromium with a processor slowed
// four times: node test/bench/player.mjs. One JSON line a figure; medians of
// three. The lines are proxies that every byte passes, media elements' too.
import { join } from 'node:path'
import { end, scratch, start } from '../e2e/server.mjs'
import { open, sawTooth } from '../e2e/line.mjs'
import { engineCame, noisy, publish, student, seen, until } from '../e2e/watching.mjs'

const rounds = Number(process.env.LENLOP_BENCH_ROUNDS ?? 3)
const weak = { kbps: 400, up: 400, rtt: 400 }
const saver = { 'lenlop-quality': 'saver' }

const median = (all) => [...all].sort((a, b) => a - b)[Math.floor(all.length / 2)]
const say = (name, value, unit, bound, peer = '') => console.log(JSON.stringify({ name, value: Math.round(value * 1000) / 1000, unit, bound, peer }))

let site
let lesson

async function on(how, options, what) {
  const line = await open(site.url, how)
  const page = await student(line, lesson, { slow: 4, ...options })
  try {
    return await what(page, line)
  } finally {
    await page.context().close()
    await line.close()
  }
}

const toFirst = async (page) => {
  await page.locator('.player-cover').click()
  return (await until(page, 'a picture', (s) => s.first, 120_000)).toFirst
}

/** The same three times; the middle one. */
async function thrice(what) {
  const all = []
  for (let i = 0; i < rounds; i++) all.push(await what())
  return median(all)
}

/** The share of a watch of some seconds that stood still. */
const standing = (how, seconds) =>
  thrice(() =>
    on(how, {}, async (page) => {
      await engineCame(page)
      await toFirst(page)
      const from = Date.now()
      while (Date.now() - from < seconds * 1000) await new Promise((ok) => setTimeout(ok, 250))
      return (await seen(page)).stalled / (seconds * 1000)
    }),
  )

site = await start(join(scratch, 'data'), { args: ['--demo', '--no-demo-lessons'] })
try {
  lesson = await publish(site.url, noisy(), 600_000)
  say('player.hls.first_frame.cold', await thrice(() => on(weak, {}, toFirst)), 'ms', 9000, 'experience.md, HLS started cold')
  say('player.hls.first_frame.engine_fetched', await thrice(() => on(weak, {}, async (page) => {
    await engineCame(page)
    return toFirst(page)
  })), 'ms', 3700, 'experience.md, engine fetched while reading')
  say('player.saver.first_frame.cold', await thrice(() => on(weak, { remembered: saver }, toFirst)), 'ms', 2300, 'experience.md, one MP4')
  say('player.saver.first_frame.second_visit', await thrice(() => on(weak, { remembered: saver }, async (page) => {
    await page.waitForLoadState('networkidle')
    await page.reload()
    await page.waitForLoadState('networkidle')
    return toFirst(page)
  })), 'ms', 2300, 'experience.md, one MP4')
  say('player.rebuffering.400kbps', await standing(weak, 30), 'share of the time', 0.01)
  say('player.rebuffering.saw_tooth', await standing({ kbps: sawTooth, up: 250, rtt: 200 }, 30), 'share of the time', 0.01)
  say('player.gone_30s.stood_still', await on({ kbps: 2000, up: 2000, rtt: 80 }, {}, async (page, line) => {
    await engineCame(page)
    await toFirst(page)
    await until(page, '36 s ahead', (s) => s.ahead > 36, 120_000)
    line.cut('silent')
    await new Promise((ok) => setTimeout(ok, 30_000))
    line.mend()
    await new Promise((ok) => setTimeout(ok, 5000))
    return (await seen(page)).stalled
  }), 'ms', 0)
} finally {
  await site.stop()
  await end()
}
