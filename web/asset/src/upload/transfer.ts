// Brings a recording to storage over lines that break: which parts are still
// missing, how many go at once, when a step is tried again, and when the line is
// too weak for whole parts. It knows nothing of the page or of browsers' requests.

/** What the API refuses, as its problem document; status 0: there was no answer. */
export interface Problem {
  status: number
  detail?: string
  code?: string
}

/** An upload as the server has planned it. */
export interface Plan {
  id: string
  partSize: number
  partCount: number
}

/** A signed request that stores one part. */
export interface Signed {
  number: number
  method: string
  url: string
  headers: Record<string, string>
  expiresAt: string
}

/** What is going on, in the page's words. */
export type Stage = 'sending' | 'waiting' | 'offline' | 'full' | 'joining'

/** The line to the server, and the clock. Failures are thrown as a Problem. */
export interface Line {
  call<T>(method: string, path: string, body?: object): Promise<T>
  /** Sends one part; sent is called with the bytes that have gone so far. */
  put(s: Signed, part: Blob, sent: (bytes: number) => void, signal: AbortSignal): Promise<void>
  /** From which byte on the server has nothing. */
  offset(upload: string): Promise<number>
  /** The request that stores what follows a byte, as much of it as arrives. */
  step(upload: string, from: number): Signed
  online(): boolean
  /** Resolves when there is a network again. */
  reconnected(): Promise<void>
  pause(ms: number): Promise<void>
  now(): number
  random(): number
}

/** Thrown when an upload was paused or another file was chosen. */
export class Stopped extends Error {}

/** Thrown when a part broke off twice: the line is too weak for whole parts. */
class WeakLine extends Error {}

/** Whether asking again cannot change an answer. A key in use belongs to the same
 * request, which still runs or whose process died: its answer will be there. A
 * new upload that the server has no space for is refused before a byte is sent. */
const final = ({ status, code }: Problem) =>
  code === 'upload.no_space' ||
  (status >= 400 && status < 500 && status !== 408 && status !== 429 && code !== 'request.key_in_use')

/** Seconds to wait before try n (from 0), without the random part. */
const delay = (n: number) => Math.min(30, 2 ** n)

/**
 * Runs a step until it succeeds: waits while there is no network, and ever
 * longer while the line or the server is weak, or the server is full. A final
 * answer ends it.
 */
export async function retry<T>(
  line: Line,
  signal: AbortSignal,
  report: (s: Stage) => void,
  step: () => Promise<T>,
): Promise<T> {
  for (let n = 0; ; n++) {
    if (signal.aborted) throw new Stopped()
    try {
      return await step()
    } catch (e) {
      if (signal.aborted) throw new Stopped()
      if (e instanceof WeakLine || final((e as Problem) || {})) throw e
      if (line.online()) {
        report((e as Problem)?.status === 507 ? 'full' : 'waiting')
        await line.pause(delay(n) * 1000 * (0.5 + line.random() / 2))
      } else {
        report('offline')
        await line.reconnected()
      }
    }
  }
}

/** One file on its way. */
export class Transfer {
  /** Storage joins the parts; nothing more is sent. */
  joining = false
  private readonly stored = new Map<number, number>() // bytes by part

  constructor(
    private readonly line: Line,
    private readonly plan: Plan,
    private readonly file: Blob,
    private readonly signal: AbortSignal,
    private readonly report: (s: Stage) => void,
    private readonly lanes = 3,
  ) {}

  /** Bytes that have gone. */
  get sent(): number {
    let sum = 0
    for (const n of this.stored.values()) sum += n
    return sum
  }

  /** Sends what is missing until the server has taken the whole file. */
  async run(): Promise<void> {
    let weak = false
    for (;;) {
      // What storage really has decides, not what this page remembers.
      const held = await this.retry(() =>
        this.line.call<{ received: { number: number; size: number }[]; status: string }>(
          'GET',
          `/uploads/${this.plan.id}`,
        ),
      )
      if (held.status === 'complete') return
      this.stored.clear()
      for (const r of held.received) if (r.size === this.length(r.number)) this.stored.set(r.number, r.size)
      this.report('sending')
      if (weak) {
        await this.sendSteps()
        continue
      }
      try {
        await this.sendParts()
      } catch (e) {
        if (!(e instanceof WeakLine)) throw e
        weak = true
        continue
      }
      if (await this.complete()) return
    }
  }

