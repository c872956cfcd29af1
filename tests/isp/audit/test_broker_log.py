"""The audit has the reads and refusals of each principal, but not the processor's own reads."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from isp.agreement.protocol import PROCESSES
from isp.agreement.protocol_file import load_protocol
from isp.agreement.topics import Names, topics
from isp.audit.broker_log import UNKNOWN, Access, Loudest, access_of, entry_of, loudest
from ops.embedded.broker_config import log4j2_properties
from schemas.catalogue import load_catalogue
from tests.isp.agreement.alerting import with_alerts
from tests.protocols import FIRST

CATALOGUE = load_catalogue()
PROTOCOL = load_protocol(FIRST, CATALOGUE)
KNOWN = {topic.name: topic for topic in topics(PROTOCOL, CATALOGUE)}
NAMES = Names("banes")
ALERTS, CONFLICT = "banes.alerts.domestic.council", "banes.alerts.conflict.council"
RELEASED = "banes.depersonalised.central.police-incident"
LINE = (
    "1790000000123 {level} Principal = User:{who} is {outcome} operation = {operation} from host = "
    "127.0.0.1 on resource = {kind}:LITERAL:{name} for request = {request} with resourceRefCount = 3 "
    "based on rule MatchingAcl(acl=StandardAcl(principal=User:banes.worker, operation=READ))"
)


def line(**fields: str) -> str:
    usual = {
        "level": "DEBUG", "who": "banes.council", "outcome": "Allowed", "operation": "READ",
        "kind": "Topic", "name": RELEASED, "request": "Fetch",
    }  # fmt: skip
    return LINE.format(**(usual | fields))


READ = Access(1_790_000_000_123, "banes.council", RELEASED, True, "read")


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (line(), READ),
        (line(request="ShareFetch"), READ),
        (line(who="ipu-admin"), READ._replace(principal="ipu-admin")),
        (line(outcome="Denied"), READ._replace(allowed=False)),
        (
            line(outcome="Denied", operation="DESCRIBE", request="Metadata"),
            READ._replace(allowed=False, operation="describe"),
        ),
        (line(who="banes.worker", outcome="Denied"),
         READ._replace(principal="banes.worker", allowed=False)),
        (line(who="banes.worker"), None),
        (line(who="banes.recorder"), None),
        (line(who="banes.discloser"), None),
        (line(who="banes.alerter", name=ALERTS), None),
        (line(name=ALERTS), READ._replace(topic=ALERTS)),
        (line(who="banes.conflict.council", name=CONFLICT),
         READ._replace(principal="banes.conflict.council", topic=CONFLICT)),
        (line(who="banes.auditor"), READ._replace(principal="banes.auditor")),
        (line(operation="DESCRIBE", request="Metadata"), None),
        (line(operation="WRITE", request="Produce"), None),
        (line(name="barnet.audit"), None),
        (line(kind="Group"), None),
        ("no line of the authorizer", None),
    ],
)  # fmt: skip
def test_a_line_tells_of_a_read_or_a_refusal_or_of_nothing(given: str, told: Access | None) -> None:
    assert access_of(given, "banes") == told


def is_logged(text: str, file: str) -> bool:
    settings = dict(s.split("=", 1) for s in log4j2_properties(Path("logs")).splitlines())
    wanted = re.compile(settings[f"appender.{file}.filter.wanted.regex"])
    return wanted.fullmatch(text.split(" ", 2)[2]) is not None


@pytest.mark.parametrize(
    ("given", "file"),
    [
        (line(), "authorizer"),
        (line(request="ShareFetch"), "authorizer"),
        (line(who="ipu-admin"), "authorizer"),
        (line(who="banes.auditor"), "authorizer"),
        (line(who="banes.conflict.council", name=CONFLICT), "authorizer"),
        (line(outcome="Denied"), "refusals"),
        (line(who="banes.worker", outcome="Denied"), "refusals"),
        (line(outcome="Denied", operation="DESCRIBE", request="Metadata", name="b" * 249),
         "refusals"),
        (line(outcome="Denied", kind="Group", name="any/name"), "refusals"),
        (line(outcome="Denied", kind="Group", name="a\x1cb"), None),
        (line(operation="WRITE", request="Produce"), None),
        (line(outcome="Denied", name="banes." + "x" * 244), None),
        (line(outcome="Denied", name="banes.[/x]"), None),
        (line(outcome="Denied", name="banes.\x1b[2J"), None),
        *((line(who=f"{prefix}.{process}"), None)
          for prefix in ("banes", "barnet") for process in PROCESSES),
    ],
)  # fmt: skip
def test_the_broker_logs_what_the_audit_takes_in_and_nothing_else(
    given: str, file: str | None
) -> None:
    """Reads by people and refusals are logged, each in its own file. The processor's own reads are not."""
    assert [name for name in ("authorizer", "refusals") if is_logged(given, name)] == (
        [file] if file else []
    )


