// @ts-check
// Asks the worker that reads QR codes, so that the page never freezes.

/** One worker for pictures and for what the camera sees. */
export class Reader {
  /** @type {Map<number, (codes: string[] | null) => void>} */
  #waiting = new Map();
  #last = 0;
  #worker = this.#start();

  /**
   * The codes of a picture, read with patience; null when it is no picture.
   * @param {Blob} picture
   */
  codesOf(picture) {
    return this.#ask({ picture }, []);
  }

  /**
   * The codes of one frame of a camera, read in a hurry; it is used up.
   * @param {ImageBitmap} frame
   */
  async codesIn(frame) {
    return (await this.#ask({ frame }, [frame])) ?? [];
  }

  #start() {
    const worker = new Worker("reader.js", { type: "module" });
    worker.addEventListener("message", ({ data: { id, codes, broken } }) => {
      this.#answer(id, codes);
      if (broken) {
        worker.terminate();
        for (const other of [...this.#waiting.keys()]) {
          this.#answer(other, []);
        }
        this.#worker = this.#start();
      }
    });
    return worker;
  }

  /**
   * @param {number} id
   * @param {string[] | null} codes
   */
  #answer(id, codes) {
    this.#waiting.get(id)?.(codes);
    this.#waiting.delete(id);
  }

  /**
   * @param {object} question
   * @param {Transferable[]} moved
   * @returns {Promise<string[] | null>}
   */
  #ask(question, moved) {
    return new Promise((resolve) => {
      this.#last += 1;
      this.#waiting.set(this.#last, resolve);
      this.#worker.postMessage({ id: this.#last, ...question }, moved);
    });
  }
}

/** The time in seconds. */
export function now() {
  return Math.floor(Date.now() / 1000);
}
