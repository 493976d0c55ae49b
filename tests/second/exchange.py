"""Keys, transcript and confirmations of docs/pairing.md §5, for either side; no socket is named here."""

import hashlib
import hmac

import cbor
import groups
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

CLIENT_HELLO, DEVICE_HELLO, CONFIRMATION, GRANT, COMMIT, DONE, ABORT = range(7)
VERSION = 1


class Refused(Exception):
    """The other side said Abort, said something else than its turn was, or proved nothing."""


def hkdf(key, info, length):
    return HKDF(hashes.SHA256(), length, None, info).derive(key)


def code_id(secret):
    return hkdf(secret, b"settle-pair/1 code id", 8)


def tag(secret, nonce):
    """What a device says of its code on the network (§3), as octets."""
    key = hkdf(secret, b"settle-pair/1 discovery", 32)
    return nonce + hmac.digest(key, nonce, "sha256")[:8]


def knock(secret, fresh, mask=b""):
    """The octets of a server name that tells a listener nothing (§11.3)."""
    key = hkdf(secret, b"settle-portable/1 door", 32)
    return fresh + hmac.digest(key, mask + fresh, "sha256")[:10]


def make_w(suite, secret):
    octets = hkdf(secret, b"settle-pair/1 spake2 w" + bytes([suite.number]), 40)
    return int.from_bytes(octets, "big") % suite.order


def make_scalar(suite, entropy):
    octets = hkdf(entropy, b"settle-pair/1 spake2 ephemeral" + bytes([suite.number]), 64)
    return int.from_bytes(octets, "big") % suite.order


def message(kind, *fields):
    return cbor.encode([kind, list(fields)])


def client_hello(secret, suites, entropy, label, role):
    shares = []
    for suite in suites:
        own = make_scalar(suite, entropy)
        point = groups.share(suite, make_w(suite, secret), own, suite.m)
        shares.append({0: suite.number, 1: suite.encode(point)})
    return message(CLIENT_HELLO, {0: [VERSION], 1: code_id(secret), 2: shares, 3: label, 4: role})


def device_hello(secret, suite, entropy):
    point = groups.share(suite, make_w(suite, secret), make_scalar(suite, entropy), suite.n)
    return message(DEVICE_HELLO, {0: VERSION, 1: {0: suite.number, 1: suite.encode(point)}})


def expect(kind, item):
    """The fields of a message whose turn it is."""
    match cbor.decode(item):
        case [got, [*fields]] if got == kind:
            return fields
        case [6, [reason]]:
            raise Refused(f"abort {reason}")
        case other:
            raise Refused(f"not message {kind}: {other}")


def associated_data(exporter, hello, answer):
    return hashlib.sha256(fields(b"settle-pair/1", exporter, hello, answer)).digest()


def fields(*values):
    return b"".join(len(value).to_bytes(8, "little") + value for value in values)


def confirmations(suite, w, identities, shares, element, data):
    """cA and cB; identities are those of host and device, and so are the shares."""
    transcript = fields(*identities, *shares, suite.encode(element), w.to_bytes(32, "big"))
    confirmation_key = hashlib.sha256(transcript).digest()[16:]
    keys = hkdf(confirmation_key, b"ConfirmationKeys" + data, 32)
    return tuple(hmac.digest(key, transcript, "sha256") for key in (keys[:16], keys[16:]))


def hosts(secret, entropy, binding, hello, answer):
    """Both confirmations, as the host computes them out of the hellos as they were sent and received."""
    [choice] = expect(DEVICE_HELLO, answer)
    offered = {share[0]: share[1] for share in expect(CLIENT_HELLO, hello)[0][2]}
    number, theirs = choice[1][0], choice[1][1]
    if choice[0] != VERSION or number not in offered:
        raise Refused("a version or a suite that was not offered")
    suite = groups.SUITES[number]
    w = make_w(suite, secret)
    element = groups.shared(suite, w, make_scalar(suite, entropy), suite.decode(theirs), suite.n)
    return _both(suite, w, binding, (offered[number], theirs), element, hello, answer)


def devices(secret, entropy, binding, hello, answer):
    """The same, as the device computes them."""
    number, own = expect(DEVICE_HELLO, answer)[0][1].values()
    offered = {share[0]: share[1] for share in expect(CLIENT_HELLO, hello)[0][2]}
    suite, theirs = groups.SUITES[number], offered[number]
    w = make_w(suite, secret)
    element = groups.shared(suite, w, make_scalar(suite, entropy), suite.decode(theirs), suite.m)
    return _both(suite, w, binding, (theirs, own), element, hello, answer)


def _both(suite, w, binding, shares, element, hello, answer):
    data = associated_data(binding["exporter"], hello, answer)
    return confirmations(suite, w, (binding["client"], binding["device"]), shares, element, data)
