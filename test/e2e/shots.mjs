// Pictures of every page, 360 and 1280 px, light and dark, into
// artifacts/pages, with contact sheets to look them over: make shots.
import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { chrome, end, root, signIn, visitor } from './server.mjs'
import { pages } from './pages.mjs'
import { world } from './world.mjs'

const folder = join(root, 'artifacts/pages')
const sizes = { 360: { width: 360, height: 740 }, 1280: { width: 1280, height: 800 } }
mkdirSync(folder, { recursive: true })
const only = new RegExp(process.argv[2] ?? '')
const { site, url, ids } = await world()
try {
  const list = pages(ids).filter((p) => only.test(p.name))
  for (const who of new Set(list.map((p) => p.who))) {
    const page = await visitor(url)
    if (who) await signIn(page, url, who)
    for (const p of list.filter((x) => x.who === who)) {
      await page.goto(url + p.path)
      for (const [width, size] of Object.entries(sizes)) {
        await page.setViewportSize(size)
        for (const colorScheme of ['light', 'dark']) {
          await page.emulateMedia({ colorScheme })
          await page.screenshot({ path: join(folder, `${p.name}-${width}-${colorScheme}.png`), fullPage: true })
        }
      }
    }
    await page.context().close()
  }
  // Eight pages a sheet, beside each other and cut below a screen and a half.
  const sheet = await (await (await chrome()).newContext({ viewport: { width: 1640, height: 1000 } })).newPage()
  for (const [width, colorScheme] of [['360', 'light'], ['360', 'dark'], ['1280', 'light'], ['1280', 'dark']]) {
    for (let i = 0; i < list.length; i += 8) {
      const cells = list.slice(i, i + 8).map((p) => {
        const data = readFileSync(join(folder, `${p.name}-${width}-${colorScheme}.png`)).toString('base64')
        return `<figure style="margin:4px;width:400px;height:${width === '360' ? 900 : 480}px;overflow:hidden"><figcaption>${p.name}</figcaption><img width="400" src="data:image/png;base64,${data}"></figure>`
      })
      await sheet.setContent(`<body style="margin:0;display:flex;flex-wrap:wrap;background:#888;font:14px sans-serif">${cells.join('')}`)
      await sheet.screenshot({ path: join(folder, `sheet-${width}-${colorScheme}-${String(i / 8).padStart(2, '0')}.png`), fullPage: true })
    }
  }
} finally {
  await site.stop('SIGKILL')
  await end()
}
