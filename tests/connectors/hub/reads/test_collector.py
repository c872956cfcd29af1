"""The collector of reads goes on where it ended, and a part of the log that is lost is a gap in the audit."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, cast

import pytest

from connectors.hub.reads.collector import ReadCollector
from isp.agreement.protocol import Protocol
from isp.audit.chain import ChainHead
from isp.audit.errors import AuditError
from isp.audit.recorder import Recorder


class Written:
    """A recorder that keeps its entries, or fails."""

    def __init__(self, protocol: Protocol) -> None:
        self.protocol = protocol
        self.entries: list[dict[str, Any]] = []
        self.position = ""
        self.is_down = False

    def last(self) -> tuple[ChainHead, str]:
        return ChainHead("chain"), self.position

    def write(self, entry: dict[str, Any], position: str = "") -> None:
        if self.is_down:
            raise AuditError("down")
        self.entries.append(entry)
        self.position = position


class Log:
    """The log of a server, one file after the other."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.number = self.lines = 0

    def read(self, table: str = "central.police_incident") -> None:
        """A login reads a table."""
        self.lines += 1
        message = (
            f"AUDIT: SESSION,{self.lines},1,READ,SELECT,TABLE,{table},<not logged>,<not logged>"
        )
        self.write(
            json.dumps({
                "timestamp": "2026-11-30 09:32:06.224 UTC", "user": "banes.council.desk-1",
                "dbname": "hub", "session_id": "a", "line_num": self.lines, "message": message,
            })
        )  # fmt: skip

    def write(self, line: str) -> None:
        with (self.folder / f"{self.number:04}.json").open("a") as file:
            file.write(f"{line}\n")

    def roll(self) -> None:
        self.number += 1


@pytest.fixture
def written(protocol: Protocol) -> Written:
    return Written(protocol)


@pytest.fixture
def log(tmp_path: Path) -> Log:
    return Log(tmp_path)


@pytest.fixture
def collector(written: Written, log: Log) -> ReadCollector:
    return ReadCollector(log.folder, "hub", cast("Recorder", written), {})


def test_a_second_collection_writes_nothing(
    collector: ReadCollector, written: Written, log: Log
) -> None:
    log.read()
    assert collector.collect() == (1, 0)
    assert collector.collect() == (0, 0)
    assert len(written.entries) == 1


def test_what_could_not_be_written_is_collected_again(
    collector: ReadCollector, written: Written, log: Log
) -> None:
    log.read()
    written.is_down = True
    with pytest.raises(AuditError):
        collector.collect()
    written.is_down = False
    assert collector.collect() == (1, 0)
    assert [share["records"] for share in written.entries[0]["shares"]] == [1]


def test_the_position_goes_on_to_a_file_without_reads(
    collector: ReadCollector, written: Written, log: Log
) -> None:
    log.read()
    collector.collect()
    log.roll()
    log.write(json.dumps({"message": "checkpoint starting: time"}))
    assert collector.collect() == (0, 0)
    (log.folder / "0000.json").unlink()
    log.read()
    assert collector.collect() == (1, 0)
    assert {entry["outcome"] for entry in written.entries} == {"done"}


def test_a_file_that_was_deleted_unread_is_a_gap(
    collector: ReadCollector, written: Written, log: Log
) -> None:
    log.read()
    collector.collect()
    log.read()
    log.roll()
    log.read()
    (log.folder / "0000.json").unlink()
    assert collector.collect() == (1, 1)
    assert written.entries[-1]["outcome"] == "gap"
    assert len(written.entries[-1]["shares"]) == 1


def test_a_line_that_cannot_be_read_is_a_gap(
    collector: ReadCollector, written: Written, log: Log
) -> None:
    log.write("{torn")
    assert collector.collect() == (0, 1)
    assert written.entries[-1]["outcome"] == "gap"
    assert written.entries[-1]["shares"] == []
