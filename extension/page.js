// @ts-check
// A page's hands: puts views on the page and hands to the logic in wasm what the user and the
// background do. It decides nothing; which texts, parts and screens there are is in the HTML.

import { Camera, tryCamera } from "./camera.js";
import { givePictures } from "./pictures.js";
import init, { Page } from "./pkg/settle_wasm.js";
import { Reader } from "./read.js";

/** @import { PageEffect, PageEvent, Row, Shown, Text, View } from './pkg/settle_wasm.js' */

const { body } = document;
/** How long to wait before the background is asked for again, in milliseconds. */
const AGAIN = 200;
/** What is read of a file, in bytes. */
const LONGEST_FILE = 64 * 1024 * 1024;

await init({ module_or_path: new URL("pkg/settle_wasm_bg.wasm", import.meta.url) });
const page = new Page(body.dataset.page ?? "", location.hash.slice(1));
/** @type {chrome.runtime.Port | undefined} */
let background;
/** @type {Camera | undefined} */
let camera;

translate(document);
connect();
carryOut(page.start());
show(page.view());
listen();
if (body.dataset.page === "popup") {
  lookAtTab().catch(reportError);
}

/** The background's worker may end at any time; asking for it starts it again. */
function connect() {
  background = chrome.runtime.connect();
  background.onMessage.addListener((message) => dispatch({ kind: "heard", message }));
  background.onDisconnect.addListener(() => {
    background = undefined;
    dispatch({ kind: "lost" });
    setTimeout(connect, AGAIN);
  });
}

/** @param {PageEvent} event */
function dispatch(event) {
  const effects = page.update(event);
  show(page.view());
  carryOut(effects);
}

/** @param {PageEffect[]} effects */
function carryOut(effects) {
  for (const effect of effects) {
    switch (effect.kind) {
      case "say":
        background?.postMessage(effect.message);
        break;
      case "start_camera":
        camera?.start().catch(reportError);
        break;
      case "try_camera":
        tryCamera(dispatch).catch(reportError);
        break;
      case "look_around":
        lookAround().catch(reportError);
        break;
      case "stop_camera":
        camera?.stop();
        break;
      case "go":
        location.replace(effect.url);
        break;
      case "open":
        chrome.tabs.create({ url: effect.url }).then(closePopup, reportError);
        break;
      case "save":
        save(effect.name, new Blob([effect.text], { type: "application/jsonl" }));
        break;
      case "save_bytes":
        save(effect.name, new Blob([bytes(effect.bytes)]));
        break;
    }
  }
}

function listen() {
  addEventListener("click", ({ target }) => {
    const button = target instanceof Element ? target.closest("button") : null;
    if (button?.hasAttribute("data-copy")) {
      copy(button).catch(reportError);
    }
    const action = button?.dataset.do;
    if (button && action) {
      dispatch({ kind: "pressed", action, value: button.value });
    }
  });
  addEventListener("input", ({ target }) => {
    if (target instanceof HTMLTextAreaElement && target.id === "code") {
      dispatch({ kind: "code_typed", text: target.value });
    }
    if (isField(target)) {
      const kind = target.type === "password" ? "secret" : "typed";
      dispatch({ kind, field: target.dataset.field ?? "", text: target.value });
    }
  });
  if (body.dataset.page === "manage") {
    addEventListener("change", ({ target }) => {
      const file = target instanceof HTMLInputElement && target.files?.[0];
      if (file) {
        give(file);
      }
    });
  }
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) {
      dispatch({ kind: "returned" });
    }
  });
  // Another address in the same page is another question.
  addEventListener("hashchange", () => location.reload());
  if (body.dataset.page === "pair") {
    const reader = new Reader();
    givePictures(dispatch, reader);
    camera = new Camera(dispatch, reader);
  }
}

async function lookAround() {
  const [allowed, camera] = await Promise.all([
    chrome.extension.isAllowedIncognitoAccess(),
    // Not every browser knows permissions of this name.
    navigator.permissions.query({ name: "camera" }).catch(() => ({ state: "prompt" })),
  ]);
  dispatch({ kind: "surroundings", private_windows: allowed, camera: camera.state });
}

/** A popup is about the tab that it opens over; opened as a tab itself, about the one that it was opened from. */
async function lookAtTab() {
  const own = await chrome.tabs.getCurrent();
  const opener = own?.openerTabId;
  const [active] = own ? [] : await chrome.tabs.query({ active: true, currentWindow: true });
  const tab = opener === undefined ? active : await chrome.tabs.get(opener);
  if (tab?.id !== undefined) {
    dispatch({ kind: "tab", tab: tab.id, url: tab.url ?? null, rules: await matchedRules(tab.id) });
  }
}

