// A line that is cut after every 300 KB, with a server that is killed in
// between: the recording arrives whole all the same, and hardly a byte is sent
// twice. Once with an independent client of the protocol, once with our page.
import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import net from 'node:net'
import { join } from 'node:path'
import { after, test } from 'node:test'
import * as tus from 'tus-js-client'
import { end, password, scratch, signIn, start, visitor } from './server.mjs'

const MB = 1_000_000
const data = join(scratch, 'tus')
const args = ['--demo', '--no-demo-lessons']
let site
const lines = []

after(async () => {
  for (const l of lines) l.close()
  await site?.stop()
  await end()
})

/** A proxy that cuts each connection once it has carried so many bytes. */
async function badLine(each) {
  const open = new Set()
  const seen = { bytes: 0, cuts: 0 }
  const server = net.createServer((client) => {
    const { hostname, port } = new URL(site.url)
    const up = net.connect(Number(port), hostname)
    open.add(client).add(up)
    let carried = 0
    client.on('data', (d) => {
      carried += d.length
      seen.bytes += d.length
      if (carried >= each) {
        // What is on the way still arrives; then nothing more.
        seen.cuts++
        up.end(d)
        client.destroy()
      } else if (!up.write(d)) {
        client.pause()
        up.once('drain', () => client.resume())
      }
    })
    up.on('data', (d) => client.write(d))
    for (const [a, b] of [[client, up], [up, client]]) {
      a.on('end', () => b.end())
      a.on('error', () => b.destroy())
      a.on('close', () => {
        open.delete(a)
        b.destroySoon()
      })
    }
  })
  await new Promise((ok) => server.listen(0, '127.0.0.1', ok))
  const line = { url: `http://127.0.0.1:${server.address().port}`, seen, close: () => { for (const s of open) s.destroy(); server.close() } }
  lines.push(line)
  return line
}

async function lesson(title) {
  const ask = async (path, body, head = {}) => (await fetch(`${site.url}/api/v1${path}`, { method: 'POST', headers: { 'Content-Type': 'application/json', ...head }, body: JSON.stringify(body) })).json()
  const { token } = await ask('/tokens', { username: 'giaovien', password })
  const { id } = await ask('/lessons', { title, subject: 'toan', grade: 9 }, { Authorization: `Bearer ${token}` })
  return { id, token }
}

/** The stored file of a lesson, as it lies on the disk. */
function stored(id) {
  const found = readdirSync(join(data, 'objects'), { recursive: true }).map((f) => join(data, 'objects', String(f)))
    .filter((f) => f.includes(`${id}/recordings/`) && statSync(f).isFile())
  assert.equal(found.length, 1, found.join())
  return createHash('sha256').update(readFileSync(found[0])).digest('hex')
}

const hash = (b) => createHash('sha256').update(b).digest('hex')

test('50 MB by an independent client over a line cut every 300 KB, the server killed twice', async () => {
  site = await start(data, { args })
  const { id, token } = await lesson('Bài qua đường truyền xấu')
  const file = randomBytes(50 * MB)
  const line = await badLine(300_000)
  let kills = 0
  await new Promise((ok, no) => {
    const upload = new tus.Upload(file, {
      endpoint: `${line.url}/api/v1/tus`,
      headers: { Authorization: `Bearer ${token}` },
      metadata: { lesson: id, filename: 'bai.mp4' },
      // Without delay after a cut; the server, killed, takes its time to start.
      retryDelays: Array.from({ length: 300 }, (_, i) => (i < 10 ? 20 : 200)),
      storeFingerprintForResuming: false,
      onShouldRetry: () => true,
      onProgress: async (sent) => {
        if (sent < (kills + 1) * 15 * MB || kills === 2) return
        kills++
        await site.stop('SIGKILL')
        site = await start(data, { args })
      },
      onError: no,
      onSuccess: ok,
    })
    upload.start()
  })
  assert.equal(kills, 2)
  const again = line.seen.bytes / file.length - 1
  console.log(`cut ${line.seen.cuts} times, killed ${kills} times, ${(100 * again).toFixed(2)} % sent twice`)
  assert.ok(line.seen.cuts >= 140, `${line.seen.cuts} cuts`)
  assert.ok(again < 0.05, `${(100 * again).toFixed(1)} % was sent twice`)
  assert.equal(stored(id), hash(file))
})

test('our page turns to small steps when parts keep failing', async () => {
  const { id } = await lesson('Bài từ trang tải lên')
  const file = randomBytes(6 * MB)
  const line = await badLine(700_000)
  const page = await visitor(site.url)
  await signIn(page, site.url, 'giaovien')
  const { value } = (await page.context().cookies()).find((c) => c.name === 'lenlop')
  await page.context().addCookies([{ name: 'lenlop', value, url: line.url }])
  await page.goto(`${line.url}/teacher/lessons/${id}`)
  const path = join(scratch, 'bai.mp4')
  writeFileSync(path, file)
  await page.setInputFiles('#upload input[type=file]', path)
  await page.locator('#upload [data-status]', { hasText: 'Đã nhận an toàn' }).waitFor({ state: 'attached', timeout: 60_000 })
  assert.equal(stored(id), hash(file))
  assert.deepEqual(page.complaints, [])
})
