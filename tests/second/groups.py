"""The two groups of docs/pairing.md §5.2, from their equations, and SPAKE2's points in them (RFC 9382 §4).

Nothing here takes constant time: it is what others are tested against, and keeps no secret.
"""


class P256:
    """Suite 1. A point is a pair, the identity None."""

    number = 1
    field = 2**256 - 2**224 + 2**192 + 2**96 - 1
    order = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
    cofactor = 1
    identity = None
    _b = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B

    def __init__(self):
        self.base = self._lift("036b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296")
        self.m = self._lift("02886e2f97ace46e55ba9dd7242579f2993b64e16ef3dcab95afd497333d8fa12f")
        self.n = self._lift("03d8bbd6c639c62937b04d997f38c3770719c629d7014d49a24b4f98baa1292b49")

    def add(self, one, other):
        if one is None or other is None:
            return one or other
        (x, y), (u, v) = one, other
        if x == u and (y + v) % self.field == 0:
            return None
        over, under = (3 * x * x - 3, 2 * y) if one == other else (v - y, u - x)
        slope = over * pow(under, -1, self.field) % self.field
        across = (slope * slope - x - u) % self.field
        return across, (slope * (x - across) - y) % self.field

    def negative(self, point):
        return point and (point[0], -point[1] % self.field)

    def encode(self, point):
        return b"\4" + point[0].to_bytes(32, "big") + point[1].to_bytes(32, "big")

    def decode(self, octets):
        if len(octets) != 65 or octets[0] != 4:
            raise ValueError("not an uncompressed point")
        x, y = int.from_bytes(octets[1:33], "big"), int.from_bytes(octets[33:], "big")
        if max(x, y) >= self.field or (y * y - self._right(x)) % self.field:
            raise ValueError("not on the curve")
        return x, y

    def _right(self, x):
        return (x * x * x - 3 * x + self._b) % self.field

    def _lift(self, text):
        octets = bytes.fromhex(text)
        x = int.from_bytes(octets[1:], "big")
        y = pow(self._right(x), (self.field + 1) // 4, self.field)
        return x, (y if y % 2 == octets[0] % 2 else self.field - y)


class Edwards25519:
    """Suite 2. A point is a pair, the identity (0, 1)."""

    number = 2
    field = 2**255 - 19
    order = 2**252 + 27742317777372353535851937790883648493
    cofactor = 8
    identity = (0, 1)
    _d = -121665 * pow(121666, -1, field) % field

    def __init__(self):
        self.base = self._lift("5866666666666666666666666666666666666666666666666666666666666666")
        self.m = self._lift("d048032c6ea0b6d697ddc2e86bda85a33adac920f1bf18e1b0c6d166a5cecdaf")
        self.n = self._lift("d3bfb518f44f3430f29d0c92af503865a1ed3281dc69b35dd868ba85f886c4ab")

    def add(self, one, other):
        (x, y), (u, v) = one, other
        bend = self._d * x * u * y * v
        over_x, over_y = x * v + u * y, y * v + x * u
        return (
            over_x * pow(1 + bend, -1, self.field) % self.field,
            over_y * pow(1 - bend, -1, self.field) % self.field,
        )

    def negative(self, point):
        return -point[0] % self.field, point[1]

    def encode(self, point):
        return (point[1] | (point[0] & 1) << 255).to_bytes(32, "little")

    def decode(self, octets):
        point = self._lift(octets.hex())
        if multiple(self, self.cofactor, point) == self.identity:
            raise ValueError("of small order")
        return point

    def _lift(self, text):
        octets = bytes.fromhex(text)
        if len(octets) != 32:
            raise ValueError("not 32 bytes")
        number = int.from_bytes(octets, "little")
        sign, y = number >> 255, number & (1 << 255) - 1
        if y >= self.field:
            raise ValueError("not the one form of its number")
        square = (y * y - 1) * pow(self._d * y * y + 1, -1, self.field) % self.field
        x = pow(square, (self.field + 3) // 8, self.field)
        if (x * x - square) % self.field:
            x = x * pow(2, (self.field - 1) // 4, self.field) % self.field
        if (x * x - square) % self.field or (x == 0 and sign):
            raise ValueError("not on the curve")
        return (x if x & 1 == sign else self.field - x), y


SUITES = {suite.number: suite for suite in (P256(), Edwards25519())}


def multiple(group, scalar, point):
    """The point, so many times."""
    total = group.identity
    while scalar:
        if scalar & 1:
            total = group.add(total, point)
        point, scalar = group.add(point, point), scalar >> 1
    return total


def share(group, w, own, blind):
    """What one side sends: `blind` is M for the host, N for the device."""
    return group.add(multiple(group, own, group.base), multiple(group, w, blind))


def shared(group, w, own, theirs, blind):
    """The shared element K; `blind` is that of the other side."""
    bare = group.add(theirs, group.negative(multiple(group, w, blind)))
    element = multiple(group, group.cofactor * own, bare)
    if element == group.identity:
        raise ValueError("the shared element is the identity")
    return element
