"""The forms of a code (docs/pairing.md §2) that are read and written here: pairing material and the typed form."""

import base64

import cbor

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def base32(octets):
    return base64.b32encode(octets).decode().rstrip("=")


def from_base32(text):
    return base64.b32decode(text.upper() + "=" * (-len(text) % 8))


def write_material(material):
    return "SETTLE:" + base32(cbor.encode(material))


def read_material(text):
    text = "".join(text.split()).upper()
    if len(text) > 1024 or not text.startswith("SETTLE:"):
        raise ValueError("no code")
    material = cbor.decode(from_base32(text.removeprefix("SETTLE:")))
    if material[0] != 1:
        raise ValueError("another version")
    return material


def write_typed(secret):
    bits = int.from_bytes(secret, "big") << 2
    data = [bits >> 5 * place & 31 for place in reversed(range(26))]
    rest = _polymod([*_prefix(), *data, 0, 0, 0, 0, 0, 0]) ^ 0x2BC830A3
    check = [rest >> 5 * place & 31 for place in reversed(range(6))]
    symbols = "".join(ALPHABET[value] for value in data + check)
    return "-".join(symbols[at : at + 4] for at in range(0, 32, 4))


def read_typed(text):
    text = "".join(text.split()).replace("-", "").upper()
    text = text.translate(str.maketrans("OIL", "011"))
    values = [ALPHABET.index(symbol) for symbol in text]
    if len(values) != 32 or _polymod([*_prefix(), *values]) != 0x2BC830A3:
        raise ValueError("mistyped")
    bits = 0
    for value in values[:26]:
        bits = bits << 5 | value
    if bits & 3:
        raise ValueError("the last bits are not zero")
    return (bits >> 2).to_bytes(16, "big")


def _prefix():
    return [ord(c) >> 5 for c in "settle"] + [0] + [ord(c) & 31 for c in "settle"]


def _polymod(values):
    # BIP 173.
    check = 1
    for value in values:
        top = check >> 25
        check = (check & 0x1FFFFFF) << 5 ^ value
        for bit, term in enumerate((0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)):
            check ^= term if top >> bit & 1 else 0
    return check
