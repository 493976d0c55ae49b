// The web interface of a small printer, for tests and for a demo without CUPS: three pages that
// link to each other, and a service worker.

import { createServer } from "node:http";

const STYLE = `
  :root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
  body { background: light-dark(#fff, #15191c); color: light-dark(#1b1f23, #e6e9ec); }
  body { max-width: 40rem; margin: 3rem auto; padding: 0 1rem; }
  nav a { margin-right: 1rem; color: light-dark(#0a58ca, #8ab4f8); }
  progress { width: 100%; accent-color: #2a6; }
`;

/**
 * @param {string} title
 * @param {string} body
 */
function page(title, body) {
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${title} · Printer</title><style>${STYLE}</style></head>
<body><nav><a href="/">Status</a><a href="/supplies">Supplies</a><a href="/jobs">Jobs</a></nav>
<main><h1>${title}</h1>${body}</main></body>
</html>`;
}

/** @type {Record<string, [string, string]>} */
const PAGES = {
  "/": [
    "text/html; charset=utf-8",
    page("Ready", "<p>The printer on the second floor is ready.</p>"),
  ],
  "/supplies": [
    "text/html; charset=utf-8",
    page(
      "Supplies",
      '<label>Black <progress max="100" value="64"></progress></label>' +
        '<label>Colour <progress max="100" value="81"></progress></label>',
    ),
  ],
  "/jobs": ["text/html; charset=utf-8", page("Jobs", "<p>Nothing waits to be printed.</p>")],
  "/worker.js": [
    "text/javascript",
    "self.addEventListener('fetch', (event) => {" +
      "if (new URL(event.request.url).pathname === '/from-worker')" +
      " event.respondWith(new Response('answered by the worker')); });",
  ],
};

/**
 * Starts the site on a free port; `requests` holds the path of everything that reached it, and
 * `methods` its method. Pages of any origin may read what is under `/open/`.
 */
export async function startSite() {
  /** @type {string[]} */
  const requests = [];
  /** @type {string[]} */
  const methods = [];
  const server = createServer((request, response) => {
    const path = request.url ?? "/";
    requests.push(path);
    methods.push(request.method ?? "");
    if (path.startsWith("/open/")) letRead(request.headers.origin, response);
    const [type, body] = PAGES[path] ?? ["text/html; charset=utf-8", page("Not found", "")];
    response.writeHead(PAGES[path] || path.startsWith("/open/") ? 200 : 404, {
      "content-type": type,
    });
    response.end(body);
  });
  await new Promise((resolve) => {
    server.listen(0, "127.0.0.1", () => resolve(undefined));
  });
  const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
  const stop = async () => {
    server.closeAllConnections();
    await new Promise((resolve) => {
      server.close(resolve);
    });
  };
  return { url: `http://127.0.0.1:${port}`, requests, methods, stop };
}

/**
 * Answers a preflight and what it is for (Fetch §3.2.2).
 * @param {string | undefined} origin
 * @param {import("node:http").ServerResponse} response
 */
function letRead(origin, response) {
  response.setHeader("access-control-allow-origin", origin ?? "*");
  response.setHeader("access-control-allow-credentials", "true");
  response.setHeader("access-control-allow-headers", "content-type");
  response.setHeader("access-control-allow-methods", "GET, POST, PUT");
}
