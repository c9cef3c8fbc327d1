// A kept file lies in pieces, because stores of answers take whole ones only,
// and a line that breaks must not cost what had come. Pure.

/** Bytes of one piece of a plain file: ten seconds on a line of 400 kbit/s. */
export const pieceBytes = 512 * 1024

/** First and last byte of each piece of a file, both inclusive. */
export function pieces(size: number, each = pieceBytes): [number, number][] {
  const out: [number, number][] = []
  for (let at = 0; at < size; at += each) out.push([at, Math.min(at + each, size) - 1])
  return out
}

/**
 * What a Range header asks of a file: first and last byte, both inclusive;
 * undefined: all of it; null: nothing that it has.
 */
export function asked(header: string | null, size: number): [number, number] | undefined | null {
  const m = /^bytes=(\d*)-(\d*)$/.exec(header || '')
  if (!m || (!m[1] && !m[2])) return
  const from = m[1] ? Number(m[1]) : Math.max(0, size - Number(m[2]))
  const to = m[1] && m[2] ? Math.min(Number(m[2]), size - 1) : size - 1
  return from > to ? null : [from, to]
}

/** Which parts, by number, hold some bytes of the whole, and which of theirs: from, and to exclusive. */
export function overlap(sizes: number[], from: number, to: number): [number, number, number][] {
  const out: [number, number, number][] = []
  let start = 0
  sizes.forEach((size, n) => {
    const a = Math.max(from, start) - start
    const b = Math.min(to + 1, start + size) - start
    if (a < b) out.push([n, a, b])
    start += size
  })
  return out
}

/** First byte, last byte and size of a Content-Range; undefined when it says no such thing. */
export function given(header: string | null): [number, number, number] | undefined {
  const m = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(header || '')
  return m ? [Number(m[1]), Number(m[2]), Number(m[3])] : undefined
}

/** What to delete for so many bytes: the smallest that is enough, else the largest. */
export function sacrifice<T extends { bytes: number }>(all: T[], need: number): T | undefined {
  const sorted = [...all].sort((a, b) => a.bytes - b.bytes)
  return sorted.find(k => k.bytes >= need) || sorted[sorted.length - 1]
}
