"""The audit tells who read what and who was denied; of the processor's own reads it tells nothing."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ops.audit.broker_log import Access, access_of, entry_of
from ops.embedded.broker_config import log4j2_properties
from schemas.catalogue import load_catalogue
from schemas.protocol_file import load_protocol
from schemas.topics import topics
from tests.protocols import FIRST

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
        (line(operation="DESCRIBE", request="Metadata"), None),
        (line(operation="WRITE", request="Produce"), None),
        (line(name="barnet.audit"), None),
        (line(kind="Group"), None),
        ("no line of the authorizer", None),
    ],
)  # fmt: skip
def test_a_line_tells_of_a_read_or_a_refusal_or_of_nothing(given: str, told: Access | None) -> None:
    assert access_of(given, "banes") == told


def test_the_broker_logs_what_the_audit_takes_in_and_nothing_else() -> None:
    settings = dict(s.split("=", 1) for s in log4j2_properties(Path("logs")).splitlines())
    wanted = re.compile(settings["appender.authorizer.filter.wanted.regex"])

    def is_logged(text: str) -> bool:
        return wanted.fullmatch(text.split(" ", 2)[2]) is not None

    assert is_logged(line())
    assert is_logged(line(request="ShareFetch"))
    assert is_logged(line(who="ipu-admin"))
    assert is_logged(line(who="banes.worker", outcome="Denied"))
    assert not is_logged(line(who="banes.worker"))
    assert not is_logged(line(who="barnet.recorder"))
    assert not is_logged(line(operation="WRITE", request="Produce"))


def test_reads_are_summed_by_who_and_what() -> None:
    catalogue = load_catalogue()
    protocol = load_protocol(FIRST, catalogue)
    known = {topic.name: topic for topic in topics(protocol, catalogue)}
    again = READ._replace(at=READ.at + 5)
    denied = READ._replace(principal="banes.business", allowed=False)
    entry = entry_of([READ, again, denied], "banes.recorder", known)
    assert entry is not None
    assert entry["at"] == again.at
    told = {(s["what"], s["recipients"][0], s["records"], s["dataset"]) for s in entry["shares"]}
    assert told == {
        ("read", "banes.council", 2, "police-incident"),
        ("denied read", "banes.business", 1, "police-incident"),
    }
    assert entry_of([], "banes.recorder", known) is None
