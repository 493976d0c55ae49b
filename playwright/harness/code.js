// Spoiling codes, as cameras, fingers and strangers do, and reading labels out of them, as a page may.

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const PREFIX = "SETTLE:";
/** Where the label begins in the CBOR map: secret, root key and kind before it have a fixed length. */
const LABEL = 59;

/**
 * The same code with another secret: well formed, for the same device, and wrong.
 * @param {string} code
 */
export function withOtherSecret(code) {
  const bytes = decode(code.slice(PREFIX.length));
  // In the CBOR map the secret is under key 1: a byte string of 16 bytes.
  const at = bytes.findIndex((byte, index) => byte === 0x01 && bytes[index + 1] === 0x50);
  if (at < 0) throw new Error("no secret in the code");
  bytes[at + 2] = (bytes[at + 2] ?? 0) ^ 0xff;
  return PREFIX + encode(bytes);
}

/**
 * The label that a code says, with nothing asked of it.
 * @param {string} code
 */
export function labelOf(code) {
  const bytes = decode(code.slice(PREFIX.length));
  return new TextDecoder().decode(Uint8Array.from(bytes.slice(...placeOfLabel(bytes))));
}

/**
 * The same code with another label.
 * @param {string} code
 * @param {string} label of 23 letters at most
 */
export function withLabel(code, label) {
  const bytes = decode(code.slice(PREFIX.length));
  const text = [...new TextEncoder().encode(label)];
  bytes.splice(LABEL, placeOfLabel(bytes)[1] - LABEL, 0x60 + text.length, ...text);
  return PREFIX + encode(bytes);
}

/**
 * Between which bytes it is.
 * @param {number[]} bytes
 */
function placeOfLabel(bytes) {
  const [key, head = 0, next = 0] = bytes.slice(LABEL - 1);
  if (key !== 0x04) throw new Error("no label in the code");
  // A text string; a longer one than 23 bytes has its length in the next byte (RFC 8949 §3).
  const [start, length] = head === 0x78 ? [LABEL + 2, next] : [LABEL + 1, head & 0x1f];
  return /** @type {const} */ ([start, start + length]);
}

/** @param {string} text */
function decode(text) {
  const bits = [...text].map((symbol) => ALPHABET.indexOf(symbol).toString(2).padStart(5, "0"));
  const octets = bits.join("").match(/.{8}/g) ?? [];
  return octets.map((octet) => Number.parseInt(octet, 2));
}

/** @param {number[]} bytes */
function encode(bytes) {
  const bits = bytes.map((byte) => byte.toString(2).padStart(8, "0")).join("");
  const groups = bits.match(/.{1,5}/g) ?? [];
  return groups.map((group) => ALPHABET[Number.parseInt(group.padEnd(5, "0"), 2)]).join("");
}
