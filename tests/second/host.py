"""A host: pairs with a device by a code, then opens its page by the anchor that it got.

With --typed the device is looked for among what avahi-browse says on the standard input. --lie puts something else
into the transcript than the connection has. What happens is told in lines of JSON.
"""

import argparse
import ipaddress
import json
import re
import secrets
import signal
import sys

import certificates
import channel
import codes
import exchange
import groups

ADMIN = 0


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--code", required=True)
    options.add_argument("--typed", action="store_true")
    options.add_argument("--suite", type=int)
    options.add_argument("--lie", choices=["exporter", "client", "device", "role"])
    options = options.parse_args()
    signal.alarm(30)
    key = certificates.make_key()
    certificate = certificates.make_host(key)
    try:
        anchor, grant, address = pair(options, key, certificate)
    except exchange.Refused as refused:
        say("refused", reason=str(refused))
        sys.exit(1)
    say("paired", unique_name=grant[2], root=certificates.fingerprint(anchor).hex(), role=grant[5])
    for path in ("/", "/.well-known/settle/role"):
        status, body = ask(address, grant, anchor, key, certificate, path)
        say("page", path=path, status=status, body=body)


def pair(options, key, certificate):
    if options.typed:
        material, secret = None, codes.read_typed(options.code)
        addresses = announced(secret, sys.stdin.read())
    else:
        material = codes.read_material(options.code)
        secret = material[1]
        addresses = [(str(ipaddress.ip_address(ip)), port) for _, [ip, port] in material[7]]
    knock = codes.base32(exchange.knock(secret, secrets.token_bytes(10))).lower() + ".local"
    context = channel.context_of_host(key, certificate)
    device = channel.connect(addresses[0], context, knock.encode())
    root, former = root_of(device, material)
    binding = {
        "exporter": device.exporter(),
        "client": certificates.fingerprint(certificate),
        "device": certificates.fingerprint(root),
    }
    if options.lie in binding:
        binding[options.lie] = bytes(32)
    suites = suites_of(options, material)
    grant = prove(device, secret, suites, binding, options.lie)
    check(grant, root, former, material)
    device.send(exchange.message(exchange.COMMIT, {0: certificates.fingerprint(root), 1: grant[5]}))
    exchange.expect(exchange.DONE, device.receive())
    device.close()
    return root, grant, addresses[0][0]


def suites_of(options, material):
    numbers = [options.suite] if options.suite else material[8] if material else [1, 2]
    return [groups.SUITES[number] for number in numbers if number in groups.SUITES]


def root_of(device, material):
    """§4: the root issued the leaf, and is the one that the code names, or links lead there from that one."""
    leaf, root, *halves = device.certificates()
    certificates.check_issued(leaf, root)
    former = certificates.check_links(root, halves)
    if material and material[2] not in [certificates.fingerprint(root), *former]:
        raise exchange.Refused("another root key than the code's")
    return root, former


def prove(device, secret, suites, binding, lie):
    entropy = secrets.token_bytes(64)
    hello = exchange.client_hello(secret, suites, entropy, "second", ADMIN)
    device.send(hello)
    if lie == "role":
        hello = exchange.client_hello(secret, suites, entropy, "second", 1 - ADMIN)
    answer = device.receive()
    ours, theirs = exchange.hosts(secret, entropy, binding, hello, answer)
    [proof] = exchange.expect(exchange.CONFIRMATION, device.receive())
    # Who lies is curious whether the device notices, too.
    if not secrets.compare_digest(proof, theirs) and not lie:
        raise exchange.Refused("the device does not know the code")
    device.send(exchange.message(exchange.CONFIRMATION, ours))
    [grant] = exchange.expect(exchange.GRANT, device.receive())
    return grant


def check(grant, root, former, material):
    """§5.5, the end: the grant is of this root, named after the first one, and contradicts no code."""
    first = former[-1] if former else certificates.fingerprint(root)
    name = certificates.unique_name(grant[1], first)
    if grant[0] != certificates.octets(root) or grant[2] != name:
        raise exchange.Refused("a grant of another device")
    if material and (material[3], material[5], material[10]) != (grant[4], grant[2], grant[7]):
        raise exchange.Refused("a grant that contradicts the code")


def announced(secret, lines):
    """Where a device announces a tag of this code (§3)."""
    found = []
    for line in lines.splitlines():
        parts = line.split(";", 9)
        tags = re.search(r'"tags=([^"]*)"', line)
        if parts[0] == "=" and tags and any(is_of(secret, text) for text in tags[1].split(",")):
            found.append((parts[7], int(parts[8])))
    if not found:
        raise exchange.Refused("nobody announces the code")
    return found


def is_of(secret, text):
    tag = codes.from_base32(text)
    return len(tag) == 16 and exchange.tag(secret, tag[:8]) == tag


def ask(address, grant, anchor, key, certificate, path):
    """A request over a connection that OpenSSL verified by the anchor alone, for the device's unique name."""
    context = channel.context_of_host(key, certificate, anchor)
    device = channel.connect((address, grant[3]), context)
    if grant[2] not in certificates.names_of(device.certificates()[0]):
        raise SystemExit("verified, but under another name")
    device.connection.sendall(
        f"GET {path} HTTP/1.1\r\nHost: {grant[2]}\r\nConnection: close\r\n\r\n".encode()
    )
    head, body = device.read_all().split(b"\r\n\r\n", 1)
    return int(head.split()[1]), body.decode()


def say(event, **fields):
    print(json.dumps({"event": event, **fields}), flush=True)


if __name__ == "__main__":
    main()
