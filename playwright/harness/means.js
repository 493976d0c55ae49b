// Everything that a page can do to make the browser ask for an address. `attempt` runs inside of
// pages, so it uses nothing from outside of itself.

/** What a page does without leaving itself: none of it may reach a device from another site. */
export const MEANS = [
  ...["fetch", "fetch-post", "fetch-json", "fetch-keepalive", "no-cors", "no-cors-post"],
  ...["xhr", "event-source", "websocket", "beacon", "ping", "form-get", "form-post"],
  ...["image", "script", "module", "stylesheet", "video", "iframe", "object", "embed"],
  ...[
    "worker",
    "prefetch",
    "preload",
    "speculation",
    "redirect",
    "redirect-image",
    "redirect-post",
  ],
];

/** What a page of the other sites can do too: they have a service worker for it. */
export const SERVICE_WORKER = "service-worker";

/** Navigations of a tab: the first three may lead anywhere, as a link does. */
export const NAVIGATIONS = ["open", "link", "top-get", "top-post"];

/**
 * Asks for an address by one means, and returns when the page has learned what became of it, or
 * when pages do not learn it.
 * @param {{ means: string, url: string, elsewhere: string }} how where redirections start
 * @returns {Promise<string>}
 */
export async function attempt({ means, url, elsewhere }) {
  const said = String;
  /**
   * @param {string} tag
   * @param {Record<string, string>} attributes
   */
  const put = (tag, attributes) => {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    /** @type {Promise<string>} */
    const settled = new Promise((resolve) => {
      for (const event of ["load", "error", "loadeddata"]) {
        element.addEventListener(event, () => resolve(event));
      }
    });
    document.body.append(element);
    return { element, settled };
  };
  /** @param {RequestInit} init */
  const ask = (init) =>
    fetch(url, { credentials: "include", ...init }).then((response) => response.type, said);
  /**
   * @param {string} method
   * @param {string} target
   */
  const submit = (method, target) => {
    const { element } = put("form", { method, action: url, target });
    /** @type {HTMLFormElement} */ (element).submit();
  };
  /** @param {string} method */
  const submitIntoFrame = (method) => {
    const name = url.replace(/\W/g, "");
    const { element } = put("iframe", { name });
    /** @type {Promise<string>} */
    const loaded = new Promise((resolve) => {
      element.addEventListener("load", () => resolve("load"));
    });
    submit(method, name);
    return loaded;
  };
  const redirected = `${elsewhere}/to?${url}`;
  const socketUrl = url.replace(/^http/, "ws");
  switch (means) {
    case "fetch":
      return ask({});
    case "fetch-post":
      return ask({ method: "POST", body: "x" });
    case "fetch-json": {
      const headers = { "content-type": "application/json" };
      return ask({ method: "POST", headers, body: "{}" });
    }
    case "fetch-keepalive":
      return ask({ method: "POST", mode: "no-cors", keepalive: true, body: "x" });
    case "no-cors":
      return ask({ mode: "no-cors" });
    case "no-cors-post":
      return ask({ method: "POST", mode: "no-cors", body: "x" });
    case "xhr":
      return new Promise((resolve) => {
        const request = new XMLHttpRequest();
        request.upload.onprogress = () => {};
        request.onloadend = () => resolve(said(request.status));
        request.open("PUT", url);
        request.send("x");
      });
    case "event-source":
      return new Promise((resolve) => {
        const source = new EventSource(url, { withCredentials: true });
        source.onopen = source.onerror = ({ type }) => {
          source.close();
          resolve(type);
        };
      });
    case "websocket":
      return new Promise((resolve) => {
        const socket = new WebSocket(socketUrl);
        socket.onclose = socket.onerror = ({ type }) => resolve(type);
        socket.onopen = () => socket.close();
      });
    case "beacon":
      return said(navigator.sendBeacon(url, "x"));
    case "ping":
      put("iframe", { name: "ping" });
      put("a", { href: elsewhere, ping: url, target: "ping" }).element.click();
      return "clicked";
    case "form-get":
      return submitIntoFrame("get");
    case "form-post":
      return submitIntoFrame("post");
    case "image":
      return put("img", { src: url }).settled;
    case "script":
      return put("script", { src: url }).settled;
    case "module":
      return put("script", { type: "module", src: url }).settled;
    case "stylesheet":
      return put("link", { rel: "stylesheet", href: url }).settled;
    case "video":
      return put("video", { src: url, preload: "auto" }).settled;
    case "iframe":
      return put("iframe", { src: url }).settled;
    case "object":
      return put("object", { data: url, type: "text/html" }).settled;
    case "embed":
      return put("embed", { src: url, type: "text/html" }).settled;
    case "worker":
      return new Promise((resolve) => {
        const script = `try { importScripts("${url}") } catch {} postMessage("done");`;
        const worker = new Worker(URL.createObjectURL(new Blob([script])));
        worker.onmessage = ({ data }) => resolve(data);
        worker.onerror = ({ type }) => resolve(type);
      });
    case "worker-fetch":
      return new Promise((resolve) => {
        const asking = `fetch("${url}", { method: "POST", mode: "no-cors", body: "x" })`;
        const script = `${asking}.catch(() => {}).then(() => postMessage("done"));`;
        const worker = new Worker(URL.createObjectURL(new Blob([script])));
        worker.onmessage = ({ data }) => resolve(data);
      });
    case "service-worker": {
      await navigator.serviceWorker.register("/sw.js");
      const { active } = await navigator.serviceWorker.ready;
      const { port1, port2 } = new MessageChannel();
      active?.postMessage(url, [port2]);
      return new Promise((resolve) => {
        port1.onmessage = ({ data }) => resolve(data);
      });
    }
    case "prefetch":
      return put("link", { rel: "prefetch", href: url }).settled;
    case "preload":
      return put("link", { rel: "preload", as: "image", href: url }).settled;
    case "speculation": {
      const script = document.createElement("script");
      script.type = "speculationrules";
      script.textContent = JSON.stringify({
        prefetch: [{ urls: [url], eagerness: "immediate", referrer_policy: "no-referrer" }],
      });
      document.body.append(script);
      return "asked";
    }
    case "redirect":
      return fetch(redirected, { mode: "no-cors" }).then(({ type }) => type, said);
    case "redirect-image":
      return put("img", { src: redirected }).settled;
    case "redirect-post":
      return fetch(redirected, { method: "POST", mode: "no-cors", body: "x" }).then(
        ({ type }) => type,
        said,
      );
    case "open":
      return said(window.open(url, "_blank", "noopener"));
    case "link":
      put("a", { href: url, target: "_blank", rel: "noopener" }).element.click();
      return "clicked";
    case "top-get":
      submit("get", "_blank");
      return "submitted";
    case "top-post":
      submit("post", "_blank");
      return "submitted";
    default:
      throw new Error(`${means} is no means`);
  }
}
