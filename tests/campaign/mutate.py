"""Mutations of files: bits, numbers, lengths, tokens that parsers treat specially, splices."""

import random
import struct
from collections.abc import Sequence

TOKENS = [
    *(b'"', b"'", b",", b";", b"\n", b"\r\n", b"\t", b"[", b"]", b"{", b"}", b":", b"- ", b"? "),
    *(b"-1", b"0", b"1e999", b"-1e-999", b"NaN", b"Infinity", b"null", b"true", b"0x", b"1_0"),
    *(b"9" * 400, b"9" * 5000, b"[" * 300, b"{a: " * 200, b"- " * 300, b"&a ", b"*a", b"<<: *a"),
    *(b"!!int ", b'!!int ""', b"!!bool x", b"!!binary ", b"!!python/name:os.system ", b"---\n"),
    *(b"..", b"../../x", b"/etc/passwd", b"{case}", b"(a+)+$", b"(", b"*", b"\\", b"\\9", b"%s"),
    *(b"\0", b"\xff", b"\xff\xfe", b"\xef\xbb\xbf", b"\x1b[31m", "\u202e".encode(), b"\x1f\x8b"),
]  # fmt: skip
NUMBERS = [0, 1, 2, 127, 128, 255, 256, 32767, 32768, 65535, 2**31 - 1, 2**31, 2**32 - 1, 2**63]


def mutated(rng: random.Random, seeds: Sequence[bytes]) -> bytes:
    """One of the seeds after one to four mutations."""
    data = bytearray(rng.choice(seeds))
    for _ in range(rng.choice((1, 1, 2, 3, 4))):
        rng.choice(MUTATIONS)(rng, data, seeds)
    return bytes(data)


def _bits(rng: random.Random, data: bytearray, seeds: Sequence[bytes]) -> None:
    for _ in range(rng.choice((1, 1, 3, 10))):
        if data:
            data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)


def _byte(rng: random.Random, data: bytearray, seeds: Sequence[bytes]) -> None:
    if data:
        data[rng.randrange(len(data))] = rng.choice((0, 1, 10, 32, 34, 127, 128, 255))


def _number(rng: random.Random, data: bytearray, seeds: Sequence[bytes]) -> None:
    """A binary number of 2, 4 or 8 bytes; headers keep sizes so, mostly near their beginning."""
    kind = rng.choice(("<H", ">H", "<I", ">I", "<Q", ">Q", "<f", ">d"))
    size = struct.calcsize(kind)
    if len(data) >= size:
        value = rng.choice(NUMBERS) if kind[1] in "HIQ" else rng.choice((0.0, 1e30, float("nan")))
        end = len(data) - size if rng.random() < 0.5 else min(400, len(data) - size)
        place = rng.randint(0, end)
        packed = struct.pack(kind, value % 256**size if kind[1] in "HIQ" else value)
        data[place : place + size] = packed


def _cut(rng: random.Random, data: bytearray, seeds: Sequence[bytes]) -> None:
    del data[rng.randint(0, len(data)) :]


def _remove(rng: random.Random, data: bytearray, seeds: Sequence[bytes]) -> None:
    start = rng.randint(0, len(data))
    del data[start : start + rng.choice((1, 2, 8, 64))]


def _repeat(rng: random.Random, data: bytearray, seeds: Sequence[bytes]) -> None:
    start = rng.randint(0, len(data))
    part = data[start : start + rng.choice((1, 4, 16, 100))]
    data[start:start] = part * rng.choice((1, 2, 50))


def _token(rng: random.Random, data: bytearray, seeds: Sequence[bytes]) -> None:
    start = rng.randint(0, len(data))
    data[start : start + rng.choice((0, 0, 1, 5))] = rng.choice(TOKENS)


def _splice(rng: random.Random, data: bytearray, seeds: Sequence[bytes]) -> None:
    other = rng.choice(seeds)
    data[rng.randint(0, len(data)) :] = other[rng.randint(0, len(other)) :]


MUTATIONS = (_bits, _byte, _number, _number, _cut, _remove, _repeat, _token, _token, _splice)
