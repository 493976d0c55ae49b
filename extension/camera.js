// @ts-check
// The camera's hands: opens it, shows what it sees, lets the reader look at one frame after the
// other, and offers the choice of cameras and the light where there are any.

import { now } from "./read.js";

/** @import { PageEvent } from './pkg/settle_wasm.js' */
/** @import { Reader } from './read.js' */

/** The words for what browsers say of a camera that cannot be used (Media Capture and Streams §10.2). */
const FAULTS = new Map([
  ["NotAllowedError", "camera_forbidden"],
  ["SecurityError", "camera_forbidden"],
  ["NotFoundError", "camera_missing"],
  ["OverconstrainedError", "camera_missing"],
]);

export class Camera {
  #video = /** @type {HTMLVideoElement} */ (document.getElementById("camera"));
  #choice = /** @type {HTMLElement} */ (document.getElementById("camera_choice"));
  #cameras = /** @type {HTMLSelectElement} */ (document.getElementById("cameras"));
  #light = /** @type {HTMLButtonElement} */ (document.getElementById("light"));
  /** @type {MediaStream | undefined} */
  #stream;
  /** Counts how often the camera was switched on or off: whoever waited longer has lost it. */
  #turn = 0;

  /**
   * @param {(event: PageEvent) => void} dispatch
   * @param {Reader} reader
   */
  constructor(dispatch, reader) {
    this.dispatch = dispatch;
    this.reader = reader;
    this.#cameras.addEventListener("change", () => {
      this.start(this.#cameras.value).catch(reportError);
    });
    this.#light.addEventListener("click", () => this.#switchLight().catch(reportError));
    // Nobody looks, so nobody expects to be seen.
    document.addEventListener("visibilitychange", () => {
      if (document.hidden && this.#stream) {
        dispatch({ kind: "pressed", action: "stop_scan", value: "" });
      }
    });
  }

  /** @param {string} [id] of the camera; else the one that looks away from the user */
  async start(id) {
    this.stop();
    const turn = this.#turn;
    const which = id ? { deviceId: { exact: id } } : { facingMode: "environment" };
    try {
      const stream = await navigator.mediaDevices.getUserMedia({
        video: { ...which, width: { ideal: 1280 }, height: { ideal: 720 } },
      });
      if (turn !== this.#turn) {
        end(stream);
        return;
      }
      this.#stream = stream;
      this.#video.srcObject = stream;
      await this.#video.play();
    } catch (error) {
      if (turn === this.#turn) {
        this.dispatch({ kind: "no_camera", fault: faultOf(error) });
      }
      return;
    }
    await this.#offer();
    await this.#look(turn);
  }

  stop() {
    this.#turn += 1;
    if (this.#stream) {
      end(this.#stream);
    }
    this.#stream = undefined;
    this.#video.srcObject = null;
  }

  /** @param {number} turn */
  async #look(turn) {
    while (turn === this.#turn) {
      await nextFrame(this.#video);
      if (turn !== this.#turn) {
        return;
      }
      const codes = await this.reader.codesIn(await createImageBitmap(this.#video));
      if (turn === this.#turn) {
        this.dispatch({ kind: "seen", codes, now: now() });
      }
    }
  }

  /** Browsers tell the names of cameras only once one of them was allowed. */
  async #offer() {
    const track = this.#stream?.getVideoTracks()[0];
    const devices = await navigator.mediaDevices.enumerateDevices();
    const cameras = devices.filter(({ kind }) => kind === "videoinput");
    const options = cameras.map(({ deviceId, label }) => new Option(label, deviceId));
    this.#cameras.replaceChildren(...options);
    this.#cameras.value = track?.getSettings().deviceId ?? "";
    this.#choice.toggleAttribute("hidden", cameras.length < 2);
    this.#light.toggleAttribute("hidden", !(track && hasLight(track)));
    this.#light.setAttribute("aria-pressed", "false");
  }

  async #switchLight() {
    const on = this.#light.getAttribute("aria-pressed") !== "true";
    // Of Image Capture, which TypeScript does not know.
    const light = /** @type {MediaTrackConstraintSet} */ ({ torch: on });
    await this.#stream?.getVideoTracks()[0]?.applyConstraints({ advanced: [light] });
    this.#light.setAttribute("aria-pressed", String(on));
  }
}

/**
 * Opens any camera for a moment.
 * @param {(event: PageEvent) => void} dispatch
 */
export async function tryCamera(dispatch) {
  try {
    end(await navigator.mediaDevices.getUserMedia({ video: true }));
    dispatch({ kind: "camera_works" });
  } catch (error) {
    dispatch({ kind: "no_camera", fault: faultOf(error) });
  }
}

/** @param {unknown} error */
function faultOf(error) {
  const name = error instanceof DOMException ? error.name : "";
  return FAULTS.get(name) ?? "camera_busy";
}

/** @param {MediaStreamTrack} track */
function hasLight(track) {
  // Firefox knows no capabilities before version 132.
  const capabilities = track.getCapabilities?.() ?? {};
  return "torch" in capabilities;
}

/** @param {MediaStream} stream */
function end(stream) {
  for (const track of stream.getTracks()) {
    track.stop();
  }
}

/** @param {HTMLVideoElement} video */
function nextFrame(video) {
  return new Promise((resolve) => {
    // Firefox has the more exact one since version 132.
    if ("requestVideoFrameCallback" in video) {
      video.requestVideoFrameCallback(resolve);
    } else {
      requestAnimationFrame(resolve);
    }
  });
}
