// @ts-check
// The background's hands: listens to the browser, hands every event to the logic in wasm, and
// carries out the effects one after the other. It decides nothing.

import init, { Background } from "./pkg/settle_wasm.js";

/** @import { BackgroundEffect, BackgroundEvent } from './pkg/settle_wasm.js' */

/** The namespaces of `LOCAL_NAMESPACES`, as the manifest's host permissions. */
const localNames = ["*://*.local/*", "*://*.home.arpa/*", "*://*.alt/*"];
const localPages = {
  urls: localNames,
  types: /** @type {`${chrome.webRequest.ResourceType}`[]} */ (["main_frame"]),
};
const badges = {
  paired: { text: "✓", color: "#0b7a55" },
  unverified: { text: "?", color: "#8a5a00" },
  blocked: { text: "!", color: "#b3261e" },
  own: { text: "", color: "#5f6368" },
};

/** Behind the number of sites that were kept out. */
const COUNT = "#8a5a00";

/** Firefox asks where each request goes; Chromium takes one script, in the place of all else. */
const asksEachTime = "onRequest" in chrome.proxy;

/** @type {chrome.runtime.Port | undefined} */
let host;
/** @type {ReturnType<typeof setTimeout> | undefined} */
let timer;
/** @type {Map<number, chrome.runtime.Port>} */
const pages = new Map();
let lastPage = 0;

/** @type {Background} */
let background;
/**
 * Where local names go in a browser that asks about each request: nowhere until the logic says, even if
 * it never does, since without an answer they would become DNS questions.
 * @type {{ type: "https", host: string, port: number }}
 */
let way = { type: "https", host: "127.0.0.1", port: 9 };
/** Settles when everything so far is done; what fails is reported and keeps nothing up. */
let done = start().catch(reportError);

async function start() {
  const [, setting, { known }] = await Promise.all([
    init({ module_or_path: new URL("pkg/settle_wasm_bg.wasm", import.meta.url) }),
    asksEachTime ? {} : chrome.proxy.settings.get({}),
    chrome.storage.local.get({ known: null }),
  ]);
  background = new Background();
  const base = chrome.runtime.getURL("");
  const { version } = chrome.runtime.getManifest();
  await handle({ kind: "started", base, version, user_agent: navigator.userAgent, known, setting });
}

/** @param {BackgroundEvent} event */
function dispatch(event) {
  done = done.then(() => handle(event));
}

/** @param {BackgroundEvent} event */
async function handle(event) {
  try {
    for (const effect of background.update(event)) {
      await carryOut(effect).catch(reportError);
    }
  } catch (error) {
    reportError(error);
  }
}

/** @param {BackgroundEffect} effect */
async function carryOut(effect) {
  switch (effect.kind) {
    case "connect":
      return connect(effect.host);
    case "post":
      return host?.postMessage(effect.message);
    case "wait":
      clearTimeout(timer);
      timer = setTimeout(dispatch, effect.milliseconds, { kind: "due" });
      return;
    case "set_proxy":
      way = { type: "https", ...effect.proxy };
      return asksEachTime ? undefined : setProxy(effect.script);
    case "set_rules":
      return setRules(effect.rules);
    case "remember":
      return chrome.storage.local.set({ known: effect.known });
    case "check_bridge":
      // Not awaited: it may take long, and nothing else has to wait for it.
      fetch(effect.url, { cache: "no-store", credentials: "omit" }).then(
        ({ ok }) => dispatch({ kind: "bridge_checked", trusted: ok }),
        () => dispatch({ kind: "bridge_checked", trusted: false }),
      );
      return;
    case "say":
      return pages.get(effect.page)?.postMessage(effect.message);
    case "lead":
      await chrome.tabs.update(effect.tab, { url: effect.url });
      return;
    case "open":
      await chrome.tabs.create({ url: effect.url });
      return;
    case "count":
      return setBadge(effect.tab, { text: String(effect.count), color: COUNT });
    case "badge":
      return setBadge(effect.tab, badges[effect.badge]);
  }
}

/** @param {string} name */
function connect(name) {
  const port = chrome.runtime.connectNative(name);
  host = port;
  port.onMessage.addListener((message) => dispatch({ kind: "port_message", message }));
  port.onDisconnect.addListener((closed) => {
    host = undefined;
    // Firefox says it of the port.
    const { error } = /** @type {{ error?: Error }} */ (closed);
    const reason = chrome.runtime.lastError?.message ?? error?.message ?? null;
    dispatch({ kind: "port_closed", reason });
  });
}

