// The process dies at the worst moments, and nothing that was acknowledged is
// lost: in the middle of an upload, and in the middle of transcoding.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { end, password, root, scratch, start } from './server.mjs'

const data = join(scratch, 'kill')
let site

after(async () => {
  await site?.stop()
  await end()
})

/** A client of the API for one person, good for one run of the server. */
async function client(username) {
  const ask = async (method, path, body, headers = {}) => {
    const res = await fetch(site.url + path, { method, headers: { ...headers, ...(body ? { 'Content-Type': 'application/json' } : {}) }, body: body && JSON.stringify(body) })
    return res
  }
  const token = (await (await ask('POST', '/api/v1/tokens', { username, password })).json()).token
  return async (method, path, body) => {
    const res = await ask(method, `/api/v1${path}`, body, { Authorization: `Bearer ${token}` })
    const out = res.status === 204 ? {} : await res.json()
    assert.ok(res.ok, `${method} ${path}: ${res.status} ${JSON.stringify(out)}`)
    return out
  }
}

/** Twelve megabytes of real recording: noise does not compress. */
function noisy() {
  const out = join(scratch, 'on-ao.mp4')
  const made = spawnSync('ffmpeg', ['-v', 'error', '-nostdin', '-y', '-f', 'lavfi', '-i', 'testsrc2=s=426x240:r=25:d=24,noise=alls=60:allf=t',
    '-f', 'lavfi', '-i', 'sine=frequency=440:duration=24', '-c:v', 'libx264', '-preset', 'ultrafast', '-b:v', '4M', '-minrate', '4M', '-maxrate', '4M', '-bufsize', '2M',
    '-pix_fmt', 'yuv420p', '-c:a', 'aac', '-shortest', out])
  assert.equal(made.status, 0, String(made.stderr))
  return readFileSync(out)
}

test('killed while uploading and while transcoding', async () => {
  const args = ['--demo', '--no-demo-lessons']
  site = await start(data, { args })
  let teacher = await client('giaovien')
  const file = noisy()
  const lesson = await teacher('POST', '/lessons', { title: 'Bài sống sót', subject: 'toan', grade: 9 })
  const upload = await teacher('POST', `/lessons/${lesson.id}/uploads`, { filename: 'on-ao.mp4', size: file.length })
  assert.ok(upload.partCount >= 2, `${file.length} bytes in ${upload.partCount} parts`)
  const put = async (n) => {
    const { parts } = await teacher('POST', `/uploads/${upload.id}/parts`, { numbers: [n] })
    const res = await fetch(parts[0].url, { method: parts[0].method, headers: parts[0].headers, body: file.subarray((n - 1) * upload.partSize, n * upload.partSize) })
    assert.equal(res.status, 200)
  }
  await put(1)
  const dying = put(2).catch(() => 'cut') // in the air when the process dies
  await site.stop('SIGKILL')
  await dying

  site = await start(data, { args })
  teacher = await client('giaovien')
  const seen = await teacher('GET', `/uploads/${upload.id}`)
  assert.equal(seen.received[0]?.number, 1, 'the acknowledged part is there')
  assert.equal(seen.received[0].size, upload.partSize)
  for (let n = 1; n <= upload.partCount; n++) {
    const have = seen.received.find((p) => p.number === n)
    if (!have) await put(n)
    else assert.equal(have.size, n < upload.partCount ? upload.partSize : file.length - (n - 1) * upload.partSize, `part ${n} is whole or not listed`)
  }
  await teacher('POST', `/uploads/${upload.id}/complete`, {})

  let kills = 0
  let state
  for (const limit = Date.now() + 240_000; ; ) {
    const l = await teacher('GET', `/lessons/${lesson.id}`)
    state = l.media
    assert.notEqual(state.state, 'failed', JSON.stringify(l.failure))
    if (state.state === 'ready') break
    if (state.state === 'processing' && kills < 2 && state.fraction > kills * 0.3 + 0.05) {
      kills++
      await site.stop('SIGKILL')
      site = await start(data, { args })
      teacher = await client('giaovien')
    }
    assert.ok(Date.now() < limit, `still ${JSON.stringify(state)}`)
    await new Promise((ok) => setTimeout(ok, 100))
  }
  assert.equal(kills, 2, 'the transcoding was killed twice')

  // What the teacher sent is there, byte for byte, and what was made of it plays.
  const context = await fetch(`${site.url}/signin`, { method: 'POST', redirect: 'manual', body: new URLSearchParams({ username: 'giaovien', password }) })
  const cookie = context.headers.get('set-cookie').split(';')[0]
  const back = Buffer.from(await (await fetch(`${site.url}/teacher/lessons/${lesson.id}/recording`, { headers: { cookie } })).arrayBuffer())
  const sum = (b) => createHash('sha256').update(b).digest('hex')
  assert.equal(sum(back), sum(file))
  const l = await teacher('GET', `/lessons/${lesson.id}`)
  const played = spawnSync('ffmpeg', ['-v', 'error', '-nostdin', '-xerror', '-i', l.playback.hls, '-f', 'null', '-'])
  assert.equal(played.status, 0, String(played.stderr))
})

