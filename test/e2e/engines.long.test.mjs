// A lesson is played by the two engines that most other browsers are made of
// beside Chromium (whose tests are the other files here): in pieces and as the
// small plain file, with the sound that was chosen. What is heard is measured by
// the browser's own analyser, so a silent picture does not pass.
import assert from 'node:assert/strict'
import { execFile, execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { promisify } from 'node:util'
import { endAll, firefox, webkit } from './engines.mjs'
import { end, program, scratch, start } from './server.mjs'
import { analysed } from './watching.mjs'

let site
let one // a lesson spoken in one language: picture and sound in the same pieces
let two // the same in two languages, each a tone of its own

/** A recording of 14 s that says 440 Hz, or 440 Hz in Vietnamese and 1000 Hz in English. */
function recording(name, tones) {
  const out = join(scratch, `${name}.mkv`)
  const sounds = tones.flatMap((hz) => ['-f', 'lavfi', '-i', `sine=f=${hz}:r=48000:d=14`])
  const languages = ['vie', 'eng'].slice(0, tones.length)
  execFileSync('ffmpeg', ['-v', 'error', '-nostdin', '-y', '-f', 'lavfi', '-i', 'testsrc2=s=320x180:r=25:d=14', ...sounds,
    ...['0', ...tones.map((_, i) => `${i + 1}`)].flatMap((i) => ['-map', i]), '-c:v', 'libx264', '-preset', 'ultrafast', '-pix_fmt', 'yuv420p', '-c:a', 'pcm_s16le',
    ...languages.flatMap((l, i) => [`-metadata:s:a:${i}`, `language=${l}`]), out])
  return out
}

/** A published lesson of a recording; gives its address. */
async function lesson(title, file) {
  const { stdout } = await promisify(execFile)(program, ['lesson', 'add', '--data', join(scratch, 'data'), '--title', title, '--subject', 'toan', '--grade', '4', '--publish', file])
  const m = stdout.match(/\/lessons\/([0-9a-f-]{36})/)
  assert.ok(m, stdout)
  return `${site.url}/lessons/${m[1]}`
}

before(async () => {
  site = await start(join(scratch, 'data'), { args: ['--demo', '--no-demo-lessons'] })
  const files = [recording('mot', [440]), recording('hai', [440, 1000])]
  ;[one, two] = await Promise.all([lesson('Một thứ tiếng', files[0]), lesson('Hai thứ tiếng', files[1])])
})

after(async () => {
  await endAll()
  await site?.stop()
  await end()
})

/** Asks the page until it answers yes; says what it last had if it never does. */
async function until(engine, what, fn, ...args) {
  let got
  for (const stop = Date.now() + 60_000; Date.now() < stop; ) {
    got = await engine.run(fn, ...args)
    if (got.yes) return got
    await new Promise((ok) => setTimeout(ok, 150))
  }
  assert.fail(`${engine.name}: ${what}: ${JSON.stringify(got)}`)
}

/**
 * The place goes on by a second in a source of this address; a jump to the old
 * place in a new source does not count. WebKitGTK 2.50 now and then sleeps on
 * after it, with all of a plain file in its buffer: then the page is paused and
 * played, as a person would do.
 */
const advances = (engine, source) =>
  until(engine, `plays ${source}`, async (source) => {
    const v = document.querySelector('video')
    const was = window.was
    const now = { src: v.currentSrc, at: v.currentTime, clock: performance.now() / 1000, gone: 0, still: 0, width: v.videoWidth }
    if (was?.src === now.src) {
      const step = now.at - was.at
      const passed = now.clock - was.clock
      now.gone = was.gone + (step > 0 && step < passed + 0.3 ? step : 0)
      now.still = step ? 0 : was.still + passed
    }
    if (now.still > 6 && !v.paused && !v.seeking && v.buffered.length && v.buffered.end(0) > now.at + 1) {
      now.still = 0
      v.pause()
      await v.play()
    }
    window.was = now
    return { yes: new RegExp(source).test(now.src) && now.gone > 1, ...now, paused: v.paused, ready: v.readyState, said: document.querySelector('.player-status').textContent }
  }, source)

/** What analysed gives, by recording half a second: Firefox's analyser waits for a sound card, which a machine for tests has not. */
const recorded = async () => {
  const v = document.querySelector('video')
  window.caught ??= v.mozCaptureStream()
  const tracks = window.caught.getAudioTracks().filter((t) => t.readyState === 'live')
  if (!v.mozHasAudio || !tracks.length) return 0
  const recorder = new MediaRecorder(new MediaStream(tracks.slice(0, 1)))
  const parts = []
  recorder.ondataavailable = (e) => parts.push(e.data)
  const stopped = new Promise((ok) => {
    recorder.onstop = ok
  })
  recorder.start()
  await new Promise((ok) => setTimeout(ok, 500))
  if (recorder.state !== 'inactive') recorder.stop() // it stops by itself with its source
  await stopped
  const file = await new Blob(parts).arrayBuffer()
  if (!file.byteLength) return 0
  const sound = await new OfflineAudioContext(1, 48_000, 48_000).decodeAudioData(file)
  const samples = sound.getChannelData(0).subarray(sound.length >> 2)
  let rises = 0
  for (let i = 1; i < samples.length; i++) if (samples[i - 1] < 0 && samples[i] >= 0) rises++
  return rises / (samples.length / sound.sampleRate)
}

const ears = { Firefox: recorded, WebKitGTK: analysed }

async function hears(engine, hertz) {
  let heard
  for (const stop = Date.now() + 60_000; Date.now() < stop; ) {
    heard = await engine.run(ears[engine.name])
    if (Math.abs(heard - hertz) < 15) return
    await new Promise((ok) => setTimeout(ok, 150))
  }
  assert.fail(`${engine.name} hears ${heard} Hz, not ${hertz}`)
}

const choose = (engine, name, value) =>
  engine.run((name, value) => {
    const s = document.querySelector(`select[name=${name}]`)
    s.value = value
    s.dispatchEvent(new Event('change', { bubbles: true }))
  }, name, value)

/** Opens a lesson and presses play; it begins again at its end, however slow the machine. */
async function play(engine, url) {
  await engine.go(url)
  await engine.run(() => {
    document.querySelector('video').loop = true
  })
  await engine.click('.player-cover')
}

// The limit is for a machine with much else to do: alone each takes a quarter of a minute.
for (const [name, launch] of [['Firefox', firefox], ['WebKitGTK', webkit]]) {
  test(`${name} plays a lesson, and what is chosen is heard`, { timeout: 240_000 }, async () => {
    const engine = await launch()
    await play(engine, one)
    assert.equal((await advances(engine, '^blob:')).width > 0, true, 'there is a picture')
    await hears(engine, 440)
    await choose(engine, 'quality', 'saver')
    assert.equal((await advances(engine, '/saver\\.mp4$')).width > 0, true, 'there is a picture')
    await hears(engine, 440)
    await choose(engine, 'quality', 'sound')
    await advances(engine, '/sound\\.m4a$')
    await hears(engine, 440)
    await choose(engine, 'quality', 'auto')
    await advances(engine, '^blob:')

    await play(engine, two)
    await hears(engine, 440)
    await choose(engine, 'sound', '1')
    await hears(engine, 1000)
    await choose(engine, 'sound', '0')
    await hears(engine, 440)
    await engine.end()
  })
}
