// @ts-check
// The ways a code gets into the pairing page: a chosen, dropped or pasted picture, which a worker
// reads so that the page never freezes, and text.

/** @import { PageEvent } from './pkg/settle_wasm.js' */

/** @param {(event: PageEvent) => void} dispatch */
export function givePictures(dispatch) {
  const reader = new Worker("reader.js", { type: "module" });
  let last = 0;

  /** @param {File} picture */
  function read(picture) {
    last += 1;
    dispatch({ kind: "reading" });
    reader.postMessage({ id: last, picture });
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
      read(picture);
    } else if (text) {
      useText(text);
    }
    return Boolean(picture || text);
  }

  reader.addEventListener("message", ({ data: { id, codes } }) => {
    if (id === last) {
      dispatch(codes ? { kind: "picture", codes, now: now() } : { kind: "no_picture" });
    }
  });

  const chooser = /** @type {HTMLInputElement} */ (document.getElementById("picture"));
  chooser.addEventListener("change", () => {
    const picture = chooser.files?.[0];
    if (picture) {
      read(picture);
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

/** The time in seconds. */
function now() {
  return Math.floor(Date.now() / 1000);
}
