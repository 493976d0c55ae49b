// A server that speaks ACME (RFC 8555) to a referee and says what it likes: names, contacts, and all of it as hostile as a
// test wants. It is no client that anybody would use.

import { execFile } from "node:child_process";
import { createHmac, generateKeyPairSync, sign } from "node:crypto";
import { mkdtemp, readFile } from "node:fs/promises";
import { request } from "node:https";
import { join } from "node:path";
import { promisify } from "node:util";

/** @typedef {import("./referee.js").Referee} Referee */
/** @typedef {{ status: number, headers: Record<string, any>, body: string }} Answer */

const run = promisify(execFile);

export class AcmeServer {
  #keys = generateKeyPairSync("ec", { namedCurve: "P-256" });
  #nonce = "";
  #kid = "";
  #directory = { newNonce: "", newAccount: "", newOrder: "" };

  /**
   * @param {Referee} referee
   * @param {string} root
   */
  constructor(referee, root) {
    this.referee = referee;
    this.root = root;
  }

  /**
   * Makes an account with the key that is granted for these names.
   * @param {Referee} referee
   * @param {string[]} names
   * @param {string[]} contact
   */
  static async join(referee, names, contact = []) {
    const granted = JSON.parse(
      await referee.says("authorize", ...names, "--directory", referee.directory, "--json"),
    );
    const server = new AcmeServer(referee, await readFile(granted.root, "utf8"));
    const directory = await server.#send("GET", referee.directory);
    server.#directory = JSON.parse(directory.body);
    const { newNonce, newAccount } = server.#directory;
    await server.#send("HEAD", newNonce);
    const jwk = server.#keys.publicKey.export({ format: "jwk" });
    const head = encoded({ alg: "HS256", kid: granted.eab_kid, url: newAccount });
    const externalAccountBinding = {
      protected: head,
      payload: encoded(jwk),
      signature: createHmac("sha256", Buffer.from(granted.eab_hmac_key, "base64url"))
        .update(`${head}.${encoded(jwk)}`)
        .digest("base64url"),
    };
    const account = { contact, termsOfServiceAgreed: true, externalAccountBinding };
    const made = await server.#post(newAccount, account);
    if (made.status !== 201) throw new Error(made.body);
    server.#kid = made.headers.location;
    return server;
  }

  /**
   * Orders a certificate for names.
   * @param {string[]} names
   */
  async order(names) {
    const identifiers = names.map((value) => ({ type: "dns", value }));
    return this.#post(this.#directory.newOrder, { identifiers });
  }

  /**
   * Gets a certificate for names that were granted.
   * @param {string[]} names
   */
  async obtain(names) {
    const ordered = await this.order(names);
    const folder = await mkdtemp(join(this.referee.home.path, "request-"));
    const csr = join(folder, "request.der");
    await run("openssl", [
      ...["req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"],
      ...["-subj", "/", "-addext", `subjectAltName=${names.map((name) => `DNS:${name}`).join()}`],
      ...["-keyout", join(folder, "key.pem"), "-outform", "DER", "-out", csr],
    ]);
    const { finalize } = JSON.parse(ordered.body);
    const done = await this.#post(finalize, { csr: (await readFile(csr)).toString("base64url") });
    if (done.status !== 200) throw new Error(done.body);
  }

  /**
   * @param {string} url
   * @param {object} payload
   */
  async #post(url, payload) {
    const jwk = this.#keys.publicKey.export({ format: "jwk" });
    const who = this.#kid ? { kid: this.#kid } : { jwk };
    const head = encoded({ alg: "ES256", nonce: this.#nonce, url, ...who });
    const body = encoded(payload);
    const key = { key: this.#keys.privateKey, dsaEncoding: /** @type {const} */ ("ieee-p1363") };
    const signature = sign("sha256", Buffer.from(`${head}.${body}`), key).toString("base64url");
    return this.#send("POST", url, JSON.stringify({ protected: head, payload: body, signature }));
  }

  /**
   * @param {string} method
   * @param {string} url
   * @param {string} [content]
   * @returns {Promise<Answer>}
   */
  #send(method, url, content) {
    const { hostname, port, pathname } = new URL(url);
    return new Promise((resolve, reject) => {
      const asked = request({
        ...{ method, port, path: pathname, host: "127.0.0.1", servername: hostname, ca: this.root },
        headers: { host: `${hostname}:${port}`, "content-type": "application/jose+json" },
      });
      asked.on("error", reject);
      asked.on("response", async (answer) => {
        const parts = [];
        for await (const part of answer) parts.push(part);
        const { statusCode: status = 0, headers } = answer;
        this.#nonce = String(headers["replay-nonce"] ?? this.#nonce);
        resolve({ status, headers, body: Buffer.concat(parts).toString() });
      });
      asked.end(content);
    });
  }
}

/** @param {object} value */
function encoded(value) {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}
