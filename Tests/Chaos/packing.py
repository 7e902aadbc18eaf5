"""Records of the journal's format 3, made whole again from what Engine/Store/README.md and the head
of CommandPacking.swift say of them; the exchange's own code has no part in it."""

WORDS = 24
SEQUENCE, ORDER, KEY_LENGTH = 1, 4, 14
KEY = range(15, 20)
NUMBERS = frozenset([*range(2, 14), 23])
NAMES = {33: b"~", 34: b"~s"}
ALL = (1 << 64) - 1


def unpack(packed, first):
    """The 192 bytes of each command of a row that begins with that sequence."""
    records = []
    words = [0] * WORDS
    words[SEQUENCE] = first - 1
    place = 0
    while place < len(packed):
        words[SEQUENCE] += 1
        words[ORDER] = words[ORDER] + 1 & ALL
        place = change(words, packed, place)
        records.append(b"".join(word.to_bytes(8, "little") for word in words))
    if place != len(packed):
        raise ValueError("a packed record ends behind its row")
    return records


def change(words, packed, place):
    """Applies one packed command to the one before; returns where the next begins."""
    mask = int.from_bytes(packed[place:place + 3], "little")
    place += 3
    for index in range(WORDS):
        if index == KEY.start and mask >> SEQUENCE & 1:
            place = take_name(words, packed, place)
        if index == SEQUENCE or not mask >> index & 1:
            continue
        if index in NUMBERS:
            difference, place = number(packed, place)
            words[index] = words[index] + difference & ALL
        else:
            difference, place = text(packed, place)
            words[index] ^= difference
    return place


def number(packed, place):
    length = 9 if packed[place] == 0 else (packed[place] & -packed[place]).bit_length()
    if length == 9:
        value = int.from_bytes(packed[place + 1:place + 9], "little")
    else:
        value = int.from_bytes(packed[place:place + length], "little") >> length
    return (value >> 1) ^ -(value & 1), place + length


def text(packed, place):
    mask, value = packed[place], 0
    place += 1
    for index in range(8):
        if mask >> index & 1:
            value |= packed[place] << 8 * index
            place += 1
    return value, place


def take_name(words, packed, place):
    """Of a request: 32 digits, the first of each two in a byte's lower half."""
    digits = "".join(f"{byte & 15:x}{byte >> 4:x}" for byte in packed[place:place + 16])
    key = (NAMES[words[KEY_LENGTH] & 255] + digits.encode()).ljust(8 * len(KEY), b"\0")
    for count, index in enumerate(KEY):
        words[index] = int.from_bytes(key[8 * count:8 * count + 8], "little")
    return place + 16
