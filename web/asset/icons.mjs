// Copies the icons that pages use from lucide-static into icons/, each cut
// down to its shapes. Run by hand after changing the list: npm run icons.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const here = dirname(fileURLToPath(import.meta.url))
const root = join(here, '../..', 'node_modules/lucide-static')
const names = [
  'alarm-clock',
  'arrow-left',
  'arrow-right',
  'book-open',
  'calendar-days',
  'check',
  'chevron-right',
  'circle-check',
  'circle-help',
  'clock',
  'contrast',
  'download',
  'eye',
  'file-video',
  'flag',
  'graduation-cap',
  'headphones',
  'house',
  'info',
  'layers',
  'picture-in-picture-2',
  'play',
  'plus',
  'printer',
  'qr-code',
  'refresh-cw',
  'school',
  'search',
  'send',
  'share-2',
  'trash-2',
  'triangle-alert',
  'tv',
  'undo-2',
  'upload',
  'user',
  'users',
  'video-off',
  'wifi-off',
  'x',
]
const aliases = { 'circle-help': 'circle-question-mark' }

mkdirSync(join(here, 'icons'), { recursive: true })
for (const name of names) {
  let svg
  for (const n of [name, aliases[name]]) {
    if (!n || svg) continue
    try {
      svg = readFileSync(join(root, 'icons', `${n}.svg`), 'utf8')
    } catch (e) {
      if (e.code !== 'ENOENT') throw e
    }
  }
  if (!svg) throw new Error(`no icon ${name}`)
  const shapes = svg.slice(svg.indexOf('>', svg.indexOf('<svg')) + 1, svg.lastIndexOf('</svg>'))
  writeFileSync(
    join(here, 'icons', `${name}.svg`),
    `${shapes.replace(/\s*\n\s*/g, '').replace(/ \/>/g, '/>')}\n`,
  )
}
writeFileSync(join(here, 'icons', 'LICENSE'), readFileSync(join(root, 'LICENSE')))
