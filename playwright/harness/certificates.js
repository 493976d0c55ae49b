// Authorities of the tests' own, and what they issue to servers.

import { execFile } from "node:child_process";
import { createHash, X509Certificate } from "node:crypto";
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

const MAKE = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];

/** @typedef {{ certificate: string, key: string }} Authority its files */

/**
 * Makes an authority that may issue for everything, unless its extensions say otherwise.
 * @param {string} folder
 * @param {string} file what its files are called
 * @param {{ name?: string, extensions?: string[] }} options
 * @returns {Promise<Authority>}
 */
export async function makeAuthority(folder, file, { name = file, extensions = [] } = {}) {
  await mkdir(folder, { recursive: true });
  const [certificate, key] = [join(folder, `${file}.pem`), join(folder, `${file}.key`)];
  await run("openssl", [
    ...[...MAKE, "-subj", `/CN=${name}`, "-days", "2", "-keyout", key, "-out", certificate],
    ...extensions.flatMap((extension) => ["-addext", extension]),
  ]);
  return { certificate, key };
}

/**
 * Has an authority issue a server's certificate.
 * @param {Authority} authority
 * @param {string[]} names each with its kind, as `DNS:nas.local`
 */
export async function issue(authority, names) {
  const file = authority.certificate.replace(/pem$/, names[0]?.replace(/\W/g, "-") ?? "");
  const [certificate, key] = [`${file}.pem`, `${file}.key`];
  await run("openssl", [
    ...[...MAKE, "-subj", "/CN=server", "-days", "2", "-keyout", key, "-out", certificate],
    ...["-addext", `subjectAltName=${names.join()}`],
    ...["-addext", "basicConstraints=critical,CA:FALSE", "-addext", "extendedKeyUsage=serverAuth"],
    ...["-CA", authority.certificate, "-CAkey", authority.key],
  ]);
  return { key: await readFile(key), cert: await readFile(certificate) };
}

/**
 * Makes an empty certificate store.
 * @param {string} folder
 */
export async function makeStore(folder) {
  await mkdir(folder, { recursive: true });
  await run("certutil", ["-N", "-d", `sql:${folder}`, "--empty-password"]);
}

/**
 * Has the browsers that read a certificate store trust an authority.
 * @param {string} store the store's folder
 * @param {Authority} authority
 * @param {string} nickname
 */
export async function trust(store, { certificate }, nickname) {
  const as = ["-n", nickname, "-t", "C,,", "-a", "-i", certificate];
  await run("certutil", ["-A", ...as, "-d", `sql:${store}`]);
}

/**
 * What Chromium has to be told to take a certificate, whoever has issued it.
 * @param {Buffer} pem
 */
export function taking(pem) {
  const spki = new X509Certificate(pem).publicKey.export({ type: "spki", format: "der" });
  const pin = createHash("sha256").update(spki).digest("base64");
  return `--ignore-certificate-errors-spki-list=${pin}`;
}
