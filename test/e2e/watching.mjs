// What tests and measurements on weak lines share: a lesson to watch, and a
// student whose page notes what they see.
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { password, scratch, signIn, visitor } from './server.mjs'

/** A noisy lesson of 100 s: 207 kbit/s in 240 lines, 522 in 360, and sound of 50. */
export function noisy({ size = '640x360', fps = 10, seconds = 100, noise = 3 } = {}) {
  const out = join(scratch, `nhieu-${size}.mp4`)
  execFileSync('ffmpeg', ['-v', 'error', '-nostdin', '-y', '-f', 'lavfi', '-i', `testsrc2=s=${size}:r=${fps}:d=${seconds},noise=alls=${noise}:allf=t`,
    '-f', 'lavfi', '-i', `sine=f=440:r=48000:d=${seconds}`, '-c:v', 'libx264', '-preset', 'ultrafast', '-crf', '22', '-pix_fmt', 'yuv420p', '-c:a', 'aac', out])
  return out
}

/** Publishes a recording and waits until its plain files are there too; gives the lesson's id. */
export async function publish(url, file, limit = 240_000) {
  const ask = async (who, method, path, body) => {
    const r = await fetch(`${url}/api/v1${path}`, {
      method,
      headers: { 'Content-Type': 'application/json', ...(who && { Authorization: `Bearer ${who}` }) },
      body: body && JSON.stringify(body),
    })
    const text = await r.text()
    if (!r.ok) throw new Error(`${method} ${path}: ${r.status} ${text}`)
    return text ? JSON.parse(text) : {}
  }
  const token = async (username) => (await ask('', 'POST', '/tokens', { username, password })).token
  const [teacher, reviewer] = [await token('giaovien'), await token('chuyenvien')]
  const { id } = await ask(teacher, 'POST', '/lessons', { title: 'Bài xem qua đường truyền yếu', subject: 'toan', grade: 4 })
  const page = await visitor(url)
  await signIn(page, url, 'giaovien')
  await page.goto(`${url}/teacher/lessons/${id}`)
  await page.setInputFiles('#file', file)
  for (const end = Date.now() + limit; ; ) {
    const l = await ask(teacher, 'GET', `/lessons/${id}`)
    if (l.renditions?.some((r) => r.name === 'sound') && l.media.state === 'ready') break
    if (l.media.state === 'failed' || Date.now() > end) throw new Error(`the lesson is ${JSON.stringify(l.media)}`)
    await new Promise((ok) => setTimeout(ok, 300))
  }
  await page.context().close()
  await ask(teacher, 'POST', `/lessons/${id}/submit`)
  await ask(reviewer, 'POST', `/lessons/${id}/approve`)
  return id
}

/** A student on a line. remembered: what the device keeps ("lenlop-quality": "saver"). slow: how many times slower the processor is. */
export async function student(line, lesson, { remembered = {}, slow = 1 } = {}) {
  const page = await visitor(line.url, { viewport: { width: 740, height: 900 }, deviceScaleFactor: 1 })
  await page.addInitScript((kept) => {
    for (const k in kept) localStorage.getItem(k) ?? localStorage.setItem(k, kept[k])
    const seen = { clicked: 0, first: 0, stalls: 0, stalled: 0, since: 0, words: [], heights: [], opened: 0 }
    window.seen = seen
    document.addEventListener('DOMContentLoaded', () => {
      const video = document.querySelector('video')
      if (!video) return
      const state = document.querySelector('.player-status')
      new MutationObserver(() => {
        const now = state.textContent.trim()
        if (now && now !== seen.words[seen.words.length - 1]) seen.words.push(now)
      }).observe(state, { childList: true, subtree: true, characterData: true })
      document.addEventListener('click', (e) => {
        if (e.target.closest('.player-cover')) seen.clicked ||= performance.now()
      }, true)
      video.requestVideoFrameCallback(function frame(now, about) {
        // The poster is no frame; the first that moves is.
        if (about.mediaTime > 0 || !video.paused) seen.first ||= now
        if (seen.heights[seen.heights.length - 1] !== about.height) seen.heights.push(about.height)
        video.requestVideoFrameCallback(frame)
      })
      const begin = () => {
        if (!seen.first || seen.since || video.paused || video.ended || video.seeking) return
        seen.since = performance.now()
        seen.stalls++
      }
      const end = () => {
        if (seen.since) seen.stalled += performance.now() - seen.since
        seen.since = 0
      }
      video.addEventListener('waiting', begin)
      for (const name of ['playing', 'pause', 'ended']) video.addEventListener(name, end)
    })
  }, remembered)
  if (slow > 1) await (await page.context().newCDPSession(page)).send('Emulation.setCPUThrottlingRate', { rate: slow })
  await page.goto(`${line.url}/lessons/${lesson}`, { timeout: 120_000 })
  page.setDefaultTimeout(120_000)
  return page
}

/** What the student has seen so far; times in milliseconds. */
export const seen = (page) =>
  page.evaluate(() => {
    const s = window.seen
    const v = document.querySelector('video')
    const ends = v.buffered
    return {
      ...s,
      toFirst: s.first - s.clicked,
      stalled: s.stalled + (s.since ? performance.now() - s.since : 0),
      at: v.currentTime,
      ahead: ends.length ? ends.end(ends.length - 1) - v.currentTime : 0,
      sound: v.webkitAudioDecodedByteCount ?? 0,
      engine: performance.getEntriesByType('resource').some((e) => /\/hls-/.test(e.name)),
    }
  })

/** Waits until what the student has seen is so. */
export async function until(page, what, so, limit) {
  for (const end = Date.now() + limit; ; ) {
    const now = await seen(page)
    if (so(now)) return now
    if (Date.now() > end) throw new Error(`not ${what}: ${JSON.stringify(now)}`)
    await new Promise((ok) => setTimeout(ok, 100))
  }
}

/** Waits until the engine has come while the student reads, and the lesson's list with it. */
export const engineCame = (page) =>
  page.waitForFunction(() => performance.getEntriesByType('resource').some((e) => /master\.m3u8/.test(e.name) && e.responseEnd > 0))

/** Runs in the page: the tone that is heard there, in hertz, by an analyser on the way to the speakers. */
export const analysed = async () => {
  if (!window.ears) {
    const ctx = new AudioContext()
    const ears = ctx.createAnalyser()
    ears.fftSize = 8192
    ctx.createMediaElementSource(document.querySelector('video')).connect(ears)
    ears.connect(ctx.destination)
    window.ears = { ctx, ears }
  }
  const { ctx, ears } = window.ears
  await ctx.resume()
  const bins = new Float32Array(ears.frequencyBinCount)
  ears.getFloatFrequencyData(bins)
  const peak = bins.indexOf(Math.max(...bins))
  return bins[peak] < -90 ? 0 : (peak * ctx.sampleRate) / ears.fftSize
}
