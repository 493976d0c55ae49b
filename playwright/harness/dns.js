// Who asked the network for which name: the log that `cargo xtask` writes from its capture.

import { createSocket } from "node:dgram";
import { readFile } from "node:fs/promises";
import { setTimeout as pause } from "node:timers/promises";

import { PATIENCE, setting } from "./programs.js";

/**
 * The local names that the network was asked for until now.
 * @param {RegExp} sought those that the daemon itself may look for on the local link, by multicast
 */
export async function localQuestions(sought = /(?!)/) {
  const log = await logUpToNow();
  /** @type {{ name: string | null, port: number, counted: boolean }[]} */
  const questions = log.map((line) => JSON.parse(line));
  return questions
    .filter(({ name, port, counted }) => counted && !(port === 5353 && sought.test(name ?? "")))
    .map(({ name }) => name ?? "(encrypted)");
}

/** Asks for a name of our own and waits until the capture saw that: then it saw all before it. */
async function logUpToNow() {
  const marker = `marker-${process.pid}-${Date.now()}.invalid`;
  const end = Date.now() + PATIENCE;
  while (Date.now() < end) {
    await ask(marker);
    const log = await readFile(setting("SETTLE_DNS_LOG"), "utf8");
    const lines = log.slice(0, log.lastIndexOf("\n")).split("\n");
    if (lines.some((line) => line.includes(marker))) return lines;
    await pause(20);
  }
  throw new Error("the capture does not see this network");
}

/**
 * Sends a question for an address (RFC 1035 §4.1).
 * @param {string} name
 */
async function ask(name) {
  const labels = name.split(".").map((label) => Buffer.from(`\0${label}`));
  for (const label of labels) label[0] = label.length - 1;
  const header = Buffer.from([0, 7, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
  const message = Buffer.concat([header, ...labels, Buffer.from([0, 0, 1, 0, 1])]);
  const socket = createSocket("udp4");
  await new Promise((resolve, reject) => {
    socket.send(message, 53, "127.0.0.1", (error) => (error ? reject(error) : resolve(undefined)));
  });
  socket.close();
}
