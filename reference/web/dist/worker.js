// Keeps the page's own files, so that the app opens without a network: what was read is on the device, and what is written goes
// out later. It answers for the page's files alone; the protocol's requests never pass through it.
const kept = ['/', '/app-ULK3SCJK.js', '/reader-K5P2F2FW.js', '/app-ASIPZXIF.css', '/icon-U4RJEGUN.svg', '/dispatch-d-MNKTB26B.webmanifest'];
const name = 'dispatch-d /app-ULK3SCJK.js /app-ASIPZXIF.css';

self.addEventListener('install', (event) => {
  event.waitUntil(caches.open(name).then((cache) => cache.addAll(kept)).then(() => self.skipWaiting()));
});

self.addEventListener('activate', (event) => {
  const old = caches.keys().then((names) => Promise.all(names.filter((one) => one !== name).map((one) => caches.delete(one))));
  event.waitUntil(old.then(() => self.clients.claim()));
});

self.addEventListener('fetch', (event) => {
  const { pathname, origin } = new URL(event.request.url);
  if (event.request.method !== 'GET' || origin !== self.location.origin || !kept.includes(pathname)) return;
  const held = () => caches.open(name).then((cache) => cache.match(pathname)).then((found) => found ?? Response.error());
  // The page is asked for again, so that a new version shows at once; what is named by its content never changes.
  const answer = pathname === '/' ? fetch(event.request).catch(held) : held().then((found) => (found.ok ? found : fetch(event.request)));
  event.respondWith(answer);
});
