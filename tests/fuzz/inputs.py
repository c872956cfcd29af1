"""Records as nobody should send them: values of any kind in any field, and bytes that are none."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, time
from random import Random
from typing import Any

from schemas.codes import CodeList
from schemas.record_type import RecordType

TEXTS = (
    "", " ", "\x00", "\ufffd", "null", "None", "N/A", "unknown", "-", "0", "-1", "1e309", "NaN", "9" * 400,
    "2024-02-30", "2024-13-01", "0000-00-00", "9999-12-31", "2024-06-01", "01/06/2024", "20240601",
    "24:00", "00:00", "23:59:60", "12:30", "noon", "true", "Yes", "maybe", "SW1A 1AA", "sw1a1aa",
    "SW1A 1A", "ZZ99 9ZZ", "BA1 1AA BA1 2ZZ", "5 Acacia Avenue, SW1A 1AA", "Flat 3, Rose Cottage",
    "Manor Farm", "Robert'); DROP TABLE crimes;--", "<script>alert(1)</script>", "${jndi:ldap://x}",
    "=cmd|' /C calc'!A0", "\u202egnirts", "\ud7ff", "🚓" * 50, "é" * 1000, "a" * 20_001, "\t\r\n",
    "The Crown Inn", "W1", "M", "28A", "8/06", "high", "domestic incident", "375000.0", "165000",
    "51.38", "-2.36", "١٢٣", "1_000", "+44 7700 900123", "QQ 12 34 56 C", "943 476 5919",
)  # fmt: skip
NUMBERS = (
    0.0,
    -0.0,
    -1.0,
    1e308,
    float("inf"),
    float("-inf"),
    float("nan"),
    654_321.0,
    375_000.0,
    51.4,
)
COUNTS = (0, 1, -1, 17, 120, 121, 2_147_483_647, -2_147_483_648)
DATES = (
    date(1, 1, 1), date(1899, 12, 31), date(1991, 5, 17), date(2024, 2, 29), date(2024, 6, 1),
    date(2024, 3, 31), date(2024, 10, 27), date(2024, 6, 14), date(2024, 6, 16), date(9999, 12, 31),
)  # fmt: skip
TIMES = (time(0, 0), time(1, 30), time(12, 0), time(23, 59, 59, 999_000))
_TYPED: dict[str, tuple[Any, ...]] = {
    "flag": (True, False), "count": COUNTS, "number": NUMBERS, "date": DATES, "time": TIMES,
}  # fmt: skip


def records(
    record_type: RecordType, code_lists: dict[str, CodeList], rng: Random
) -> Iterator[dict[str, Any]]:
    """Endless records, some with all that is required, most with nonsense somewhere."""
    makers = [
        (field.name, _maker(record_type, field.name, code_lists)) for field in record_type.fields
    ]
    required = {*record_type.required, *record_type.identity}
    while True:
        share, sound = rng.random(), rng.random() < 0.5
        yield {
            name: make(rng, sound or None)
            for name, make in makers
            if rng.random() < share or (sound and name in required)
        }


def _maker(
    record_type: RecordType, name: str, code_lists: dict[str, CodeList]
) -> Callable[[Random, bool | None], Any]:
    field = record_type.field(name)
    typed = _TYPED.get(field.kind, ())
    listed = next((t.code_list for t in field.treatments.values() if t.code_list), None)
    listed = listed or field.codes
    codes = list(code_lists[listed].spellings) if listed else []
    required = name in {*record_type.required, *record_type.identity}

    def make(rng: Random, sound: bool | None) -> Any:
        if sound and required:
            return date(2024, 6, 1) if field.kind == "date" else ("string", f"R{rng.random()}")
        if codes and rng.random() < 0.4:
            return ("string", rng.choice(codes))
        if typed and rng.random() < 0.6:
            return rng.choice(typed)
        return ("string", rng.choice(TEXTS))

    return make


def damaged(value: bytes, rng: Random) -> bytes | None:
    """The bytes with something done to them that a network, a disk or an attacker might do."""
    match rng.randrange(6):
        case 0:
            return None
        case 1:
            return value[: rng.randrange(len(value) + 1)]
        case 2:
            return value + bytes(rng.randrange(256) for _ in range(rng.randrange(1, 9)))
        case 3:
            return bytes(rng.randrange(256) for _ in range(rng.randrange(64)))
        case 4:
            at = rng.randrange(len(value))
            return value[:at] + bytes([value[at] ^ (1 << rng.randrange(8))]) + value[at + 1 :]
    at = rng.randrange(5, len(value)) if len(value) > 5 else 0
    return value[:at] + b"\xff" * 10 + value[at:]
