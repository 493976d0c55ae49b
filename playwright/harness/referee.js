// A running `settle-referee`, and servers that it vouches for: with a certificate by the intermediate that is at
// work, and announced by name. They know nothing of Settle.

import { execFile, spawn } from "node:child_process";
import { createWriteStream } from "node:fs";
import { copyFile, mkdir, readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:https";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { connect } from "node:tls";
import { promisify } from "node:util";

import { announce } from "./announced.js";
import { built, PATIENCE, Program } from "./programs.js";

const run = promisify(execFile);

/** How many servers there were: each has an address that no other has, in no other process either. */
let servers = 0;

/** @typedef {import("./home.js").Home} Home */

export class Referee {
  /**
   * @param {Program} program
   * @param {string} code
   * @param {string} directory where clients of ACME begin
   * @param {string} state
   * @param {Home} home
   */
  constructor(program, code, directory, state, home) {
    this.program = program;
    this.code = code;
    this.directory = directory;
    this.state = state;
    this.home = home;
  }

  /**
   * Makes a new one, and starts it.
   * @param {Home} home
   */
  static async start(home, folder = "referee") {
    const state = join(home.path, folder);
    const passphrase = join(home.path, "passphrase");
    await writeFile(passphrase, "correct horse battery staple");
    const options = { env: home.environment };
    const init = ["init", "--state", state, "--passphrase-file", passphrase];
    await run(built("settle-referee"), init, options);
    const serve = [
      ...["serve", "--json", "--no-announce", "--state", state],
      ...["--listen", "127.0.0.1:0", "--acme", "127.0.0.1:0"],
    ];
    const log = home.log(`${folder}.log`);
    const program = new Program(built("settle-referee"), serve, { ...options, log });
    const { directory } = await program.line("acme", ({ event }) => event === "acme");
    const { code } = await program.line("code", ({ event }) => event === "code");
    return new Referee(program, code, directory, state, home);
  }

  /**
   * What a command says that speaks to its store.
   * @param {string[]} words
   */
  async says(...words) {
    const asked = [...words, "--state", this.state];
    const { stdout } = await run(built("settle-referee"), asked, { env: this.home.environment });
    return stdout;
  }

  /**
   * Starts a server of a name at the usual port.
   * @param {string} name
   */
  async server(name) {
    const folder = join(this.state, "..", `served-${name}`);
    const { key, cert } = await this.#issue(folder, name);
    const address = ownAddress();
    const page = `<!doctype html><title>${name}</title><h1>${name}</h1>`;
    const server = createServer({ key, cert }, (_, response) => {
      response.setHeader("content-type", "text/html; charset=utf-8");
      response.end(page);
    });
    await new Promise((resolve) => {
      server.listen(443, address, () => resolve(undefined));
    });
    const silence = await announce(name, address);
    return {
      stop() {
        silence();
        server.close();
        server.closeAllConnections();
      },
    };
  }

  /**
   * Starts Caddy, which gets its certificate by ACME, with the very lines that `authorize` prints.
   * @param {string} name
   */
  async caddy(name) {
    const folder = join(this.state, "..", `caddy-${Date.now()}`);
    const file = (/** @type {string} */ it) => join(folder, it);
    await mkdir(folder);
    const said = await this.says("authorize", name, "--directory", this.directory);
    const printed =
      said
        .split(/^Caddy\b.*:\n/m)[1]
        ?.split("\n\n")[0]
        ?.trimEnd() ?? "";
    if (!printed.endsWith("}")) throw new Error(`nothing for Caddy in ${said}`);
    await copyFile(join(this.state, "root.pem"), file("root.pem"));
    const address = ownAddress();
    const page = `<!doctype html><title>${name}</title><h1>${name}</h1>`;
    const site = [
      `{\n  admin off\n  storage file_system ${file("storage")}\n}`,
      printed.slice(0, -1),
      `  bind ${address}\n  header content-type "text/html; charset=utf-8"\n  respond "${page}"\n}\n`,
    ];
    await writeFile(file("Caddyfile"), site.join("\n"));
    await writeFile(file("hosts"), "127.0.0.1 localhost referee.local\n");
    const mounted = 'mount --bind "$0" /etc/hosts && exec "$@"';
    const words = ["--mount", "sh", "-c", mounted, file("hosts"), "caddy", "run"];
    const env = { ...this.home.environment, HOME: folder };
    const caddy = spawn("unshare", words, { cwd: folder, env, stdio: ["ignore", "pipe", "pipe"] });
    caddy.stderr.pipe(createWriteStream(this.home.log("caddy.log")));
    await trusted(name, address, await readFile(file("root.pem"), "utf8"));
    const silence = await announce(name, address);
    return {
      stop() {
        silence();
        caddy.kill("SIGKILL");
      },
    };
  }

  /**
   * A certificate by the intermediate, whose key is in the referee's state.
   * @param {string} folder
   * @param {string} name
   */
  async #issue(folder, name) {
    await mkdir(folder, { recursive: true });
    const file = (/** @type {string} */ it) => join(folder, it);
    const stored = JSON.parse(await readFile(join(this.state, "intermediate.json"), "utf8"));
    await writeFile(file("issuer.pem"), pem("CERTIFICATE", stored.certificate));
    await writeFile(file("issuer.key"), pem("PRIVATE KEY", stored.key));
    await run("openssl", [
      ...["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"],
      ...["-days", "2", "-subj", "/CN=server", "-addext", `subjectAltName=DNS:${name}`],
      ...["-addext", "basicConstraints=critical,CA:FALSE"],
      ...["-addext", "extendedKeyUsage=serverAuth"],
      ...["-CA", file("issuer.pem"), "-CAkey", file("issuer.key")],
      ...["-keyout", file("key.pem"), "-out", file("cert.pem")],
    ]);
    const names = ["key.pem", "cert.pem", "issuer.pem"];
    const [key, leaf, issuer] = await Promise.all(names.map((it) => readFile(file(it), "utf8")));
    return { key, cert: `${leaf}${issuer}` };
  }

  async stop() {
    await this.program.stop();
  }
}

/**
 * @param {string} label
 * @param {string} base64
 */
function pem(label, base64) {
  return `-----BEGIN ${label}-----\n${base64}\n-----END ${label}-----\n`;
}

/** An address of this machine that nothing else has. */
function ownAddress() {
  servers += 1;
  return `127.${(process.pid >> 8) & 255}.${process.pid & 255}.${servers}`;
}

/**
 * Waits until a server shows a certificate for its name by this root.
 * @param {string} name
 * @param {string} host
 * @param {string} ca
 */
async function trusted(name, host, ca) {
  const end = Date.now() + PATIENCE;
  const shakes = () =>
    new Promise((resolve) => {
      const socket = connect({ host, port: 443, servername: name, ca }, () => {
        socket.end();
        resolve(true);
      });
      socket.on("error", () => resolve(false));
    });
  while (!(await shakes())) {
    if (Date.now() > end) throw new Error(`${name} has no certificate`);
    await pause(50);
  }
}