test('a second start on the same folder is refused, and SIGTERM drains', async () => {
  const second = spawnSync(join(root, 'bin/lenlop'), ['serve', '--data', data, '--listen', '127.0.0.1:0'], { encoding: 'utf8' })
  assert.equal(second.status, 1)
  assert.match(second.stderr, /in use by another lenlop \(process \d+/)
  const { child } = site
  const ended = new Promise((ok) => child.once('exit', (code) => ok(code)))
  child.kill('SIGTERM')
  assert.equal(await ended, 0, site.log())
})

test('a demo is refused on a folder with something in it', () => {
  const dir = join(scratch, 'not-a-demo')
  spawnSync('mkdir', ['-p', dir])
  writeFileSync(join(dir, 'luan-van.doc'), 'x')
  const refused = spawnSync(join(root, 'bin/lenlop'), ['serve', '--data', dir, '--listen', '127.0.0.1:0', '--demo'], { encoding: 'utf8' })
  assert.equal(refused.status, 1)
  assert.match(refused.stderr, /--demo is for an empty data folder/)
})

test('lesson add does the whole job, alone and beside a running server', async () => {
  const dir = join(scratch, 'alone')
  const clip = join(scratch, 'ngan.mp4')
  spawnSync('ffmpeg', ['-v', 'error', '-nostdin', '-y', '-f', 'lavfi', '-i', 'testsrc2=s=320x240:r=25:d=6', '-f', 'lavfi', '-i', 'sine=duration=6', '-c:v', 'libx264', '-preset', 'ultrafast', '-pix_fmt', 'yuv420p', '-c:a', 'aac', clip])
  const add = () => spawnSync(join(root, 'bin/lenlop'), ['lesson', 'add', '--data', dir, '--title', 'Bài từ dòng lệnh', '--subject', 'toan', '--grade', '9', '--publish', clip], { encoding: 'utf8' })
  const alone = add()
  assert.equal(alone.status, 0, alone.stderr)
  assert.match(alone.stdout, /^http:\/\/\S+\/lessons\/[0-9a-f-]{36}\n$/)
  const server = await start(dir)
  try {
    const beside = add()
    assert.equal(beside.status, 0, beside.stderr)
    assert.ok(beside.stdout.startsWith(`${server.url}/lessons/`), beside.stdout)
    const found = await (await fetch(`${server.url}/api/v1/search?q=bai+tu+dong+lenh`)).json()
    assert.equal(found.hits.length, 2)
    const wrong = spawnSync(join(root, 'bin/lenlop'), ['lesson', 'add', '--data', dir, '--title', 'x', '--subject', 'khong-co', '--grade', '9', clip], { encoding: 'utf8' })
    assert.equal(wrong.status, 1)
    assert.match(wrong.stderr, /subject/)
  } finally {
    await server.stop()
  }
})
