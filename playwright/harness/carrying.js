// What pages of a device do with it. These run inside of the page.

/**
 * Says something over a WebSocket, and returns what comes back.
 * @param {{ text: string, length: number }} what a text, and bytes of this number
 * @returns {Promise<{ text: string, length: number }>}
 */
export function overSocket({ text, length }) {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(`wss://${location.host}/socket`);
    socket.binaryType = "arraybuffer";
    socket.onerror = () => reject(new Error("the WebSocket failed"));
    socket.onopen = () => {
      socket.send(text);
      socket.send(new Uint8Array(length));
    };
    /** @type {string} */
    let heard;
    socket.onmessage = ({ data }) => {
      if (typeof data === "string") {
        heard = data;
      } else {
        socket.close();
        resolve({ text: heard, length: data.byteLength });
      }
    };
  });
}

/**
 * Listens to events, lets the device say two, and returns them; the stream never ends by itself.
 * @returns {Promise<string[]>}
 */
export function overEvents() {
  return new Promise((resolve, reject) => {
    const source = new EventSource("/events");
    /** @type {string[]} */
    const heard = [];
    const say = () => fetch("/say", { method: "POST", body: `event ${heard.length}` });
    source.onopen = say;
    source.onerror = () => reject(new Error("the events broke off"));
    source.onmessage = ({ data }) => {
      heard.push(data);
      if (heard.length < 2) {
        say();
        return;
      }
      if (source.readyState !== EventSource.OPEN) reject(new Error("the stream has ended"));
      source.close();
      resolve(heard);
    };
  });
}

/**
 * Gets bytes, gives them back, and tells what the page and the device think of them.
 * @param {number} length
 */
export async function overBodies(length) {
  const answer = await fetch(`/bytes/${length}`);
  /** @type {Uint8Array<ArrayBuffer>[]} */
  const pieces = [];
  const reader = /** @type {ReadableStream<Uint8Array<ArrayBuffer>>} */ (answer.body).getReader();
  for (let next = await reader.read(); !next.done; next = await reader.read()) {
    pieces.push(next.value);
  }
  const body = new Blob(pieces);
  const hash = await crypto.subtle.digest("SHA-256", await body.arrayBuffer());
  const here = [...new Uint8Array(hash)].map((byte) => byte.toString(16).padStart(2, "0")).join("");

  /** @type {number[]} */
  const progress = [];
  const request = new XMLHttpRequest();
  request.upload.onprogress = ({ loaded }) => progress.push(loaded);
  const answered = new Promise((resolve) => {
    request.onloadend = resolve;
  });
  request.open("PUT", "/digest");
  request.send(body);
  await answered;
  return { size: body.size, pieces: pieces.length, here, there: request.responseText, progress };
}

/**
 * Sends a body of pieces whose number nobody knows before its end (Fetch §5.4 "duplex").
 * @param {number} pieces of 64 KiB each
 */
export async function overStream(pieces) {
  let left = pieces;
  const body = new ReadableStream({
    pull(controller) {
      if (left === 0) return controller.close();
      left -= 1;
      controller.enqueue(new Uint8Array(65_536).fill(left));
    },
  });
  const init = { method: "POST", body, duplex: "half" };
  const answer = await fetch("/echo", init);
  const echoed = new Uint8Array(await answer.arrayBuffer());
  return { size: echoed.length, first: echoed[0], last: echoed.at(-1) };
}
