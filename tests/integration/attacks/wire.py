"""Kafka's protocol byte by byte, for what no client library would send."""

from __future__ import annotations

import base64
import hashlib
import hmac
import socket
import struct
import time
from contextlib import suppress

from kafka.record.util import calc_crc32c

from tests.integration.waiting import PATIENCE_S

PRODUCE, FIND_COORDINATOR, DESCRIBE_GROUPS, SASL_HANDSHAKE, SASL_AUTHENTICATE = 0, 10, 15, 17, 36
END_TXN, DESCRIBE_TRANSACTIONS = 26, 65
GZIP, SNAPPY, LZ4, ZSTD = 1, 2, 3, 4
NONCE = "attack"


def connect(address: str, source: str = "127.0.0.1") -> socket.socket:
    """Return a connection to `host:port` from an address of this machine."""
    host, _, port = address.partition(":")
    return socket.create_connection((host, int(port)), PATIENCE_S, (source, 0))


def announce(connection: socket.socket, length: int) -> None:
    """Send the length of a request, and of the request itself eight bytes."""
    connection.sendall(struct.pack(">i", length) + bytes(8))


def announce_if_open(connection: socket.socket, length: int) -> None:
    """Send as `announce`, to a broker that may have closed the connection."""
    with suppress(ConnectionError):
        announce(connection, length)


def is_open(connection: socket.socket, seconds: float = 0.0) -> bool:
    """Return False if the other side closes the connection within `seconds`."""
    connection.settimeout(max(seconds, 0.001))
    try:
        return bool(connection.recv(1))
    except TimeoutError:
        return True
    except OSError:
        return False


def login(address: str, user: str, password: str) -> socket.socket:
    """Return a connection that is logged in by SCRAM-SHA-512."""
    connection = connect(address)
    ask(connection, SASL_HANDSHAKE, 1, _text(b"SCRAM-SHA-512"))
    first = f"n={user},r={NONCE}"
    challenge = _authenticate(connection, f"n,,{first}")
    parts = dict(part.split("=", 1) for part in challenge.split(","))
    salt, rounds = base64.b64decode(parts["s"]), int(parts["i"])
    salted = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, rounds)
    key = hmac.digest(salted, b"Client Key", "sha512")
    last = f"c=biws,r={parts['r']}"
    signed = f"{first},{challenge},{last}".encode()
    signature = hmac.digest(hashlib.sha512(key).digest(), signed, "sha512")
    proof = bytes(a ^ b for a, b in zip(key, signature, strict=True))
    _authenticate(connection, f"{last},p={base64.b64encode(proof).decode()}")
    return connection


def ask(connection: socket.socket, api: int, version: int, body: bytes) -> bytes:
    """Send one request and return the body of its answer; `ConnectionError` if there is none."""
    send(connection, api, version, body)
    return answer(connection)


def send(connection: socket.socket, api: int, version: int, body: bytes) -> None:
    """Send one request."""
    request = struct.pack(">hhih", api, version, 1, -1) + body
    connection.sendall(struct.pack(">i", len(request)) + request)


def answer(connection: socket.socket) -> bytes:
    """Return the body of the next answer; `ConnectionError` if the connection is closed first."""
    (length,) = struct.unpack(">i", _receive(connection, 4))
    return _receive(connection, length)[4:]


def produce(topic: str, records: bytes) -> bytes:
    """Return the body of a produce request (version 7) of one batch for partition 0."""
    head = struct.pack(">hhi", -1, -1, int(PATIENCE_S * 1000))
    return head + struct.pack(">i", 1) + _text(topic.encode()) + struct.pack(
        ">iii", 1, 0, len(records)
    ) + records  # fmt: skip


def find_coordinators(count: int) -> bytes:
    """Return the body of a request (version 4) for the coordinators of groups without a name.

    Each takes one byte in it, some sixty bytes in the broker, and 14 bytes in the answer.
    """
    head = b"\x00" + b"\x00"
    return head + _unsigned(count + 1) + b"\x01" * count + b"\x00"


def describe_groups(count: int) -> bytes:
    """Return the body of a request (version 5) to describe groups without a name."""
    return b"\x00" + _unsigned(count + 1) + b"\x01" * count + b"\x00\x00"


def describe_transaction(transactional_id: str) -> bytes:
    """Return the body of a request (version 0) to describe a transactional id."""
    name = transactional_id.encode()
    return b"\x00" + _unsigned(2) + _unsigned(len(name) + 1) + name + b"\x00"


def producer_of(described: bytes) -> tuple[int, int]:
    """Return the producer and its epoch from the answer to `describe_transaction`."""
    # A byte of tags, the throttle time, the number of states, and the error of the first.
    (code,) = struct.unpack_from(">h", described, 6)
    if code:
        message = f"the transactional id was not described ({code})"
        raise ConnectionError(message)
    at = 8
    for _ in ("transactional id", "state"):
        at += described[at]
    at += 4 + 8
    number, epoch = struct.unpack_from(">qh", described, at + 0)
    return number, epoch


def end_transaction(transactional_id: str, producer: int, epoch: int) -> bytes:
    """Return the body of a request (version 1) to commit what a producer has open."""
    return _text(transactional_id.encode()) + struct.pack(">qh?", producer, epoch, True)


def outcome(produced: bytes) -> int:
    """Return the error code of the one partition in a produce request's answer; 0 is none."""
    (length,) = struct.unpack_from(">h", produced, 4)
    (code,) = struct.unpack_from(">h", produced, 4 + 2 + length + 4 + 4)
    return int(code)


def batch(codec: int, content: bytes, count: int) -> bytes:
    """Return a record batch that says it holds `count` records, its content compressed already."""
    now = int(time.time() * 1000)
    body = struct.pack(">hiqqqhii", codec, count - 1, now, now, -1, -1, -1, count) + content
    crc = calc_crc32c(body)
    return struct.pack(">qiibI", 0, len(body) + 9, -1, 2, crc) + body


def record(number: int, size: int) -> bytes:
    """Return a record whose value is so many zeros; `number` is its place in the batch."""
    body = b"\x00\x00" + varint(number) + varint(-1) + varint(size) + bytes(size) + varint(0)
    return varint(len(body)) + body


def varint(number: int) -> bytes:
    """Return a number as Kafka's records have it."""
    return _unsigned((number << 1) ^ (number >> 63))


def _unsigned(number: int) -> bytes:
    left, coded = number, bytearray()
    while left > 0x7F:
        coded.append((left & 0x7F) | 0x80)
        left >>= 7
    coded.append(left)
    return bytes(coded)


def _authenticate(connection: socket.socket, message: str) -> str:
    sent = message.encode()
    got = ask(connection, SASL_AUTHENTICATE, 0, struct.pack(">i", len(sent)) + sent)
    code, length = struct.unpack_from(">hh", got)
    if code:
        message = f"the login was refused with {code}"
        raise ConnectionError(message)
    at = 4 + max(length, 0)
    (size,) = struct.unpack_from(">i", got, at)
    return got[at + 4 : at + 4 + size].decode()


def _text(text: bytes) -> bytes:
    return struct.pack(">h", len(text)) + text


def _receive(connection: socket.socket, length: int) -> bytes:
    received = b""
    while len(received) < length:
        part = connection.recv(length - len(received))
        if not part:
            message = "the broker closed the connection"
            raise ConnectionError(message)
        received += part
    return received
