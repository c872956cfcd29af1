"""Route: releases to their profiles' topics, rejections whole to their supplier's."""

from __future__ import annotations

import json
from typing import Any

import pytest

from streams.messages import Intake
from streams.steps.problems import Problem
from streams.steps.route import HOUR_MS, OWN, Destination, Router
from streams.steps.sanitise import Release
from transport.messages import Output

INTAKE = Intake("p.intake.a.d", 3, 42, b"key", b"\0original", "s-1", 1_718_360_000_000)


def encode(record: Any) -> bytes:
    return json.dumps(record, default=lambda raw: raw.decode("latin-1")).encode()


ROUTER = Router(
    {
        (region, p): Destination(f"released{region}.{p}", encode, "RESTRICTED")
        for region in (OWN, ".avon")
        for p in ("central", "second")
    },
    Destination("rejected", encode, "RESTRICTED – PERSONAL DATA"),
)


def test_each_release_goes_to_the_topic_of_its_profile_under_its_record_id() -> None:
    releases = [Release("second", {"record_id": "b"}), Release("central", {"record_id": "a"})]
    outputs = ROUTER.released(releases, 5 * HOUR_MS + 17)
    assert [(o.topic, o.key) for o in outputs] == [
        ("released.second", b"b"),
        ("released.central", b"a"),
    ]


def test_a_release_of_a_neighbour_s_area_goes_to_the_neighbour_s_topic() -> None:
    (output,) = ROUTER.released([Release("central", {"record_id": "a"})], HOUR_MS, ".avon")
    assert output.topic == "released.avon.central"


def test_a_release_bears_the_hour_and_the_marking() -> None:
    for now_ms in (5 * HOUR_MS, 5 * HOUR_MS + 1, 6 * HOUR_MS - 1):
        (output,) = ROUTER.released([Release("central", {"record_id": "a"})], now_ms)
        assert output.timestamp_ms == 5 * HOUR_MS
        assert output.headers == [("marking", b"RESTRICTED")]


def test_what_is_taken_back_is_a_tombstone_under_the_records_name_within_the_hour() -> None:
    (output,) = ROUTER.withdrawn([("second", "a")], 5 * HOUR_MS + 1)
    assert output == Output(
        "released.second", b"a", None, [("marking", b"RESTRICTED")], 5 * HOUR_MS
    )


def test_a_rejection_carries_the_original_and_where_it_stood() -> None:
    faults = [Problem("f", "bad", "given", "accepted"), Problem("g", "missing", None, "a value")]
    output = ROUTER.rejected(INTAKE, faults)
    assert (output.topic, output.key) == ("rejected", b"key")
    assert json.loads(output.value or b"") == {
        "topic": "p.intake.a.d", "partition": 3, "offset": 42, "supply_id": "s-1", "row": None,
        "faults": [
            {"field": "f", "reason": "bad", "given": "given", "accepted": "accepted"},
            {"field": "g", "reason": "missing", "given": None, "accepted": "a value"},
        ],
        "key": "key", "original": "\0original",
    }  # fmt: skip
    assert output.headers == [("marking", "RESTRICTED – PERSONAL DATA".encode())]


@pytest.mark.parametrize(
    ("header", "row"),
    [
        (b"1", 1), (b"17", 17), (b"9999999999", 9_999_999_999), (b"0", None), (b"-1", None),
        (b"017", None), (b"1e3", None), (b"12345678901", None), ("\u0661".encode(), None),
        (b"", None), (None, None), ("17", None),
    ],
)  # fmt: skip
def test_a_rejection_names_the_row_of_the_supplier_s_file(header: Any, row: int | None) -> None:
    """The header is the supplier's own, so it can be anything."""
    output = ROUTER.rejected(INTAKE._replace(row=header), [])
    assert json.loads(output.value or b"")["row"] == row


def test_a_null_record_is_rejected_as_null() -> None:
    output = ROUTER.rejected(INTAKE._replace(key=None, value=None), [])
    rejected = json.loads(output.value or b"")
    assert (output.key, rejected["key"], rejected["original"]) == (None, None, None)