/**
 * Which rules kept something back in a tab; Firefox does not tell.
 * @param {number} tabId
 */
async function matchedRules(tabId) {
  if (!("getMatchedRules" in chrome.declarativeNetRequest)) {
    return [];
  }
  // The browser tells after a click on the extension's button alone.
  const { rulesMatchedInfo } = await chrome.declarativeNetRequest
    .getMatchedRules({ tabId })
    .catch(() => ({ rulesMatchedInfo: [] }));
  return rulesMatchedInfo.map(({ rule }) => rule.ruleId);
}

function closePopup() {
  if (body.dataset.page === "popup") {
    close();
  }
}

/**
 * @param {string} name
 * @param {Blob} content
 */
function save(name, content) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(content);
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}

/** @param {string} base64 */
function bytes(base64) {
  return Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
}

/**
 * Hands over a file, but not more of it than anything that it could be has.
 * @param {File} file
 */
function give(file) {
  const reader = new FileReader();
  reader.addEventListener("load", () => {
    // As a `data:` address, whose content is what follows the comma.
    const [, content = ""] = String(reader.result).split(",");
    dispatch({ kind: "file", bytes: content });
  });
  reader.readAsDataURL(file.slice(0, LONGEST_FILE));
}

/**
 * @param {unknown} element
 * @returns {element is HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement}
 */
function isField(element) {
  const isInput =
    element instanceof HTMLInputElement ||
    element instanceof HTMLSelectElement ||
    element instanceof HTMLTextAreaElement;
  return isInput && element.dataset.field !== undefined;
}

/**
 * Puts what stands beside a button into the clipboard, and says so there. Where that may not be, it is selected.
 * @param {Element} button
 */
async function copy(button) {
  const text = button.closest("[data-copyable]")?.querySelector("[data-text]");
  if (!text) {
    return;
  }
  // There is one clipboard, and what is said again is told again.
  for (const other of document.querySelectorAll("[data-copyable] [data-text]")) {
    tellCopied(other, "");
  }
  try {
    await navigator.clipboard.writeText(text.textContent ?? "");
    tellCopied(text, message("copied", []));
  } catch {
    getSelection()?.selectAllChildren(text);
  }
}

/**
 * @param {Element} text
 * @param {string} said
 */
function tellCopied(text, said) {
  const place = text.closest("[data-copyable]")?.querySelector('[role="status"]');
  if (place) {
    place.textContent = said;
  }
}

/**
 * @param {string} key
 * @param {string[]} parts
 */
function message(key, parts) {
  return chrome.i18n.getMessage(key, parts);
}

/** @param {Text} text */
function words(text) {
  if ("time" in text) {
    const time = new Date(text.time * 1000);
    return time.toLocaleString(message("language", []), {
      dateStyle: "medium",
      timeStyle: "short",
    });
  }
  return "message" in text ? message(text.message.key, text.message.arguments) : text.literal;
}

/** @param {ParentNode} root */
function translate(root) {
  document.documentElement.lang = message("language", []);
  document.documentElement.dir = message("direction", []);
  for (const element of root.querySelectorAll("[data-i18n]")) {
    element.textContent = message(element.getAttribute("data-i18n") ?? "", []);
  }
  for (const element of root.querySelectorAll("[data-i18n-label]")) {
    const label = message(element.getAttribute("data-i18n-label") ?? "", []);
    element.setAttribute("aria-label", label);
  }
}

/** @param {View} view */
function show(view) {
  if (view.title) {
    document.title = words(view.title);
  }
  showMarks(view.marks);
  for (const list of document.querySelectorAll("[data-list]")) {
    showRows(list, view.lists[list.getAttribute("data-list") ?? ""] ?? []);
  }
  showIn(document, view);
  for (const [field, text] of Object.entries(view.fields)) {
    const input = document.querySelector(`[data-field="${field}"]`);
    if (isField(input) && input.value !== text) {
      input.value = text;
    }
  }
  showDrawing(view.drawing);
  showScreen(view.screen);
}

/** @param {View["drawing"]} drawing */
function showDrawing(drawing) {
  for (const element of document.querySelectorAll("[data-drawing]")) {
    element.setAttribute("viewBox", drawing ? `0 0 ${drawing.side} ${drawing.side}` : "0 0 0 0");
    element.firstElementChild?.setAttribute("d", drawing?.path ?? "");
  }
}

