// Keeps the page, and answers with it when the device is away.

const KEPT = ["/", "/app.js"];

addEventListener("install", (event) => {
  event.waitUntil(caches.open("app").then((cache) => cache.addAll(KEPT)));
  skipWaiting();
});
addEventListener("activate", (event) => event.waitUntil(clients.claim()));
addEventListener("fetch", (event) => {
  const { mode, url, method } = event.request;
  const kept = mode === "navigate" ? "/" : new URL(url).pathname;
  if (method !== "GET" || !KEPT.includes(kept)) return;
  const fromDevice = async () => {
    const answer = await fetch(event.request);
    // The proxy's own answer: the device is away.
    if (answer.headers.has("settle-refusal")) throw new Error("away");
    return answer;
  };
  event.respondWith(fromDevice().catch(() => caches.match(kept)));
});