def test_no_decision_that_is_logged_loses_what_the_audit_reads_of_it() -> None:
    longest = line(
        who=f"{'p' * 31}.conflict.{'p' * 31}", outcome="Denied", operation="DESCRIBE_CONFIGS",
        request="DescribeConfigs", name="banes." + "x" * 243,
    ).replace("127.0.0.1", "2001:0db8:85a3:0000:0000:8a2e:0370:7334%ens-long-name")  # fmt: skip
    stamp, level, message = longest.split(" ", 2)
    assert is_logged(longest, "refusals")
    assert access_of(f"{stamp} {level} {message[:700]}", "banes") is not None


def test_reads_are_summed_by_who_and_what() -> None:
    again = READ._replace(at=READ.at + 5)
    denied = READ._replace(principal="banes.business", allowed=False)
    entry = entry_of([READ, again, denied], "banes.recorder", KNOWN, NAMES)
    assert entry is not None
    assert entry["at"] == again.at
    assert told(entry) == {
        ("read", RELEASED, "banes.council", 2),
        ("denied read", RELEASED, "banes.business", 1),
    }
    assert {s["dataset"] for s in entry["shares"]} == {"police-incident"}
    assert entry_of([], "banes.recorder", KNOWN, NAMES) is None


def test_each_reader_of_alerts_is_named_and_each_that_was_refused() -> None:
    known = {t.name: t for t in topics(with_alerts(PROTOCOL), CATALOGUE)}
    reads = [
        READ._replace(topic=ALERTS),
        READ._replace(topic=CONFLICT, allowed=False),
        READ._replace(topic=CONFLICT, principal="banes.conflict.council"),
    ]
    entry = entry_of(reads, "banes.recorder", known, NAMES)
    assert entry is not None
    assert told(entry) == {
        ("read", ALERTS, "banes.council", 1),
        ("denied read", CONFLICT, "banes.council", 1),
        ("read", CONFLICT, "banes.conflict.council", 1),
    }
    assert {s["agency"] for s in entry["shares"]} == {None}, "alerts are no supplier's records"


def test_refusals_of_what_the_protocol_does_not_have_are_summed_under_one_name() -> None:
    made_up = [READ._replace(topic=f"banes.{n}", allowed=False) for n in range(2_000)]
    of_cases = [READ._replace(topic=f"banes.disclosed.{n:016x}", allowed=False) for n in range(9)]
    read = READ._replace(topic="banes.disclosed.3f0a51c2d4e69b78")
    entry = entry_of([*made_up, *of_cases, read], "banes.recorder", KNOWN, NAMES)
    assert entry is not None
    assert told(entry) == {
        ("denied read", UNKNOWN, "banes.council", 2_000),
        ("denied read", "banes.disclosed", "banes.council", 9),
        ("read", "banes.disclosed.3f0a51c2d4e69b78", "banes.council", 1),
    }


def test_whoever_fills_a_log_is_named_whatever_the_lines_say() -> None:
    lines = [line(), line(who="banes.business", name="barnet.x"), line(who="banes.business")]
    assert loudest([*lines, "no line of the authorizer"]) == Loudest("banes.business", 2)
    assert loudest(["no line of the authorizer"]) is None


def told(entry: dict[str, Any]) -> set[tuple[str, str, str, int]]:
    return {(s["what"], s["topic"], s["recipients"][0], s["records"]) for s in entry["shares"]}
