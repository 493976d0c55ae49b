// A tab of either browser: what a user does in it, and what a test waits for there. What differs between the
// browsers is in `chromium-tab.js` and `firefox-tab.js`.

import { expect } from "@playwright/test";

import { PATIENCE } from "./programs.js";

/** Often at first: most things are there at once. */
const SOON = { timeout: PATIENCE, intervals: [20, 50, 100] };

/** As many places as no page has. */
const MOST_STEPS = 60;

/** The address of the tests' device. */
const ADDRESS = "https://printer.local/";

export class Tab {
  /** @param {string} base the extension's address */
  constructor(base) {
    this.base = base;
  }

  /**
   * What the tab's document says.
   * @template R
   * @template [I=undefined]
   * @param {(input: I) => R} _question runs in the document, so it uses nothing from outside of itself
   * @param {I} [_input]
   * @returns {Promise<R>}
   */
  ask(_question, _input) {
    throw new Error("a tab of no browser");
  }

  /**
   * The same by a script of the document itself, so that what it asks the device for comes from its origin.
   * @template R
   * @template [I=undefined]
   * @param {(input: I) => R | Promise<R>} _question
   * @param {I} [_input]
   * @returns {Promise<R>}
   */
  askWithin(_question, _input) {
    throw new Error("a tab of no browser");
  }

  /**
   * Whether an error says only that one document just gives way to the next.
   * @param {unknown} _thrown
   * @returns {boolean}
   */
  isBetweenDocuments(_thrown) {
    return false;
  }

  /**
   * Goes to an address, which may lead to a page of the extension, or to nothing.
   * @param {string} _address
   */
  async go(_address) {}

  async reload() {}

  /**
   * Clicks the one element that is seen.
   * @param {string} _selector
   */
  async press(_selector) {}

  /**
   * Types a text in the place of what a field holds, or chooses what has this value.
   * @param {string} _selector
   * @param {string} _text
   */
  async fill(_selector, _text) {}

  /**
   * Chooses a file.
   * @param {string} _selector
   * @param {string} _file
   */
  async give(_selector, _file) {}

  /**
   * Presses a key.
   * @param {"Enter" | "Tab" | "ShiftTab"} _key
   */
  async strike(_key) {}

  /**
   * Puts what the clipboard holds into a field.
   * @param {string} _selector
   */
  async paste(_selector) {}

  /**
   * Presses the button that copies what stands beside it, and insists that this is told and can be pasted.
   * @param {string} place what holds both
   * @param {string} [field] of the pairing page, if not said
   */
  async copies(place, field) {
    const text = await this.ask(textIn, `${place} [data-copyable] [data-text]`);
    await this.press(`${place} [data-copy]`);
    await this.tells(`${place} [role="status"]`);
    if (!field) await this.open("pair");
    await this.paste(field ?? "#code");
    await this.will(heldBy, field ?? "#code").toBe(text);
  }

  /**
   * Types into what has the focus.
   * @param {string} _text
   */
  async type(_text) {}

  /**
   * Goes from one place of the page to the next by the keyboard, forwards or back, until the focus is on an element.
   * Each place on the way has to be seen, and to show that it has the focus.
   * @param {string} selector
   */
  async reach(selector) {
    await this.shows(selector);
    const key = (await this.ask(isBehind, selector)) ? "ShiftTab" : "Tab";
    for (let step = 0; step < MOST_STEPS; step += 1) {
      await this.strike(key);
      await this.ask(isDrawn);
      // The browser may take a moment to bring it into sight.
      await this.will(unseenFocus).toBe("");
      if (await this.ask(isFocused, selector)) return;
    }
    throw new Error(`the keyboard does not lead to ${selector}`);
  }

  /**
   * The same, and presses it.
   * @param {string} selector
   */
  async pressByKey(selector) {
    await this.reach(selector);
    await this.strike("Enter");
  }

  /**
   * Clicks what saves a file, and returns where that is.
   * @param {string} _selector
   * @returns {Promise<string>}
   */
  async save(_selector) {
    return "";
  }

  /**
   * Stores what the tab shows as a picture, and returns where that is.
   * @param {string} path
   */
  async picture(path) {
    return path;
  }

  /**
   * Takes the page's picture and insists that axe finds nothing against it.
   * @param {string} _state
   */
  async look(_state) {}

  /**
   * Opens what the extension's button opens, as a tab about this one.
   * @returns {Promise<Tab>}
   */
  async popup() {
    throw new Error("a tab of no browser");
  }

  /** Closes it; what is looked at next is the tab that it was about. */
  async close() {}

  /** Ends the extension's background, as the browser does with an idle one. */
  async endBackground() {}

  /**
   * Something that the document will say.
   * @template R
   * @template [I=undefined]
   * @param {(input: I) => R} question
   * @param {I} [input]
   */
  will(question, input) {
    const answer = async () => {
      try {
        return await this.ask(question, input);
      } catch (thrown) {
        if (!this.isBetweenDocuments(thrown)) throw thrown;
        return undefined;
      }
    };
    return expect.poll(answer, SOON);
  }

  /**
   * Waits until the tab shows an address, however it comes there.
   * @param {string} address
   */
  async arrive(address) {
    await this.will(() => [location.href, document.readyState]).toEqual([address, "complete"]);
  }

  /**
   * Opens a page of the extension.
   * @param {string} page
   * @param {"ready" | "down"} link
   */
  async open(page, link = "ready") {
    await this.go(`${this.base}/${page}.html`);
    await this.marks({ page, link });
  }

  /**
   * Goes to an address that leads to one of the extension's pages instead.
   * @param {string} address
   * @param {"pair" | "blocked"} page
   */
  async land(address, page) {
    await this.go(address);
    await this.will(() => location.href).toContain(`${this.base}/${page}.html`);
    await this.marks({ page });
  }

