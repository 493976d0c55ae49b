// @ts-check
// The ways a code gets into the pairing page without the camera: a chosen, dropped or pasted
// picture, and text.

import { now } from "./read.js";

/** @import { PageEvent } from './pkg/settle_wasm.js' */
/** @import { Reader } from './read.js' */

/**
 * @param {(event: PageEvent) => void} dispatch
 * @param {Reader} reader
 */
export function givePictures(dispatch, reader) {
  let last = 0;

  /** @param {File} picture */
  async function read(picture) {
    last += 1;
    const mine = last;
    dispatch({ kind: "reading" });
    const codes = await reader.codesOf(picture);
    // Another picture may have been given meanwhile.
    if (mine === last) {
      dispatch(codes ? { kind: "picture", codes, now: now() } : { kind: "no_picture" });
    }
  }

  /** @param {string} text */
  function useText(text) {
    dispatch({ kind: "text", text, now: now() });
  }

  /** @param {DataTransfer | null} data */
  function take(data) {
    const picture = data?.files[0];
    const text = data?.getData("text/plain");
    if (picture) {
      read(picture).catch(reportError);
    } else if (text) {
      useText(text);
    }
    return Boolean(picture || text);
  }

  const chooser = /** @type {HTMLInputElement} */ (document.getElementById("picture"));
  chooser.addEventListener("change", () => {
    const picture = chooser.files?.[0];
    if (picture) {
      read(picture).catch(reportError);
    }
    // The same file can be chosen again.
    chooser.value = "";
  });

  const form = /** @type {HTMLFormElement} */ (document.getElementById("text_form"));
  const code = /** @type {HTMLTextAreaElement} */ (document.getElementById("code"));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    useText(code.value);
    // What the logic has still something to say about is to be mended, and stays.
    if (!document.body.dataset.typed) {
      form.reset();
    }
  });

  addEventListener("paste", (event) => {
    const typing = event.target instanceof HTMLElement && event.target.matches("input, textarea");
    const files = event.clipboardData?.files.length ?? 0;
    if ((files > 0 || !typing) && take(event.clipboardData)) {
      event.preventDefault();
    }
  });
  listenToDrops(take);
}

/** @param {(data: DataTransfer | null) => void} take */
function listenToDrops(take) {
  /** @param {boolean} over */
  const mark = (over) => document.body.toggleAttribute("data-dragging", over);
  addEventListener("dragover", (event) => {
    event.preventDefault();
    mark(true);
  });
  addEventListener("dragleave", ({ relatedTarget }) => mark(relatedTarget !== null));
  addEventListener("drop", (event) => {
    event.preventDefault();
    mark(false);
    take(event.dataTransfer);
  });
}
