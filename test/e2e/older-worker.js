const worker = self;
const kept = "kept";
const shell = "shell";
const page = "/kept";
async function stock() {
  const r = await fetch(page, { credentials: "omit", cache: "no-cache" });
  if (!r.ok || r.redirected) return;
  const text = await r.clone().text();
  const cache = await caches.open(shell);
  const parts = new Set(text.match(/\/assets\/[\w.-]+/g) || []);
  for (const p of parts) {
    if (await cache.match(p)) continue;
    const a = await fetch(p);
    if (!a.ok) return;
    await cache.put(p, a);
  }
  await cache.put(page, r);
  for (const old of await cache.keys()) {
    const path = new URL(old.url).pathname;
    if (path !== page && !parts.has(path)) await cache.delete(old);
  }
}
async function keptFile(request) {
  const whole = await (await caches.open(kept)).match(new URL(request.url).pathname);
  if (!whole) return new Response("", { status: 404 });
  const type = whole.headers.get("Content-Type") || "application/octet-stream";
  const range = /^bytes=(\d*)-(\d*)$/.exec(request.headers.get("Range") || "");
  const body = await whole.blob();
  const headers = { "Content-Type": type, "Accept-Ranges": "bytes" };
  if (!range || !range[1] && !range[2]) {
    headers["Content-Length"] = String(body.size);
    return new Response(body, { headers });
  }
  const from = range[1] ? Number(range[1]) : Math.max(0, body.size - Number(range[2]));
  const to = range[1] && range[2] ? Math.min(Number(range[2]), body.size - 1) : body.size - 1;
  if (from > to)
    return new Response("", { status: 416, headers: { "Content-Range": `bytes */${body.size}` } });
  headers["Content-Range"] = `bytes ${from}-${to}/${body.size}`;
  headers["Content-Length"] = String(to - from + 1);
  return new Response(body.slice(from, to + 1), { status: 206, headers });
}
async function visit(request, path) {
  try {
    return await fetch(request);
  } catch (e) {
    if (path !== page) {
      const lesson = /^\/lessons\/([\w-]+)$/.exec(path);
      return Response.redirect(page + (lesson ? `#${lesson[1]}` : ""), 302);
    }
    return await (await caches.open(shell)).match(page) || Response.error();
  }
}
worker.addEventListener("install", (e) => {
  e.waitUntil(stock().then(() => worker.skipWaiting()));
});
worker.addEventListener("activate", (e) => {
  e.waitUntil(worker.clients.claim());
});
worker.addEventListener("fetch", (e) => {
  const { request } = e;
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== worker.location.origin) return;
  const path = url.pathname;
  if (path.startsWith("/kept/")) {
    e.respondWith(keptFile(request));
  } else if (path.startsWith("/assets/")) {
    e.respondWith(
      caches.open(shell).then((c) => c.match(path)).then((r) => r || fetch(request))
    );
  } else if (request.mode === "navigate") {
    e.respondWith(visit(request, path));
    if (path === page) e.waitUntil(stock().catch(() => void 0));
  }
});
