import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  type Line,
  type Plan,
  type Problem,
  retry,
  type Signed,
  type Stage,
  Stopped,
  Transfer,
} from './transfer'

const size = 25
const plan: Plan = { id: 'u', partSize: 10, partCount: 3 }
const film = new Blob([Uint8Array.from({ length: size }, (_, i) => i)])
const hour = 3_600_000

/** A server that plans, signs, stores and joins, behind a line that does as the test says. */
class Server implements Line {
  parts = new Map<number, number>()
  offsetAt = 0 // of what came in steps
  complete = false
  puts: number[] = []
  signings: number[][] = []
  pauses: number[] = []
  connected = true
  clock = 1_000_000_000_000
  ends = hour // how long an address lasts
  /** Called before a part is stored; what it throws is what the line did. */
  onPut: (s: Signed, sent: (bytes: number) => void, signal: AbortSignal) => void | Promise<void> = () =>
    undefined
  onCall: (method: string, path: string) => void = () => undefined

  call = async <T>(method: string, path: string, body?: object): Promise<T> => {
    this.onCall(method, path)
    if (method === 'GET') return this.state() as T
    if (path.endsWith('/complete')) {
      if (this.parts.size < plan.partCount) throw { status: 409, code: 'upload.part_missing' }
      this.complete = true
      return {} as T
    }
    const { numbers } = body as { numbers: number[] }
    this.signings.push(numbers)
    const expiresAt = new Date(this.clock + this.ends).toISOString()
    return { parts: numbers.map(number => ({ number, method: 'PUT', url: '', headers: {}, expiresAt })) } as T
  }
  private state() {
    const received = [...this.parts].map(([number, size]) => ({ number, size }))
    return { received, status: this.complete ? 'complete' : 'open' }
  }
  put = async (s: Signed, part: Blob, sent: (bytes: number) => void, signal: AbortSignal) => {
    this.puts.push(s.number)
    await this.onPut(s, sent, signal)
    sent(part.size)
    if (s.method === 'PATCH') {
      this.offsetAt = Number(s.url) + part.size
      this.complete = this.offsetAt === size
    } else this.parts.set(s.number, part.size)
  }
  offset = async () => this.offsetAt
  step = (_: string, from: number): Signed => ({
    number: 0,
    method: 'PATCH',
    url: String(from),
    headers: {},
    expiresAt: '',
  })
  online = () => this.connected
  reconnected = async () => {
    this.connected = true
  }
  pause = async (ms: number) => void this.pauses.push(ms)
  now = () => this.clock
  random = () => 0
}

const broken: Problem = { status: 0 }
const refused = (status: number, code = ''): Problem => ({ status, code })

/** Sends the film; gives what the page was told. */
async function send(server: Server, lanes = 1, stop = new AbortController()) {
  const told: Stage[] = []
  const transfer = new Transfer(server, plan, film, stop.signal, s => told.push(s), lanes)
  await transfer.run()
  return { told, sent: transfer.sent }
}

test('all parts are sent once, the last one shorter, and joined', async () => {
  const server = new Server()
  const { told, sent } = await send(server)
  assert.deepEqual(server.puts, [1, 2, 3])
  assert.deepEqual([...server.parts], [[1, 10], [2, 10], [3, 5]]) // biome-ignore format: as read
  assert.ok(server.complete)
  assert.equal(sent, size)
  assert.deepEqual(told, ['sending', 'joining'])
})

test('parts that storage has whole are not sent again, and half ones are', async () => {
  const server = new Server()
  server.parts.set(1, 10).set(2, 4)
  await send(server)
  assert.deepEqual(server.puts, [2, 3])
})

test('an upload that is complete sends nothing', async () => {
  const server = new Server()
  server.complete = true
  await send(server)
  assert.deepEqual([server.puts, server.signings], [[], []])
})

test('several parts are under way at once, never more than the lanes', async () => {
  const server = new Server()
  let now = 0
  let most = 0
  server.onPut = async () => {
    most = Math.max(most, ++now)
    await new Promise(ok => setImmediate(ok))
    now--
  }
  await send(server, 2)
  assert.equal(most, 2)
  assert.deepEqual(server.puts.sort(), [1, 2, 3])
})

test('a part that breaks is signed and sent again, and the line is given time', async () => {
  const server = new Server()
  let left = 1
  server.onPut = s => {
    if (s.number === 2 && left-- > 0) throw broken
  }
  const { told } = await send(server)
  assert.deepEqual(server.puts, [1, 2, 2, 3])
  assert.deepEqual(server.pauses, [500])
  assert.ok(told.includes('waiting'))
})

test('without a network it waits for one, and does not take the line for a weak one', async () => {
  const server = new Server()
  let left = 4
  server.onPut = () => {
    if (left-- > 0) {
      server.connected = false
      throw broken
    }
  }
  const { told } = await send(server)
  assert.deepEqual(server.puts, [1, 1, 1, 1, 1, 2, 3])
  assert.deepEqual(server.pauses, [])
  assert.equal(told.filter(s => s === 'offline').length, 4)
})

