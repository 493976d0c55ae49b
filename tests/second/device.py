"""A device: shows a code, pairs with the hosts that prove to know it, and has a page for those that are on its list.

It admits once and does not delay guesses (docs/pairing.md §2.5), as it lives for one test. --lie puts something else
into the transcript than the connection has; --label is what its code and its grant say in the place of the label, whatever
that is. What happens is told in lines of JSON.
"""

import argparse
import json
import secrets
import socket
import threading

import certificates
import channel
import codes
import exchange
import groups
from OpenSSL import SSL

LABEL = "second"
DEVICE, ADMIN, ONE_TIME = 0, 0, 0
NOT_CONFIRMED, UNSUPPORTED = 0, 2
PAGE = "the second implementation's page"


class Device:
    def __init__(self, options):
        self.lie = options.lie
        self.label = options.label
        self.suites = [groups.SUITES[number] for number in options.suites]
        self.secret = secrets.token_bytes(16)
        self.clients = set()
        root_key, leaf_key = certificates.make_key(), certificates.make_key()
        self.root = certificates.make_root(root_key, LABEL)
        self.fingerprint = certificates.fingerprint(self.root)
        self.name = certificates.unique_name(LABEL, self.fingerprint)
        leaf = certificates.make_leaf(self.root, root_key, leaf_key, [f"{LABEL}.local", self.name])
        self.context = channel.context_of_device(leaf_key, [leaf, self.root])
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]

    def code(self):
        material = {
            0: 1,
            1: self.secret,
            2: self.fingerprint,
            3: DEVICE,
            4: self.label,
            5: self.name,
            6: self.port,
            7: [[0, [socket.inet_aton("127.0.0.1"), self.port]]],
            8: [suite.number for suite in self.suites],
            10: ONE_TIME,
        }
        return codes.write_material(material)

    def serve(self):
        while True:
            stream, _ = self.listener.accept()
            threading.Thread(target=self.one, args=(stream,), daemon=True).start()

    def one(self, stream):
        connection = SSL.Connection(self.context, stream)
        connection.set_accept_state()
        try:
            host = channel.Channel(connection)
            if connection.get_alpn_proto_negotiated() == channel.ALPN:
                self.pair(host)
            elif certificates.fingerprint(host.certificate()) in self.clients:
                self.answer(host)
            host.close()
        except exchange.Refused as refused:
            say("refused", reason=str(refused))
        except SSL.Error as error:
            say("ended", reason=repr(error))

    def pair(self, host):
        client = certificates.fingerprint(host.certificate())
        binding = {"exporter": host.exporter(), "client": client, "device": self.fingerprint}
        if self.lie:
            binding[self.lie] = bytes(32)
        role = self.prove(host, binding)
        [commit] = exchange.expect(exchange.COMMIT, host.receive())
        if commit != {0: self.fingerprint, 1: role}:
            raise exchange.Refused("a commit to something else")
        self.clients.add(client)
        self.secret = secrets.token_bytes(16)
        host.send(exchange.message(exchange.DONE))
        say("paired", client=client.hex())

    def prove(self, host, binding):
        hello = host.receive()
        [wanted] = exchange.expect(exchange.CLIENT_HELLO, hello)
        offered = [share[0] for share in wanted[2]]
        suite = next((suite for suite in self.suites if suite.number in offered), None)
        if exchange.VERSION not in wanted[0] or suite is None:
            self.refuse(host, UNSUPPORTED)
        known = wanted[1] == exchange.code_id(self.secret)
        secret = self.secret if known else secrets.token_bytes(16)
        entropy = secrets.token_bytes(64)
        answer = exchange.device_hello(secret, suite, entropy)
        theirs, ours = exchange.devices(secret, entropy, binding, hello, answer)
        host.send(answer)
        host.send(exchange.message(exchange.CONFIRMATION, ours))
        [proof] = exchange.expect(exchange.CONFIRMATION, host.receive())
        if not secrets.compare_digest(proof, theirs):
            self.refuse(host, NOT_CONFIRMED)
        grant = {
            0: certificates.octets(self.root),
            1: self.label,
            2: self.name,
            3: self.port,
            4: DEVICE,
            5: ADMIN,
            6: secrets.token_bytes(32),
            7: ONE_TIME,
        }
        host.send(exchange.message(exchange.GRANT, grant))
        return grant[5]

    def refuse(self, host, reason):
        host.send(exchange.message(exchange.ABORT, reason))
        host.close()
        raise exchange.Refused(f"refused: {reason}")

    def answer(self, host):
        head = b""
        while b"\r\n\r\n" not in head:
            head += host.connection.recv(4096)
        say("asked", head=head.decode())
        page = f"HTTP/1.1 200 OK\r\nContent-Length: {len(PAGE)}\r\nConnection: close\r\n\r\n{PAGE}"
        host.connection.sendall(page.encode())


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--suites", type=int, nargs="+", default=[1, 2])
    options.add_argument("--lie", choices=["exporter", "client", "device"])
    options.add_argument("--label", default=LABEL)
    device = Device(options.parse_args())
    tag = codes.base32(exchange.tag(device.secret, secrets.token_bytes(8))).lower()
    say(
        "code",
        code=device.code(),
        typed=codes.write_typed(device.secret),
        tag=tag,
        port=device.port,
        unique_name=device.name,
    )
    device.serve()


def say(event, **fields):
    print(json.dumps({"event": event, **fields}), flush=True)


if __name__ == "__main__":
    main()
