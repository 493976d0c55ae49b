// Spoiling codes, as cameras, fingers and strangers do.

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const PREFIX = "SETTLE:";

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
