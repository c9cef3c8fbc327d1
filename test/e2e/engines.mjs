// Two more browsers beside Chromium, each driven by the standard protocol it has:
// Firefox by WebDriver BiDi over a WebSocket (Debian has no geckodriver),
// WebKitGTK by WebDriver on a display of its own. Both give the same few verbs:
// go to an address, run a function in the page, click, end.
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, readdirSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { scratch } from './server.mjs'

const children = new Set()

/** A process of this run. */
function begin(command, args, options) {
  const child = spawn(command, args, options)
  children.add(child)
  child.once('exit', () => children.delete(child))
  return child
}

/** Ends whatever browsers are left, those that did not get up too. */
export const endAll = () => Promise.all([...children].map(quit))

/** Ends a process and waits until it is gone; what does not listen is killed. */
function quit(child) {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve()
  return new Promise((ok) => {
    const hard = setTimeout(() => child.kill('SIGKILL'), 5000)
    child.once('exit', () => {
      clearTimeout(hard)
      ok()
    })
    child.kill()
  })
}

/** The first match in what a process says; fails when it ends before. */
function said(child, stream, pattern) {
  return new Promise((ok, no) => {
    let text = ''
    stream.on('data', (d) => {
      text += d
      const m = text.match(pattern)
      if (m) ok(m[1])
    })
    child.once('error', no)
    child.once('exit', (code) => no(new Error(`${child.spawnfile} ended with ${code}: ${text}`)))
  })
}

/**
 * A WebSocket's client side (RFC 6455), for text: Node 20 has none of its own.
 * Resolves with send(text) and close(); each message goes to heard.
 */
function socket(url, heard, closed) {
  return new Promise((ok, no) => {
    const ask = request(url.replace(/^ws/, 'http'), {
      headers: { Connection: 'Upgrade', Upgrade: 'websocket', 'Sec-WebSocket-Version': '13', 'Sec-WebSocket-Key': randomBytes(16).toString('base64') },
    })
    ask.once('error', no)
    ask.once('response', (r) => no(new Error(`no WebSocket: ${r.statusCode}`)))
    ask.once('upgrade', (_, line, head) => {
      const frame = (opcode, body) => {
        const n = body.length
        const top = n < 126 ? Buffer.from([0x80 | opcode, 0x80 | n]) : Buffer.alloc(n < 65536 ? 4 : 10)
        if (n >= 126) {
          top[0] = 0x80 | opcode
          top[1] = 0x80 | (n < 65536 ? 126 : 127)
          if (n < 65536) top.writeUInt16BE(n, 2)
          else top.writeBigUInt64BE(BigInt(n), 2)
        }
        const mask = randomBytes(4)
        line.write(Buffer.concat([top, mask, body.map((b, i) => b ^ mask[i % 4])]))
      }
      let waiting = head
      let parts = []
      line.on('data', (d) => {
        waiting = Buffer.concat([waiting, d])
        for (;;) {
          if (waiting.length < 2) return
          const short = waiting[1] & 0x7f
          const at = short < 126 ? 2 : short === 126 ? 4 : 10
          if (waiting.length < at) return
          const n = short < 126 ? short : short === 126 ? waiting.readUInt16BE(2) : Number(waiting.readBigUInt64BE(2))
          if (waiting.length < at + n) return
          const [last, opcode, body] = [waiting[0] & 0x80, waiting[0] & 0x0f, waiting.subarray(at, at + n)]
          waiting = waiting.subarray(at + n)
          if (opcode === 9) frame(10, body)
          if (opcode > 2) continue
          parts.push(body)
          if (!last) continue
          heard(Buffer.concat(parts).toString())
          parts = []
        }
      })
      line.on('error', () => undefined)
      line.on('close', closed)
      ok({ send: (text) => frame(1, Buffer.from(text)), close: () => line.destroy() })
    })
    ask.end()
  })
}

