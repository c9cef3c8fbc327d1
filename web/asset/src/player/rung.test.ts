import assert from 'node:assert/strict'
import { test } from 'node:test'
import { below, filesOf, oneRung } from './rung.ts'

const master = `#EXTM3U
#EXT-X-VERSION:7
#EXT-X-INDEPENDENT-SEGMENTS
#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="sound",NAME="Kinh",DEFAULT=YES,URI="audio.m3u8"
#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="sound",NAME="Hmông",URI="audio1.m3u8"
#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="other",NAME="x",URI="other.m3u8"
#EXT-X-STREAM-INF:BANDWIDTH=1,AUDIO="sound"
240p.m3u8
#EXT-X-STREAM-INF:BANDWIDTH=2,AUDIO="sound",NAME="720p"
720p.m3u8
#EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=2,URI="frames.m3u8"
`

test('one rung is left, with the sounds it is heard with', () => {
  const { text, lists } = oneRung(master, '720p.m3u8')
  assert.deepEqual(lists, ['720p.m3u8', 'audio.m3u8', 'audio1.m3u8'])
  assert.equal(
    text,
    `#EXTM3U
#EXT-X-VERSION:7
#EXT-X-INDEPENDENT-SEGMENTS
#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="sound",NAME="Kinh",DEFAULT=YES,URI="audio.m3u8"
#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="sound",NAME="Hmông",URI="audio1.m3u8"
#EXT-X-STREAM-INF:BANDWIDTH=2,AUDIO="sound",NAME="720p"
720p.m3u8
`,
  )
  const plain = '#EXTM3U\r\n#EXT-X-STREAM-INF:BANDWIDTH=1\r\n240p.m3u8\r\n'
  assert.deepEqual(oneRung(plain, '240p.m3u8').lists, ['240p.m3u8'])
  assert.deepEqual(oneRung(master, '360p.m3u8'), { text: '', lists: [] })
})

test('a playlist names its files, once each, and only when it has ended', () => {
  const list =
    '#EXTM3U\n#EXT-X-MAP:URI="720p/0-1/init.mp4"\n#EXTINF:2,\n720p/0-1/0.m4s\n#EXTINF:2,\n720p/0-1/0.m4s\n'
  assert.deepEqual(filesOf(`${list}#EXT-X-ENDLIST\n`), ['720p/0-1/init.mp4', '720p/0-1/0.m4s'])
  assert.deepEqual(filesOf(list), [])
})

test('nothing is fetched from outside the package', () => {
  assert.ok(below('720p/0-1/init.mp4'))
  for (const bad of ['../x', '/x', 'https://x/y', 'a/../../b', 'a//b', 'a?b', '\\x', ''])
    assert.ok(!below(bad), bad)
})
