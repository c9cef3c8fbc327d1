// Playlists of a lesson that is kept: one rung of the ladder. Pure.

/** The URI="..." of a tag, or the line itself. */
function addressOf(line: string): string {
  return line.startsWith('#') ? /[:,]URI="([^"]+)"/.exec(line)?.[1] || '' : line
}

/**
 * The master playlist with one rung and the sounds it is heard with, and the
 * playlists it names, the rung's first. Without the rung: no playlists.
 */
export function oneRung(master: string, rung: string): { text: string; lists: string[] } {
  const lines = master.split(/\r?\n/)
  const at = lines.findIndex((l, i) => l === rung && lines[i - 1]?.startsWith('#EXT-X-STREAM-INF:'))
  if (at < 0) return { text: '', lists: [] }
  const about = lines[at - 1] as string
  const group = /[:,]AUDIO="([^"]*)"/.exec(about)?.[1]
  const sounds = lines.filter(
    l => l.startsWith('#EXT-X-MEDIA:TYPE=AUDIO') && group !== undefined && l.includes(`GROUP-ID="${group}"`),
  )
  const head = lines.filter(l => /^#EXT(M3U|-X-VERSION|-X-INDEPENDENT-SEGMENTS)/.test(l))
  return {
    text: [...head, ...sounds, about, rung, ''].join('\n'),
    lists: [...new Set([rung, ...sounds.map(addressOf).filter(Boolean)])],
  }
}

/** The files that a finished playlist names, its init section first; none when it still grows. */
export function filesOf(playlist: string): string[] {
  const lines = playlist.split(/\r?\n/)
  if (!lines.includes('#EXT-X-ENDLIST')) return []
  const named = lines.filter(l => l.startsWith('#EXT-X-MAP:') || (l && !l.startsWith('#')))
  return [...new Set(named.map(addressOf).filter(Boolean))]
}

/** Whether a name stays below the folder it is taken from: what a playlist names is fetched and stored. */
export const below = (name: string) => /^[a-z0-9]/i.test(name) && !/\.\.|[?#:\\]|\/\//.test(name)
