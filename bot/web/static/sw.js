/* The service worker of the chat page: shows notices while the page is closed, and a plain page while there is no
   network. It keeps that page and nothing else: what people write and are told stays with the server and the page. */
const SCOPE = self.registration.scope;
const STORE = "ocop-1 " + SCOPE; // pages of several communes may share one host
const OFFLINE = "static/offline.html";
const KEPT = [OFFLINE, "static/chat.css", "static/icon.svg"].map(here);

function here(path) {
  return new URL(path, SCOPE).href;
}

self.addEventListener("install", (event) => {
  self.skipWaiting();
  event.waitUntil(caches.open(STORE).then((store) =>
    store.addAll(KEPT.map((address) => new Request(address, { cache: "reload" })))));
});

self.addEventListener("activate", (event) => {
  event.waitUntil(dropOlder().then(() => self.clients.claim()));
});

async function dropOlder() {
  const names = await caches.keys();
  const older = names.filter((name) => /^ocop-\d+ /.test(name) && name.endsWith(" " + SCOPE) && name !== STORE);
  return Promise.all(older.map((name) => caches.delete(name)));
}

self.addEventListener("fetch", (event) => {
  const address = event.request.url.split(/[?#]/)[0];
  if (event.request.method !== "GET") return;
  if (event.request.mode === "navigate" ? address === SCOPE : KEPT.includes(address)) {
    event.respondWith(fetch(event.request).catch(() => kept(address === SCOPE ? here(OFFLINE) : address)));
  }
});

async function kept(address) {
  const store = await caches.open(STORE);
  return await store.match(address) || Response.error();
}

// --- Notices

/** Every push has to show something, also one that cannot be read: else the browser takes the permission back. */
self.addEventListener("push", (event) => {
  event.waitUntil(show(news(event.data)));
});

function news(data) {
  try { return Object.assign({ title: "OCOP" }, data.json()); } catch (error) { return { title: "OCOP" }; }
}

async function show(said) {
  await self.registration.showNotification(said.title, {
    body: said.body || "",
    lang: said.lang,
    tag: said.tag || "",
    icon: here("static/icon-192.png"),
    badge: here("static/badge-96.png"),
    data: { id: said.id },
  });
  return report(said.id, false);
}

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  const id = event.notification.data && event.notification.data.id;
  event.waitUntil(Promise.all([open(), report(id, true)]));
});

/** The chat that is open comes to the front; else it is opened. */
async function open() {
  const pages = await self.clients.matchAll({ type: "window", includeUncontrolled: true });
  const chat = pages.find((page) => page.url.split(/[?#]/)[0] === SCOPE);
  return chat ? chat.focus() : self.clients.openWindow(SCOPE);
}

/** Tell the server that it arrived, or was seen. Without network it will try another way, which does no harm. */
async function report(id, seen) {
  if (!id) return;
  const body = JSON.stringify({ id: id, seen: seen });
  const headers = { "Content-Type": "application/json" };
  await fetch(here("push"), { method: "POST", headers: headers, body: body, credentials: "omit" }).catch(() => null);
}
