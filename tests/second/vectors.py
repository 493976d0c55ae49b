"""Holds the published vectors (docs/pairing.md §9) against this implementation. The argument is their folder."""

import json
import pathlib
import sys

import cbor
import codes
import exchange
import groups


def main(folder):
    vectors = {file.stem: json.loads(file.read_text()) for file in pathlib.Path(folder).iterdir()}
    for name in ("spake2-p256", "spake2-edwards25519"):
        for vector in vectors[name]["vectors"]:
            spake2(groups.SUITES[1 if name.endswith("p256") else 2], vector)
    for vector in vectors["codes"]["secrets"]:
        secret = bytes.fromhex(vector["secret"])
        same(codes.write_typed(secret), vector["typed"])
        same(codes.read_typed(vector["typed"].lower()), secret)
        same(exchange.code_id(secret).hex(), vector["code_id"])
    material(vectors["codes"]["material"])
    for vector in vectors["discovery"]["vectors"]:
        tag = exchange.tag(bytes.fromhex(vector["secret"]), bytes.fromhex(vector["nonce"]))
        same(codes.base32(tag).lower(), vector["tag"])
    for vector in vectors["portable"]["vectors"]:
        knocks(vectors["portable"], vector)
    for vector in vectors["exchange"]["exchanges"]:
        whole_exchange(vectors["exchange"], vector)


def spake2(suite, vector):
    number = lambda field: int(vector[field].removeprefix("0x"), 16)
    octets = lambda field: bytes.fromhex(vector[field].removeprefix("0x"))
    w, x, y = number("w"), number("x"), number("y")
    host, device = (suite.decode(octets(field)) for field in ("pA", "pB"))
    same(groups.share(suite, w, x, suite.m), host)
    same(groups.share(suite, w, y, suite.n), device)
    element = groups.shared(suite, w, x, device, suite.n)
    same(groups.shared(suite, w, y, host, suite.m), element)
    identities = (vector["A"].encode(), vector["B"].encode())
    made = exchange.confirmations(
        suite, w, identities, (octets("pA"), octets("pB")), element, vector.get("AAD", "").encode()
    )
    same(made, (octets("cA"), octets("cB")))


def material(vector):
    for lifetime in ("one_time", "printed"):
        read = codes.read_material(vector[lifetime]["code"])
        same(read[1].hex(), vector["secret"])
        same(read[2].hex(), vector["root"])
        same((read[4], read[5], read[6]), (vector["label"], vector["unique_name"], vector["port"]))
        same(codes.write_material(read), vector[lifetime]["code"])


def knocks(common, vector):
    is_code = vector["key"] == "secret of a code"
    key = bytes.fromhex(common["secret" if is_code else "discovery_key"])
    fresh, mask = bytes.fromhex(vector["fresh"]), bytes.fromhex(vector["mask"])
    for field, mask in (("knock", mask), ("knock_without_mask", b"")):
        name = codes.base32(exchange.knock(key, fresh, mask)).lower() + ".local"
        same(name, vector[field])


def whole_exchange(common, vector):
    secret = bytes.fromhex(common["secret"])
    host, device = (bytes.fromhex(common[f"{side}_entropy"]) for side in ("client", "device"))
    binding = {side: bytes.fromhex(value) for side, value in common["binding"].items()}
    suites = [groups.SUITES[number] for number in vector["suites"]]
    received = {name: bytes.fromhex(item) for name, item in vector.items() if name != "suites"}
    [theirs] = exchange.expect(exchange.CLIENT_HELLO, received["client_hello"])
    hello = exchange.client_hello(secret, suites, host, theirs[3], theirs[4])
    answer = exchange.device_hello(secret, suites[0], device)
    same((hello, answer), (received["client_hello"], received["device_hello"]))
    proofs = exchange.hosts(secret, host, binding, hello, answer)
    same(exchange.devices(secret, device, binding, hello, answer), proofs)
    for name, proof in zip(("client_confirmation", "device_confirmation"), proofs):
        same(exchange.message(exchange.CONFIRMATION, proof), received[name])
    for name in ("grant", "commit", "done"):
        same(cbor.encode(cbor.decode(received[name])), received[name])


def same(made, published):
    if made != published:
        raise SystemExit(f"made {made!r}, published {published!r}")


if __name__ == "__main__":
    main(*sys.argv[1:])
