// What the browser tests share: the product as a process of its own on a free
// port, a browser, people signed in, and pictures of pages.
import { execFileSync, spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { chromium } from 'playwright-core'

export const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..')
export const password = 'mat-khau-cua-thu-nghiem'
const shots = join(root, 'artifacts/screenshots')

/** The product's binary. */
export const program = process.env.LENLOP_TEST_PROGRAM ?? join(root, 'bin/lenlop')

/** A folder of this test run's own; removed at the end. */
export const scratch = mkdtempSync(join(tmpdir(), 'lenlop-e2e-'))

// LENLOP_TEST_CLOCK (RFC 3339, in the past) is where the run's clock starts; without it the clock is the machine's.
const shift = process.env.LENLOP_TEST_CLOCK ? Date.parse(process.env.LENLOP_TEST_CLOCK) - Date.now() : 0
if (Number.isNaN(shift)) throw new Error(`LENLOP_TEST_CLOCK=${process.env.LENLOP_TEST_CLOCK} is no time like 2026-11-30T00:05:00+07:00`)

/** The local day so many days from the run's today, as forms write it: Hà Nội is 7 hours ahead all year round. */
export const day = (days = 0) => new Date(Date.now() + shift + (days * 24 + 7) * 3600e3).toISOString().slice(0, 10)

/** Starts the binary; resolves with its address once it says it is ready. */
export function start(data, { args = [], env = {} } = {}) {
  return new Promise((ok, no) => {
    const child = spawn(program, ['serve', '--data', data, '--listen', '127.0.0.1:0', '--log', 'warn', ...args], {
      env: {
        ...process.env,
        ...(shift && { LENLOP_CLOCK: new Date(Date.now() + shift).toISOString() }),
        LENLOP_DEMO_PASSWORD: password,
        ...env,
      },
    })
    let out = ''
    let errs = ''
    child.stdout.on('data', (d) => {
      out += d
      const m = out.match(/ready (http:\S+)/)
      if (m) ok({ url: m[1], child, log: () => errs, stop: (signal = 'SIGTERM') => stop(child, signal) })
    })
    child.stderr.on('data', (d) => {
      errs += d
    })
    child.on('exit', (code) => no(new Error(`lenlop ended with ${code}: ${errs}`)))
  })
}

function stop(child, signal) {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve()
  return new Promise((ok) => {
    child.once('exit', () => {
      // Its ffmpeg may live on for a moment and hold these, and this process with them.
      child.stdout.destroy()
      child.stderr.destroy()
      ok()
    })
    child.kill(signal)
  })
}

/** Whether the slow half runs, too: make test-long. */
export const long = process.env.LENLOP_TEST_LONG === '1'

/**
 * A recording in several upload parts: with LENLOP_TEST_MEDIA a real one of nearly 2 minutes; otherwise one made here of
 * a minute and a half of small pictures, which are transcoded quickly, in as many bytes as large ones have.
 */
export function recording() {
  const out = join(scratch, 'bai-giang-toan.mp4')
  const film = join(process.env.LENLOP_TEST_MEDIA ?? '', 'sintel_trailer-720p.mp4')
  const args = process.env.LENLOP_TEST_MEDIA
    ? ['-stream_loop', '1', '-i', film, '-map', '0:v', '-map', '0:a', '-c', 'copy', out]
    : ['-f', 'lavfi', '-i', 'testsrc2=s=320x180:r=24:d=90', '-f', 'lavfi', '-i', 'sine=frequency=330:duration=90',
        '-c:v', 'libx264', '-preset', 'ultrafast', '-x264-params', 'nal-hrd=cbr', '-b:v', '2M', '-minrate', '2M', '-maxrate', '2M', '-bufsize', '2M',
        '-pix_fmt', 'yuv420p', '-c:a', 'aac', out]
  execFileSync('ffmpeg', ['-v', 'error', '-nostdin', '-y', ...args])
  return out
}

/** Chromium without its windows, which takes a quarter less of the processor, where Debian has it. */
export const chromiumPath = process.env.LENLOP_TEST_CHROMIUM ?? ['/usr/bin/chromium-headless-shell', '/usr/bin/chromium'].find(existsSync)

let browser
/** The one Chromium of the run. */
export async function chrome() {
  browser ??= await chromium.launch({
    executablePath: chromiumPath,
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update',
      '--disable-sync', '--autoplay-policy=no-user-gesture-required'],
  })
  return browser
}

/** Ends what the run began. */
export async function end() {
  // After very many pages Chromium says that it has closed and lives on, or does not answer.
  const slow = new Promise((ok) => setTimeout(ok, 10_000).unref())
  await Promise.race([browser?.close(), slow])
  for (const pid of readFileSync(`/proc/self/task/${process.pid}/children`, 'utf8').trim().split(' ').filter(Boolean)) {
    try {
      process.kill(Number(pid), 'SIGKILL')
    } catch (e) {
      if (e.code !== 'ESRCH') throw e
    }
  }
  rmSync(scratch, { recursive: true, force: true })
}

/** Runs in a page before its own scripts: its dates are as far from the machine's as the program's. */
function shiftDates(by) {
  const machine = Date.now
  globalThis.Date = class extends Date {
    constructor(...of) {
      if (of.length) super(...of)
      else super(machine() + by)
    }
    static now() {
      return machine() + by
    }
  }
}

/** A person's own browser; every request to somewhere else is noted in foreignRequests. */
export async function visitor(url, options = {}) {
  const context = await (await chrome()).newContext({ locale: 'vi-VN', timezoneId: 'Asia/Ho_Chi_Minh', viewport: { width: 1280, height: 800 }, ...options })
  context.setDefaultTimeout(120_000) // a busy machine is slow, not wrong
  if (shift) await context.addInitScript(shiftDates, shift)
  const page = await context.newPage()
  page.foreignRequests = []
  page.complaints = []
  page.on('request', (r) => {
    const u = r.url()
    if (!u.startsWith(url) && !u.startsWith('data:') && !u.startsWith('blob:')) page.foreignRequests.push(u)
  })
  page.on('pageerror', (e) => page.complaints.push(String(e)))
  page.on('console', (m) => {
    if (m.type() === 'error' && /Content Security Policy|Uncaught/.test(m.text())) page.complaints.push(m.text())
  })
  return page
}

/** Signs a person in as they would. */
export async function signIn(page, url, username) {
  await page.goto(`${url}/signin`)
  await page.fill('#username', username)
  await page.fill('#password', password)
  await page.click('main button')
  await page.waitForURL((u) => u.pathname !== '/signin')
}

/** Keeps pictures of a page when they are asked for: 360 and 1280 px, light and dark. */
export async function shoot(page, name) {
  if (process.env.LENLOP_TEST_PICTURES !== '1') return
  mkdirSync(shots, { recursive: true })
  const before = page.viewportSize()
  for (const width of [360, 1280]) {
    await page.setViewportSize({ width, height: width === 360 ? 740 : 800 })
    for (const colorScheme of ['light', 'dark']) {
      await page.emulateMedia({ colorScheme })
      await page.screenshot({ path: join(shots, `${name}-${width}-${colorScheme}.png`), fullPage: true })
    }
  }
  await page.emulateMedia({ colorScheme: 'light' })
  await page.setViewportSize(before)
}

/** Whether something is wider than the page at 360 px: it would be cut off or scroll sideways. */
export async function tooWide(page) {
  const before = page.viewportSize()
  await page.setViewportSize({ width: 360, height: 740 })
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)
  await page.setViewportSize(before)
  return wide
}