/** Firefox ESR. */
export async function firefox() {
  const profile = mkdtempSync(join(scratch, 'firefox-'))
  // Sound may begin without a click: a person's click is not what is tried
  // here. Firefox itself leaves its makers' servers alone when it is driven.
  const prefs = {
    'browser.newtabpage.enabled': false,
    'browser.startup.homepage': 'about:blank',
    'browser.startup.page': 0,
    'intl.accept_languages': 'vi',
    'media.autoplay.blocking_policy': 0,
    'media.autoplay.default': 0,
  }
  writeFileSync(join(profile, 'user.js'), Object.entries(prefs).map(([k, v]) => `user_pref(${JSON.stringify(k)}, ${JSON.stringify(v)});\n`).join(''))
  const child = begin('firefox-esr', ['--headless', '--no-remote', '--profile', profile, '--remote-debugging-port', '0'], {
    env: { ...process.env, HOME: profile, MOZ_CRASHREPORTER_DISABLE: '1' },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const address = await said(child, child.stderr, /WebDriver BiDi listening on (ws:\S+)/)
  const asked = new Map()
  let number = 0
  const gone = () => {
    for (const { no, method } of asked.values()) no(new Error(`Firefox is gone during ${method}: ${child.signalCode ?? child.exitCode}`))
  }
  const line = await socket(`${address}/session`, (text) => {
    const m = JSON.parse(text)
    const a = asked.get(m.id)
    asked.delete(m.id)
    if (m.type === 'success') a?.ok(m.result)
    else a?.no(new Error(`${a.method}: ${m.message}`))
  }, gone)
  const ask = (method, params) =>
    new Promise((ok, no) => {
      asked.set(++number, { ok, no, method })
      line.send(JSON.stringify({ id: number, method, params }))
    })
  await ask('session.new', { capabilities: {} })
  const { context } = (await ask('browsingContext.getTree', {})).contexts[0]
  const run = async (fn, ...args) => {
    const r = await ask('script.callFunction', {
      functionDeclaration: `async (args) => JSON.stringify((await (${fn})(...JSON.parse(args))) ?? null)`,
      arguments: [{ type: 'string', value: JSON.stringify(args) }],
      target: { context },
      awaitPromise: true,
      userActivation: true,
    })
    if (r.type !== 'success') throw new Error(r.exceptionDetails.text)
    return JSON.parse(r.result.value)
  }
  return {
    name: 'Firefox',
    run,
    go: (url) => ask('browsingContext.navigate', { context, url, wait: 'complete' }),
    click: (selector) => run((s) => document.querySelector(s).click(), selector),
    end: async () => {
      line.close()
      await quit(child)
    },
  }
}

/** A port that was free a moment ago. */
function freePort() {
  return new Promise((ok) => {
    const s = createServer()
    s.listen(0, '127.0.0.1', () => {
      const { port } = s.address()
      s.close(() => ok(port))
    })
  })
}

/** WebKitGTK's small browser. */
export async function webkit() {
  const home = mkdtempSync(join(scratch, 'webkit-'))
  const screen = begin('Xvfb', ['-displayfd', '3', '-screen', '0', '1280x800x24', '-nolisten', 'tcp'], { stdio: ['ignore', 'ignore', 'ignore', 'pipe'] })
  const display = `:${await said(screen, screen.stdio[3], /(\d+)\n/)}`
  const libraries = '/usr/lib'
  const browser = readdirSync(libraries)
    .flatMap((d) => (d.endsWith('-linux-gnu') ? readdirSync(join(libraries, d)).map((e) => join(libraries, d, e)) : []))
    .find((d) => /\/webkit2gtk-4\.\d$/.test(d))
  const port = await freePort()
  const driver = begin('WebKitWebDriver', [`--port=${port}`], {
    env: { ...process.env, DISPLAY: display, HOME: home, XDG_RUNTIME_DIR: home, LANGUAGE: 'vi' },
    stdio: 'ignore',
  })
  const ask = async (method, path, body) => {
    const r = await fetch(`http://127.0.0.1:${port}${path}`, { method, body: body && JSON.stringify(body) })
    const { value } = await r.json()
    if (!r.ok) throw new Error(`${path}: ${value.error}: ${value.message}`)
    return value
  }
  const awake = async () => {
    for (const stop = Date.now() + 30_000; ; ) {
      try {
        return await ask('GET', '/status')
      } catch (e) {
        if (Date.now() > stop || driver.exitCode !== null) throw e
        await new Promise((ok) => setTimeout(ok, 50))
      }
    }
  }
  await awake()
  const options = { binary: join(browser, 'MiniBrowser'), args: ['--automation'] }
  const { sessionId } = await ask('POST', '/session', { capabilities: { alwaysMatch: { browserName: 'MiniBrowser', 'webkitgtk:browserOptions': options } } })
  const of = (path) => `/session/${sessionId}${path}`
  await ask('POST', of('/timeouts'), { script: 60_000 })
  return {
    name: 'WebKitGTK',
    run: async (fn, ...args) => {
      const script = `const done = arguments[1]
        Promise.resolve((${fn})(...JSON.parse(arguments[0]))).then((v) => done({ v }), (e) => done({ e: String(e) }))`
      const got = await ask('POST', of('/execute/async'), { script, args: [JSON.stringify(args)] })
      if (got.e) throw new Error(got.e)
      return got.v
    },
    go: (url) => ask('POST', of('/url'), { url }),
    click: async (selector) => {
      const found = await ask('POST', of('/element'), { using: 'css selector', value: selector })
      await ask('POST', of(`/element/${Object.values(found)[0]}/click`), {})
    },
    end: async () => {
      await ask('DELETE', of('')).catch(() => undefined) // a browser that crashed has no session to end
      await quit(driver)
      await quit(screen)
    },
  }
}