  /**
   * Waits until the page of the extension says these things of itself.
   * @param {Record<string, string>} wanted
   */
  async marks(wanted) {
    const said = () => (document.body ? { ...document.body.dataset } : {});
    await this.will(said).toEqual(expect.objectContaining(wanted));
  }

  /**
   * Waits for a screen.
   * @param {string} name
   */
  async screen(name) {
    const shown = () =>
      document.querySelector("[data-screen]:not([hidden])")?.getAttribute("data-screen");
    await this.will(shown).toBe(name);
  }

  /**
   * The words of what is seen of these elements.
   * @param {string} selector
   */
  words(selector) {
    return this.will(wordsOf, selector);
  }

  /**
   * Waits until one such element is seen, and has words.
   * @param {string} selector
   */
  async tells(selector) {
    await this.words(selector).toEqual([expect.stringMatching(/\S/)]);
  }

  /**
   * Waits until one such element is seen, with these words or words like these.
   * @param {string} selector
   * @param {string | RegExp} words
   */
  async reads(selector, words) {
    const wanted = typeof words === "string" ? words : expect.stringMatching(words);
    await this.words(selector).toEqual([wanted]);
  }

  /**
   * Waits until both are seen, each once, and their words differ.
   * @param {string} one
   * @param {string} other
   */
  async tellsApart(one, other) {
    await this.tells(one);
    await this.tells(other);
    const words = await Promise.all([one, other].map((it) => this.ask(wordsOf, it)));
    expect(words[0]).not.toEqual(words[1]);
  }

  /**
   * Waits until so many of these elements are seen.
   * @param {string} selector
   * @param {number} count
   */
  async shows(selector, count = 1) {
    await this.words(selector).toHaveLength(count);
  }

  /**
   * Waits until a field holds this.
   * @param {string} selector
   * @param {string | RegExp} text
   */
  async holds(selector, text) {
    await this.will(heldBy, selector).toMatch(
      typeof text === "string" ? new RegExp(`^${text}$`) : text,
    );
  }

  /**
   * Waits for the fault that the page shows, with words for it and for what to do.
   * @param {"error" | "trouble"} where
   * @param {string} word
   */
  async fault(where, word) {
    await this.marks({ [where]: word });
    await this.tells(`[data-text="${where === "error" ? "error_text" : "trouble"}"]`);
    await this.tells(`[data-text="${where === "error" ? "error_next" : "trouble_next"}"]`);
  }

  /**
   * Pastes a code's text and says that it is to be used.
   * @param {string} code
   */
  async giveText(code) {
    await this.fill("#code", code);
    await this.press("#use_code");
  }

  /**
   * Goes to the device's address, gives the picture of its code, and trusts it.
   * @param {string} picture
   */
  async pair(picture) {
    await this.land(ADDRESS, "pair");
    await this.marks({ link: "ready" });
    await this.give("#picture", picture);
    await this.screen("decision");
    await this.press("#trust");
    await this.arrive(ADDRESS);
  }
}

/**
 * Whether an element comes before what has the focus.
 * @param {string} selector
 */
function isBehind(selector) {
  const [element] = [...document.querySelectorAll(selector)].filter((it) => it.checkVisibility());
  const from = document.activeElement?.compareDocumentPosition(element ?? document.body) ?? 0;
  return (from & Node.DOCUMENT_POSITION_PRECEDING) > 0;
}

/**
 * Once the document was drawn again, as it is between two keys of anybody's: Firefox brings the caret of a field into sight
 * when it draws, even if the focus has moved on meanwhile.
 */
function isDrawn() {
  return new Promise((resolve) =>
    requestAnimationFrame(() => requestAnimationFrame(() => resolve(true))),
  );
}

/** @param {string} selector */
function isFocused(selector) {
  return document.activeElement?.matches(selector) ?? false;
}

/** What has the focus without showing it; nothing, where all is well or the focus is on no part of the page. */
function unseenFocus() {
  const element = document.activeElement;
  if (!element || element === document.body) return "";
  const { width, height, top, bottom } = element.getBoundingClientRect();
  // A field for a picture lends its focus to the button that is seen in its place.
  const shown = element.matches("input[type=file]") ? element.nextElementSibling : element;
  const { outlineStyle, outlineWidth } = getComputedStyle(shown ?? element);
  const lacks = Object.entries({
    focus: document.hasFocus(),
    "visible focus": element.matches(":focus-visible"),
    outline: outlineStyle !== "none" && Number.parseFloat(outlineWidth) > 0,
    size: width > 0 && height > 0,
    [`sight (${top} to ${bottom} of ${innerHeight})`]: bottom > 0 && top < innerHeight,
  }).flatMap(([what, there]) => (there ? [] : [what]));
  return lacks.length > 0 ? `${element.outerHTML.slice(0, 80)} lacks ${lacks.join(", ")}` : "";
}

/** Opens the popup as a tab about the only other one, from a page of the extension. */
export async function openPopup() {
  const [own, tabs] = await Promise.all([chrome.tabs.getCurrent(), chrome.tabs.query({})]);
  const other = tabs.find(({ id }) => id !== own?.id);
  await chrome.tabs.create({ url: "popup.html", openerTabId: other?.id });
}

/** @param {string} selector */
function heldBy(selector) {
  return document.querySelector(/** @type {"input"} */ (selector))?.value;
}

/** @param {string} selector */
function textIn(selector) {
  return document.querySelector(selector)?.textContent ?? "";
}

/** @param {string} selector */
function wordsOf(selector) {
  return [...document.querySelectorAll(selector)]
    .filter((it) => it.checkVisibility({ visibilityProperty: true }))
    .map((it) => (it.textContent ?? "").replace(/\s+/g, " ").trim());
}
