// Reads a lesson's playlists as a strict player does: hls-parser refuses
// whatever RFC 8216 does not allow.
import assert from 'node:assert/strict'
import HLS from 'hls-parser'

/** Fetches a master playlist and all it names; each must be of the type: EVENT while growing, VOD when finished. */
export async function strict(page, address) {
  HLS.setOptions({ strictMode: true, silent: true })
  const get = async (url) => {
    const r = await page.request.get(url)
    assert.equal(r.status(), 200, `${url}: ${r.status()}`)
    return r.text()
  }
  const master = HLS.parse(await get(address))
  assert.ok(master.isMasterPlaylist && master.variants.length > 0, 'a master playlist with variants')
  const found = []
  for (const v of master.variants) {
    assert.ok(v.bandwidth > 0 && v.codecs, `${v.uri}: bandwidth and codecs`)
    found.push(media(v.uri, await get(new URL(v.uri, address).href)))
  }
  for (const r of master.variants.flatMap((v) => v.audio).filter((a) => a.uri)) {
    found.push(media(r.uri, await get(new URL(r.uri, address).href)))
  }
  assert.equal(new Set(found.map((f) => f.type)).size, 1, 'all playlists are of one type')
  return { type: found[0].type, rungs: found, seconds: Math.min(...found.map((f) => f.seconds)) }
}

function media(name, text) {
  const list = HLS.parse(text)
  assert.ok(!list.isMasterPlaylist && list.segments.length > 0, `${name}: segments`)
  const final = list.playlistType === 'VOD'
  assert.ok(final || list.playlistType === 'EVENT', `${name}: type ${list.playlistType}`)
  // One that was growing ends too once the lesson is finished.
  assert.ok(list.endlist || !final, `${name}: a finished playlist ends`)
  assert.ok(list.segments[0].map?.uri, `${name}: an init section`)
  for (const s of list.segments) assert.ok(Math.round(s.duration) <= list.targetDuration, `${name}: ${s.uri} is over the target`)
  return { name, type: list.playlistType, seconds: list.segments.reduce((sum, s) => sum + s.duration, 0) }
}
