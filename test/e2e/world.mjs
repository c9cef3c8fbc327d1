// A small province in which every page has something to show: the demo's people
// and schools, a lesson that plays, one that is being written, a class, an
// airing with its figures. Made over the same pages that people use.
import assert from 'node:assert/strict'
import { execFile, execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { day, password, program, scratch, start } from './server.mjs'

/** A recording of 8 s with a tone. */
function recording() {
  const out = join(scratch, 'bai-thu.mp4')
  execFileSync('ffmpeg', ['-v', 'error', '-nostdin', '-y', '-f', 'lavfi', '-i', 'testsrc2=s=320x180:r=25:d=8', '-f', 'lavfi', '-i', 'sine=f=440:d=8',
    '-c:v', 'libx264', '-preset', 'ultrafast', '-pix_fmt', 'yuv420p', '-c:a', 'aac', out])
  return out
}

/** The school year that today is in, as the form of years asks for it. */
function schoolYear() {
  const [year, month] = day().split('-').map(Number)
  const y = year - (month < 9 ? 1 : 0)
  const monday = new Date(Date.UTC(y, 8, 1))
  while (monday.getUTCDay() !== 1) monday.setUTCDate(monday.getUTCDate() + 1)
  return { code: `${y}-${y + 1}`, from: `${y}-09-01`, to: `${y + 1}-08-31`, monday: monday.toISOString().slice(0, 10) }
}

/** A person's requests: ask() over the API, form() as a page sends it. */
async function person(url, username) {
  const res = await fetch(`${url}/signin`, { method: 'POST', redirect: 'manual', body: new URLSearchParams({ username, password }) })
  const cookie = res.headers.getSetCookie().map((c) => c.split(';')[0]).join('; ')
  assert.ok(cookie, `${username} is signed in (${res.status})`)
  const send = async (method, path, body, type) => {
    const r = await fetch(url + path, { method, body, redirect: 'manual', headers: { Cookie: cookie, ...(type && { 'Content-Type': type }) } })
    const text = await r.text()
    assert.ok(r.status < 400, `${username}: ${method} ${path}: ${r.status} ${(text.match(/(?:role="alert"|class="wrong")[^>]*>[^<]*/g) ?? [text.slice(0, 300)]).join(' ')}`)
    return { to: r.headers.get('Location') ?? '', text }
  }
  return {
    ask: async (method, path, body) => JSON.parse((await send(method, `/api/v1${path}`, body && JSON.stringify(body), body && 'application/json')).text || 'null'),
    put: (path, text, type) => send('PUT', `/api/v1${path}`, text, type),
    form: async (path, fields) => (await send('POST', path, new URLSearchParams(fields))).to,
    /** Sends a file's text with a form. */
    file: async (path, name, text, fields = {}) => {
      const f = new FormData()
      for (const [k, v] of Object.entries(fields)) f.set(k, v)
      f.set('file', new Blob([text]), name)
      return (await send('POST', path, f)).to
    },
    page: async (path) => (await send('GET', path)).text,
  }
}

const last = (to) => to.split('?')[0].split('/').at(-1)
const idIn = (text, pattern) => {
  const m = text.match(pattern)
  assert.ok(m, `nothing like ${pattern}`)
  return m[1]
}

/** Starts the product and fills it; gives it with its address, and the ids that paths need. */
export async function world() {
  const data = join(scratch, 'data')
  const site = await start(data, { args: ['--demo', '--no-demo-lessons'] })
  try {
    return { site, url: site.url, ids: await fill(site.url, data) }
  } catch (e) {
    await site.stop('SIGKILL')
    throw e
  }
}

async function fill(url, data) {
  const [teacher, head, reviewer, station, admin] = await Promise.all(['giaovien', 'hieutruong', 'chuyenvien', 'dai', 'quantri'].map((u) => person(url, u)))
  const { stdout } = await promisify(execFile)(program, ['lesson', 'add', '--data', data, '--title', 'Phép cộng phân số', '--subject', 'toan', '--grade', '6',
    '--week', '3', '--description', 'Quy đồng mẫu số rồi cộng hai tử số.', '--teacher', 'giaovien', '--publish', recording()])
  const lesson = idIn(stdout, /\/lessons\/([0-9a-f-]{36})/)
  await teacher.put(`/lessons/${lesson}/captions/vi`, 'WEBVTT\n\n00:00.500 --> 00:03.000\nChào các em!\n\n00:03.500 --> 00:07.000\nHôm nay chúng ta học phép cộng phân số.\n', 'text/vtt')
  await teacher.ask('PUT', `/lessons/${lesson}/chapters`, [{ at: 0, title: 'Mở đầu' }, { at: 4, title: 'Luyện tập' }])
  const draft = (await teacher.ask('POST', '/lessons', { title: 'Ôn tập về đoạn thẳng, đường thẳng', subject: 'toan', grade: 6 })).id

  const clock = (days, time) => `${day(days)}T${time}:00+07:00`
  const plan = (days, from, to) => station.ask('POST', '/airings', { lessonId: lesson, channelId: 'demo-tinh', startsAt: clock(days, from), endsAt: clock(days, to) })
  const airing = (await plan(-1, '08:00', '08:20')).id
  await plan(1, '09:00', '09:20')
  await station.ask('PUT', `/airings/${airing}/as-run`, { outcome: 'aired' })
  await station.ask('POST', `/airings/${airing}/figures`, { metric: 'contacts', value: 2140, unit: 'plays', grade: 'E', source: 'Phiếu của đài', method: 'Đài báo' })
  const copy = (await station.ask('POST', `/lessons/${lesson}/broadcast-copies`, { channelId: 'demo-tinh' })).id

  const year = schoolYear()
  await admin.form('/admin/years', year)
  const made = await head.form('/classes', { school: 'demo-thcs', year: year.code, name: '6A', grade: '6', homeroom: 'giaovien' })
  const klass = last(made)
  for (const [code, name] of [['9900000001', 'Em Một'], ['9900000002', 'Em Hai'], ['9900000003', 'Em Ba']]) await head.form(`/classes/${klass}/students`, { code, name })
  const teacherId = (await teacher.ask('GET', '/me')).id
  const imported = last(await admin.file('/admin/imports', 'dia-ban.csv', 'Mã,Tên,Loại\nDB-9,Xã Nậm Mới,Xã\n', { kind: 'areas' }))
  const notice = last(await reviewer.form('/notices/new', { title: 'Lịch dạy học trên truyền hình tuần 3', body: 'Các trường báo học sinh xem lúc 8 giờ sáng.', for: 'staff' }))
  const report = last(await reviewer.form('/department/reports', { from: day(-7), to: day(0) }))
  return { lesson, draft, airing, copy, class: klass, person: teacherId, import: imported, notice, report, area: 'demo-xa-1', school: 'demo-thcs', channel: 'demo-tinh', language: 'vi' }
}
