// What the islands find around them in a browser, for their unit tests: local
// storage, the Cache API and a network that answers as the test says.

export const origin = 'https://lop.example'

/** One request, as the network saw it. */
export interface Sent {
  method: string
  path: string
  headers: Headers
  body: string
}

/** localStorage. */
class FakeStorage {
  private readonly items = new Map<string, string>()
  getItem = (key: string) => this.items.get(key) ?? null
  setItem = (key: string, value: string) => void this.items.set(key, String(value))
  removeItem = (key: string) => void this.items.delete(key)
}

const href = (r: RequestInfo | URL) => new URL(r instanceof Request ? r.url : r, origin).href

/** One store of the Cache API. */
export class FakeCache {
  readonly entries = new Map<string, Response>()
  /** Set: there is no space left for another answer. */
  full = false

  async match(r: RequestInfo | URL): Promise<Response | undefined> {
    return this.entries.get(href(r))?.clone()
  }
  async put(r: RequestInfo | URL, answer: Response): Promise<void> {
    if (this.full) throw new DOMException('no space is left', 'QuotaExceededError')
    this.entries.set(href(r), answer)
  }
  async delete(r: RequestInfo | URL): Promise<boolean> {
    return this.entries.delete(href(r))
  }
  async keys(): Promise<Request[]> {
    return [...this.entries.keys()].map(url => new Request(url))
  }
  /** The paths of all entries, sorted. */
  get paths(): string[] {
    return [...this.entries.keys()].map(url => new URL(url).pathname).sort()
  }
}

class FakeCaches {
  readonly stores = new Map<string, FakeCache>()
  open = async (name: string) => this.store(name)
  keys = async () => [...this.stores.keys()]
  delete = async (name: string) => this.stores.delete(name)
  async match(r: RequestInfo | URL): Promise<Response | undefined> {
    for (const s of this.stores.values()) {
      const found = await s.match(r)
      if (found) return found
    }
  }
  store(name: string): FakeCache {
    const s = this.stores.get(name) ?? new FakeCache()
    this.stores.set(name, s)
    return s
  }
}

/** A browser of one test. */
export class Browser {
  readonly caches = new FakeCaches()
  readonly sent: Sent[] = []
  readonly document = Object.assign(new EventTarget(), {
    cookie: '',
    visibilityState: 'visible',
    documentElement: { lang: 'vi' },
    querySelector: (_: string): unknown => null,
  })
  readonly window = new EventTarget()
  readonly navigator = { onLine: true, storage: { estimate: async () => ({ quota: 1000, usage: 400 }) } }
  /** Answers a request; what it throws is a line that broke. */
  network: (r: Sent) => Response | Promise<Response> = () => new Response('', { status: 404 })

  /** Puts a browser in place of the globals that the islands use. */
  static install(): Browser {
    const b = new Browser()
    const globals: Record<string, unknown> = {
      caches: b.caches,
      document: b.document,
      localStorage: new FakeStorage(),
      navigator: b.navigator,
      window: globalThis,
      DOMParser: Parser,
      addEventListener: b.window.addEventListener.bind(b.window),
      removeEventListener: b.window.removeEventListener.bind(b.window),
      fetch: (input: RequestInfo | URL, init: RequestInit = {}) => b.fetch(input, init),
    }
    for (const [name, value] of Object.entries(globals))
      Object.defineProperty(globalThis, name, { value, configurable: true, writable: true })
    return b
  }

  private async fetch(input: RequestInfo | URL, init: RequestInit): Promise<Response> {
    init.signal?.throwIfAborted()
    const r = new Request(href(input), {
      method: init.method,
      headers: init.headers,
      body: init.body as string,
    })
    const { pathname, search } = new URL(r.url)
    const sent = { method: r.method, path: pathname + search, headers: r.headers, body: await r.text() }
    this.sent.push(sent)
    return this.network(sent)
  }

  /** The line is back. */
  online(): void {
    this.navigator.onLine = true
    this.window.dispatchEvent(new Event('online'))
  }
}

/** Reads no more of a page than an element's class and its data-facts. */
class Parser {
  parseFromString(text: string) {
    return {
      querySelector(selector: string) {
        const found = new RegExp(`class="${selector.slice(1)}" data-facts='([^']*)'`).exec(text)
        return found && { dataset: { facts: found[1] } }
      },
    }
  }
}