/** @param {string} data */
async function setProxy(data) {
  await chrome.proxy.settings.set({
    value: { mode: "pac_script", pacScript: { data, mandatory: true } },
    scope: "regular",
  });
}

/** @param {{ id: number }[]} rules */
async function setRules(rules) {
  const old = await chrome.declarativeNetRequest.getDynamicRules();
  await chrome.declarativeNetRequest.updateDynamicRules({
    removeRuleIds: old.map(({ id }) => id),
    addRules: /** @type {chrome.declarativeNetRequest.Rule[]} */ (rules),
  });
}

/**
 * @param {number} tabId
 * @param {{ text: string, color: string }} badge
 */
async function setBadge(tabId, { text, color }) {
  await chrome.action.setBadgeBackgroundColor({ tabId, color });
  await chrome.action.setBadgeText({ tabId, text });
}

chrome.runtime.onConnect.addListener((port) => {
  lastPage += 1;
  const page = lastPage;
  pages.set(page, port);
  dispatch({ kind: "page_opened", page, tab: port.sender?.tab?.id ?? null });
  port.onMessage.addListener((message) => dispatch({ kind: "page_said", page, message }));
  port.onDisconnect.addListener(() => {
    pages.delete(page);
    dispatch({ kind: "page_closed", page });
  });
});

if (asksEachTime) {
  // What comes before the first list is known waits for it. Other sites go as the user has set.
  // With a final dot it is the same name, and another host to the browser.
  const dotted = localNames.map((pattern) => pattern.replace(/\/\*$/, "./*"));
  const { onRequest } = /** @type {any} */ (chrome.proxy);
  onRequest.addListener(
    (/** @type {{ tabId: number, type: string, url: string, originUrl?: string }} */ request) => {
      const { tabId, type, url, originUrl } = request;
      const isOther = originUrl && new URL(originUrl).origin !== new URL(url).origin;
      if (type !== "main_frame" && tabId >= 0 && isOther) {
        dispatch({ kind: "site_asked", tab: tabId, url, site: originUrl });
      }
      return done.then(() => way);
    },
    { urls: [...localNames, ...dotted] },
  );
  chrome.tabs.onUpdated.addListener((tab, { status }) => {
    if (status === "loading") {
      dispatch({ kind: "tab_left", tab });
    }
  });
  chrome.tabs.onRemoved.addListener((tab) => dispatch({ kind: "tab_left", tab }));
} else {
  chrome.proxy.settings.onChange.addListener((setting) => {
    dispatch({ kind: "proxy_changed", setting });
  });
  // Where a tab has no badge of ours, the browser counts what the rules kept back.
  const counted = { displayActionCountAsBadgeText: true };
  chrome.declarativeNetRequest.setExtensionActionOptions(counted).catch(reportError);
  chrome.action.setBadgeBackgroundColor({ color: COUNT }).catch(reportError);
}

chrome.webRequest.onHeadersReceived.addListener(
  ({ tabId, url, responseHeaders }) => {
    const header = responseHeaders?.find(({ name }) => name.toLowerCase() === "settle-refusal");
    if (header?.value) {
      dispatch({ kind: "navigation_refused", tab: tabId, url, reason: header.value });
    } else {
      dispatch({ kind: "navigation_answered", tab: tabId });
    }
    return undefined;
  },
  localPages,
  ["responseHeaders"],
);

chrome.webRequest.onErrorOccurred.addListener(({ tabId, url, error }) => {
  dispatch({ kind: "navigation_failed", tab: tabId, url, error });
}, localPages);

// Without a permission of its own it tells addresses of local names only.
chrome.tabs.onUpdated.addListener((tab, { status }, { url }) => {
  if (status === "complete" && url) {
    dispatch({ kind: "navigation_done", tab, url });
  }
});

// The worker runs from the browser's start on, so that rules and list are right before a page opens.
chrome.runtime.onStartup.addListener(() => {});
chrome.runtime.onInstalled.addListener(({ reason }) => {
  if (reason === "install") {
    dispatch({ kind: "installed" });
  }
});