/**
 * Texts and parts below `root`, but not those of a list's rows, which have their own.
 * @param {ParentNode} root
 * @param {Shown} shown
 */
function showIn(root, { texts, parts }) {
  const inRow = root instanceof Element;
  /** @param {string} selector */
  const own = (selector) =>
    [...root.querySelectorAll(selector)].filter((it) => inRow || !it.closest("[data-list]"));
  for (const element of own("[data-text]")) {
    const text = texts[element.getAttribute("data-text") ?? ""];
    const content = text ? words(text) : "";
    if (element.textContent !== content) {
      element.textContent = content;
      tellCopied(element, "");
    }
    element.toggleAttribute("hidden", !content && !element.hasAttribute("aria-live"));
  }
  for (const element of own("[data-part]")) {
    element.toggleAttribute("hidden", !parts.includes(element.getAttribute("data-part") ?? ""));
  }
  for (const element of own("[data-current]")) {
    const current = parts.includes(element.getAttribute("data-current") ?? "");
    element.setAttribute("aria-current", current ? "page" : "false");
  }
  for (const element of own("[data-invalid]")) {
    const problem = texts[element.getAttribute("data-invalid") ?? ""];
    element.setAttribute("aria-invalid", String(problem !== undefined));
  }
  for (const element of own("[data-enabled]")) {
    const enabled = parts.includes(element.getAttribute("data-enabled") ?? "");
    if (!enabled && element === document.activeElement) {
      focusBeside(element);
    }
    element.toggleAttribute("disabled", !enabled);
  }
}

/**
 * A button that was pressed and can be pressed no more hands the focus to its field, or to the headline, instead of
 * leaving whoever uses the keyboard at the beginning of the page.
 * @param {Element} button
 */
function focusBeside(button) {
  const near = button.closest(".beside, .stack, section");
  const place =
    near?.querySelector("input, textarea") ?? button.closest("section")?.querySelector("h1");
  /** @type {HTMLElement | null | undefined} */ (place)?.focus();
}

/** @param {Record<string, string>} marks */
function showMarks(marks) {
  for (const mark of ["trouble", "error", "reason", "progress", "outcome", "typed", "link"]) {
    const value = marks[mark];
    if (value) {
      body.dataset[mark] = value;
    } else {
      delete body.dataset[mark];
    }
  }
}

/**
 * @param {Element} list
 * @param {Row[]} rows
 */
function showRows(list, rows) {
  const template = list.querySelector("template");
  if (!template) {
    return;
  }
  const old = new Map([...list.children].map((it) => [it.getAttribute("data-value"), it]));
  old.delete(null);
  const elements = rows.map((row) => {
    const element = old.get(row.value) ?? newRow(template, row.value);
    old.delete(row.value);
    showIn(element, row);
    return element;
  });
  for (const element of old.values()) {
    element.remove();
  }
  for (const [at, element] of elements.entries()) {
    // After the template. What is moved loses the focus, so nothing is that stands where it should.
    const there = list.children[at + 1] ?? null;
    if (there !== element) {
      list.insertBefore(element, there);
    }
  }
}

/**
 * @param {HTMLTemplateElement} template
 * @param {string} value
 */
function newRow(template, value) {
  const copy = /** @type {DocumentFragment} */ (template.content.cloneNode(true));
  const row = /** @type {Element} */ (copy.firstElementChild);
  row.setAttribute("data-value", value);
  for (const button of copy.querySelectorAll("button")) {
    button.value = value;
  }
  const title = row.querySelector("h2");
  for (const button of copy.querySelectorAll("[data-copy]")) {
    button.ariaLabelledByElements = title && [button, title];
  }
  translate(copy);
  return row;
}

/**
 * A new screen gets the focus on its headline, so that a screen reader reads it and no button is
 * the default.
 * @param {string} name
 */
function showScreen(name) {
  const screens = [...document.querySelectorAll("[data-screen]")];
  const next = screens.find((screen) => screen.getAttribute("data-screen") === name);
  const before = screens.find((screen) => !screen.hasAttribute("hidden"));
  if (next === before) {
    return;
  }
  before?.toggleAttribute("hidden", true);
  next?.toggleAttribute("hidden", false);
  const headline = next?.querySelector("h1");
  if (before && headline instanceof HTMLElement) {
    headline.focus();
  }
}