test('on a line too weak for parts it goes on in steps, from where the server has nothing', async () => {
  const server = new Server()
  server.onPut = (s, sent) => {
    if (s.method === 'PUT') throw broken
    if (s.url === '0') {
      server.offsetAt = 7 // as much as arrived
      sent(7)
      throw broken
    }
  }
  const { sent } = await send(server)
  assert.deepEqual(server.puts, [1, 1, 0, 0, 0])
  assert.equal(server.offsetAt, size)
  assert.equal(sent, size)
  assert.deepEqual(server.pauses, [500], 'steps that bring something are not slowed down')
})

test('steps that bring nothing are slowed down, up to fifteen seconds', async () => {
  const server = new Server()
  let left = 6
  server.onPut = s => {
    if (s.method === 'PUT' || left-- > 0) throw broken
  }
  await send(server)
  assert.deepEqual(server.pauses.slice(1), [1000, 2000, 4000, 8000, 15_000, 15_000])
})

test('a step at another offset than the server has is asked for again, a refused one ends it', async () => {
  const server = new Server()
  let step = 0
  server.onPut = s => {
    if (s.method === 'PUT') throw broken
    if (step++ === 0) throw refused(409)
    if (step === 3) throw refused(413)
  }
  await assert.rejects(send(server), { status: 413 })
})

test('other lanes end with the one that gives up', async () => {
  const server = new Server()
  let ended = false
  server.onPut = async (s, _, signal) => {
    if (s.method === 'PATCH') return
    if (s.number === 1) throw broken
    await new Promise((_, fail) => {
      signal.addEventListener('abort', () => {
        ended = true
        fail(broken)
      })
    })
  }
  await send(server, 2)
  assert.ok(ended)
  assert.ok(server.complete)
})

test('addresses are asked for several at once, and again when they are about to end', async () => {
  const server = new Server()
  await send(server)
  assert.deepEqual(server.signings, [[1, 2, 3]])
  const late = new Server()
  late.onPut = s => {
    if (s.number === 1) late.clock += hour - 30_000
  }
  await send(late)
  assert.deepEqual(late.signings, [[1, 2, 3], [2, 3]]) // biome-ignore format: as read
})

test('a device whose clock is days ahead still sends', async () => {
  const server = new Server()
  server.ends = -48 * hour
  await send(server)
  assert.deepEqual(server.puts, [1, 2, 3])
})

test('a part that storage has lost before joining is sent again', async () => {
  const server = new Server()
  let lost = false
  server.onCall = (_, path) => {
    if (path.endsWith('/complete') && !lost) {
      lost = true
      server.parts.delete(2)
    }
  }
  await send(server)
  assert.deepEqual(server.puts, [1, 2, 3, 2])
  assert.ok(server.complete)
})

test('what the server refuses ends it, with its words', async () => {
  const server = new Server()
  server.onCall = method => {
    if (method === 'POST') throw { status: 403, detail: 'Bài này không phải của thầy cô.' }
  }
  await assert.rejects(send(server), { status: 403, detail: 'Bài này không phải của thầy cô.' })
  assert.deepEqual(server.puts, [])
})

test('pausing stops the parts under way and sends no more', async () => {
  const server = new Server()
  const stop = new AbortController()
  server.onPut = (_, __, signal) =>
    new Promise((_, fail) => {
      signal.addEventListener('abort', () => fail(broken))
      setImmediate(() => stop.abort())
    })
  await assert.rejects(send(server, 3, stop), Stopped)
  assert.deepEqual(server.puts.sort(), [1, 2, 3])
  assert.equal(server.complete, false)
})

test('a request whose key is in use is sent again until its answer is there', async () => {
  const server = new Server()
  let tries = 0
  const step = async () => {
    if (++tries < 3) throw refused(409, 'request.key_in_use')
    return 'done'
  }
  const value = await retry(server, new AbortController().signal, () => undefined, step)
  assert.equal(value, 'done')
  assert.equal(tries, 3)
})

test('a full server keeps what it has and is asked until there is space; a new upload is refused', async () => {
  const server = new Server()
  const told: Stage[] = []
  let tries = 0
  const step = async () => {
    if (++tries < 3) throw refused(507, 'storage.full')
    return 'done'
  }
  const value = await retry(server, new AbortController().signal, s => told.push(s), step)
  assert.equal(value, 'done')
  assert.deepEqual(told, ['full', 'full'])
  await assert.rejects(
    retry(
      server,
      new AbortController().signal,
      () => undefined,
      async () => {
        throw refused(507, 'upload.no_space')
      },
    ),
  )
})

test('answers that may change are asked for again, ever more slowly, up to half a minute', async () => {
  const server = new Server()
  const told: Stage[] = []
  const answers = [0, 408, 429, 500, 502, 503, 504]
  const value = await retry(
    server,
    new AbortController().signal,
    s => told.push(s),
    async () => {
      const status = answers.shift()
      if (status !== undefined) throw refused(status)
      return 'done'
    },
  )
  assert.equal(value, 'done')
  assert.deepEqual(server.pauses, [500, 1000, 2000, 4000, 8000, 15_000, 15_000])
  assert.equal(told.length, 7)
  const stop = new AbortController()
  stop.abort()
  await assert.rejects(
    retry(
      server,
      stop.signal,
      () => undefined,
      async () => 1,
    ),
    Stopped,
  )
})
