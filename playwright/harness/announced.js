// A host that says by multicast DNS where it is, and knows nothing of Settle.

import { createSocket } from "node:dgram";

/** Of multicast DNS (RFC 6762 §3). */
const GROUP = { address: "224.0.0.251", port: 5353 };
/** Often enough for whoever begins to listen, in milliseconds. */
const SAY_AGAIN = 200;

/**
 * Says again and again where a host is, until what this returns is called.
 * @param {string} name
 * @param {string} address
 */
export async function announce(name, address) {
  const socket = createSocket({ type: "udp4", reuseAddr: true });
  await new Promise((resolve) => {
    // From the port of multicast DNS, like everybody.
    socket.bind(GROUP.port, () => resolve(undefined));
  });
  socket.setMulticastTTL(255);
  socket.setMulticastInterface("127.0.0.1");
  const labels = name.split(".").map((it) => Buffer.from(`${String.fromCharCode(it.length)}${it}`));
  // An answer with one record: an address, for two minutes, in the place of others (RFC 6762 §18).
  const head = Buffer.from([0, 0, 0x84, 0, 0, 0, 0, 1, 0, 0, 0, 0]);
  const record = Buffer.from([0, 0, 1, 0x80, 1, 0, 0, 0, 120, 0, 4]);
  const place = Buffer.from(address.split(".").map(Number));
  const message = Buffer.concat([head, ...labels, record, place]);
  const say = () => socket.send(message, GROUP.port, GROUP.address);
  say();
  const speaking = setInterval(say, SAY_AGAIN);
  return () => {
    clearInterval(speaking);
    socket.close();
  };
}
