"""CBOR (RFC 8949), as much of it as docs/pairing.md uses: numbers from 0, byte strings, texts, arrays, maps.

Numbers and lengths have their shortest form, both ways; nothing may stand behind an item.
"""


def encode(item):
    """The one encoding of an item; a dict keeps its order."""
    if isinstance(item, int):
        return _head(0, item)
    if isinstance(item, bytes):
        return _head(2, len(item)) + item
    if isinstance(item, str):
        text = item.encode()
        return _head(3, len(text)) + text
    if isinstance(item, (list, tuple)):
        return _head(4, len(item)) + b"".join(map(encode, item))
    if isinstance(item, dict):
        pairs = (encode(key) + encode(value) for key, value in item.items())
        return _head(5, len(item)) + b"".join(pairs)
    raise TypeError(type(item))


def decode(octets):
    """The one item that these octets are; ValueError for anything else."""
    item, rest = _item(octets)
    if rest:
        raise ValueError("something stands behind the item")
    return item


def _head(major, number):
    if number < 24:
        return bytes([major << 5 | number])
    for form, size in enumerate((1, 2, 4, 8), start=24):
        if number < 1 << 8 * size:
            return bytes([major << 5 | form]) + number.to_bytes(size, "big")
    raise ValueError("the number is too large")


def _item(octets):
    major, number, rest = _parse_head(octets)
    if major == 0:
        return number, rest
    if major in (2, 3):
        value, rest = _take(rest, number)
        return (value if major == 2 else value.decode()), rest
    if major == 4:
        return _items(rest, number)
    if major == 5:
        flat, rest = _items(rest, 2 * number)
        pairs = list(zip(flat[::2], flat[1::2]))
        if len({key for key, _ in pairs}) != len(pairs):
            raise ValueError("a key stands twice")
        return dict(pairs), rest
    raise ValueError(f"major type {major}")


def _items(octets, count):
    if count > len(octets):
        raise ValueError("cut off")
    items = []
    for _ in range(count):
        item, octets = _item(octets)
        items.append(item)
    return items, octets


def _parse_head(octets):
    first, rest = _take(octets, 1)
    major, form = first[0] >> 5, first[0] & 31
    if form < 24:
        return major, form, rest
    if form > 27:
        raise ValueError(f"form {form}")
    octets, rest = _take(rest, 1 << form - 24)
    number = int.from_bytes(octets, "big")
    if _head(major, number)[1:] != octets:
        raise ValueError("not the shortest form")
    return major, number, rest


def _take(octets, length):
    if length > len(octets):
        raise ValueError("cut off")
    return octets[:length], octets[length:]
