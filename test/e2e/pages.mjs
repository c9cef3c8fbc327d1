// Every page of the product with somebody who may see it, and the addresses
// that are no pages. docs/access.md names all routes (a Go test holds it to the
// running server), so a page that is in neither list is found missing.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './server.mjs'

// Who looks, then what; a word after # tells two looks at one route apart.
const looks = {
  '': [
    '/', '/#chosen ?grade=6', '/search', '/search#found ?q=phan+so', '/search#nothing ?q=khong+co+bai+nay', '/lessons/:lesson', '/lessons/:lesson/problem', '/embed/:lesson', '/kept', '/tv', '/tv/week', '/tv/code',
    '/signin', '/signin/card', '/forgot', '/reset', '/privacy', '/design', '/api/v1/docs', '/khong-co-trang-nay#missing', '/teacher#refused',
  ],
  hocsinh: ['/account#student', '/#student'],
  giaovien: [
    '/teacher', '/teacher/lessons/new', '/teacher/lessons/:draft#draft', '/teacher/lessons/:lesson', '/teacher/lessons/:lesson/captions', '/teacher/lessons/:lesson/captions/:language',
    '/teacher/lessons/:lesson/chapters', '/teacher/lessons/:lesson/questions', '/teacher/roll-calls', '/teacher/roll-calls/:airing/:class', '/teacher/viewership',
    '/classes', '/classes/:class', '/classes/:class/unreached', '/notices', '/notices/:notice', '/problems', '/account', '/account/tokens', '/account/second-step',
  ],
  hieutruong: ['/school', '/school/viewership', '/school/lessons/:lesson', '/classes#head', '/classes/:class#head'],
  chuyenvien: [
    '/review', '/review/:lesson', '/department', '/department/lessons/:lesson', '/department/schools', '/department/reach', '/department/flags', '/department/left-out',
    '/department/reconciliation', '/department/reports', '/department/reports/:report', '/department/draws/:airing', '/notices/new', '/notices/:notice/edit', '/notices/:notice/readers',
  ],
  dai: [
    '/station', '/station/airings/new', '/station/airings/:airing', '/station/copies/:copy', '/station/channels/new', '/station/channels/:channel', '/station/figures',
    '/station/as-run', '/station/guides', '/station/minutes',
  ],
  quantri: [
    '/admin', '/admin/jobs', '/admin/people', '/admin/people/:person/account', '/admin/schools', '/admin/schools/:school', '/admin/areas', '/admin/areas/:area', '/admin/classes',
    '/admin/years', '/admin/lists', '/admin/imports', '/admin/imports/:import', '/admin/audit', '/admin/tokens', '/admin/webhooks',
  ],
}

/** Addresses that answer with something else than a page to read. */
export const notPages = [
  /^\/api\/v1\/(?!docs$)/, // data
  /^\/(healthz|readyz|metrics|manifest\.webmanifest)$/, // for machines
  /^\/watch\//, // the recording's pieces
  /\/file$|\/recording$|\/data$|\.csv$|\/exports\/:kind$/, // files to keep
  /\/files\/:file$|\/worksheets\/:worksheet$/, // what somebody attached
  /^\/tv\/reminders/, // a calendar's file
  /^\/signin\/external/, // the way to another site and back
]

/** The routes that answer GET, as docs/access.md names them. */
export const routes = () => {
  const rows = readFileSync(join(root, 'docs/access.md'), 'utf8').matchAll(/^\| GET \| `([^`]+)`/gm)
  return [...new Set([...rows].map((m) => m[1]))]
}

/** Every look: {name, route, path, who}, its path filled from the world's ids. */
export function pages(ids) {
  return Object.entries(looks).flatMap(([who, list]) =>
    list.map((look) => {
      const [address, query = ''] = look.split(' ')
      const [route] = address.split('#')
      const path = route.replace(/:(\w+)/g, (_, id) => {
        if (!ids[id]) throw new Error(`${route}: the world has no ${id}`)
        return ids[id]
      })
      const name = `${who || 'public'}-${address.replace(/[:#]/g, '').replace(/^\/$/, 'home').replace(/\W+/g, '-').replace(/^-/, '')}`
      return { name, route: route.replace(':draft', ':lesson'), path: path + query, who }
    }),
  )
}