  /** Joins the parts; false: storage misses one after all. */
  private async complete(): Promise<boolean> {
    this.joining = true
    this.report('joining')
    try {
      await this.retry(() => this.line.call('POST', `/uploads/${this.plan.id}/complete`, {}))
      return true
    } catch (e) {
      if ((e as Problem).code !== 'upload.part_missing') throw e
      this.joining = false
      return false
    }
  }

  private retry<T>(step: () => Promise<T>, signal = this.signal): Promise<T> {
    return retry(this.line, signal, this.report, step)
  }

  private length(number: number): number {
    return Math.min(this.plan.partSize, this.file.size - (number - 1) * this.plan.partSize)
  }

  /** Sends some parts at a time until none is missing. */
  private async sendParts(): Promise<void> {
    const missing: number[] = []
    for (let n = 1; n <= this.plan.partCount; n++) if (!this.stored.has(n)) missing.push(n)
    const sign = this.signer(missing)
    const end = new AbortController() // ends the other lanes when one has to give up
    const stop = () => end.abort()
    this.signal.addEventListener('abort', stop)
    const lane = async () => {
      for (let n = missing.shift(); n; n = missing.shift()) await this.sendPart(n, sign, end.signal)
    }
    try {
      await Promise.all(Array.from({ length: this.lanes }, lane))
    } finally {
      end.abort()
      this.signal.removeEventListener('abort', stop)
    }
  }

  private async sendPart(
    number: number,
    sign: (n: number) => Promise<Signed>,
    signal: AbortSignal,
  ): Promise<void> {
    const from = (number - 1) * this.plan.partSize
    const part = this.file.slice(from, from + this.length(number))
    let broken = 0
    await this.retry(async () => {
      const s = await sign(number)
      if (signal.aborted) throw new Stopped()
      const sent = (bytes: number) => this.stored.set(number, Math.min(bytes, part.size))
      try {
        await this.line.put(s, part, sent, signal)
      } catch (e) {
        throw !(e as Problem).status && this.line.online() && ++broken === 2 ? new WeakLine() : e
      }
      this.stored.set(number, part.size)
    }, signal)
  }

  /** Gives parts their signed requests, several asked for at once, each used once and while it lasts. */
  private signer(missing: number[]): (n: number) => Promise<Signed> {
    const signed = new Map<number, Signed>()
    let asking: Promise<void> | undefined
    const ask = async (n: number) => {
      const numbers = [n, ...missing.slice(0, 7)]
      const a = await this.line.call<{ parts: Signed[] }>('POST', `/uploads/${this.plan.id}/parts`, {
        numbers,
      })
      for (const x of a.parts) signed.set(x.number, x)
    }
    return async n => {
      let s = signed.get(n)
      if (!s || Date.parse(s.expiresAt) <= this.line.now() + 60_000) {
        signed.delete(n)
        // A fresh one is used whatever this device's clock makes of its end.
        do {
          asking =
            asking ||
            ask(n).finally(() => {
              asking = undefined
            })
          await asking
          s = signed.get(n)
        } while (!s)
      }
      signed.delete(n)
      return s
    }
  }

  /**
   * For lines on which no part gets through: whatever arrives of a step stays,
   * and the next one continues behind it.
   */
  private async sendSteps(): Promise<void> {
    let at = -1
    for (let n = 0; ; ) {
      const offset = await this.retry(() => this.line.offset(this.plan.id))
      this.stored.clear()
      this.stored.set(0, offset)
      if (offset === this.file.size) return
      // Only a line that brings nothing at all is given time to recover.
      n = offset > at ? 0 : n + 1
      if (n) await this.line.pause(delay(n) * 500)
      at = offset
      const from = at
      const part = this.file.slice(from, from + this.plan.partSize)
      try {
        await this.line.put(
          this.line.step(this.plan.id, from),
          part,
          b => this.stored.set(0, from + b),
          this.signal,
        )
      } catch (e) {
        if (this.signal.aborted) throw new Stopped()
        const { status } = e as Problem
        // 400 and 409: the offset was another one; it is asked for again.
        if (final({ status }) && status !== 400 && status !== 409) throw e
      }
    }
  }
}
