"""No name and no number of refused requests stops the audit of reads, or takes a read out of it."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from kafka.admin import KafkaAdminClient

from isp.audit.broker_log import UNKNOWN
from isp.audit.chain import ENTRY_BYTES
from ops.embedded.broker_config import REQUEST_BYTES
from ops.embedded.stack import Stack
from tests.integration.conftest import MakeSite
from tests.integration.site import Site
from tests.integration.test_supplies import run
from tests.integration.waiting import PATIENCE_S, until
from transport.reader import read_all

pytestmark = pytest.mark.broker

RELEASED = "flooded.depersonalised.central.police-incident"
ASKED_BYTES = REQUEST_BYTES * 3 // 4
"""Of the names in a request: it has room for what stands around them."""
LONGEST = 249
"""Characters of the longest name that a topic can have."""


@pytest.fixture(scope="module")
def site(stack: Stack, site_of: MakeSite) -> Site:
    return site_of(stack, "flooded")


def ask_for(client: Mapping[str, Any], names: Sequence[str]) -> None:
    """Ask for the metadata of topics by their names, whatever the names are, in few requests."""
    step = ASKED_BYTES // max(len(name) for name in names)
    logging.getLogger("kafka").setLevel(logging.CRITICAL)
    sender = KafkaAdminClient(
        bootstrap_servers=client["bootstrap.servers"],
        security_protocol=client["security.protocol"],
        sasl_mechanism=client["sasl.mechanism"],
        sasl_plain_username=client["sasl.username"],
        sasl_plain_password=client["sasl.password"],
    )
    try:
        for begin in range(0, len(names), step):
            sender.describe_topics(list(names[begin : begin + step]))
    finally:
        sender.close()


def made_up(begin: int, number: int) -> list[str]:
    """Names that topics could have, and none has."""
    return [f"flooded.{n:06}".ljust(LONGEST, "x") for n in range(begin, begin + number)]


def shares(site: Site, *inquiry: str) -> list[dict[str, Any]]:
    answer = run(site, "audit", "show", "--json", *inquiry)
    assert answer.code == 0, answer.said
    return [share for entry in answer.document["entries"] for share in entry["shares"]]


def requests(site: Site, party: str, what: str, topic: str) -> int:
    """Collect the broker's log, and return the number of requests of a party in the audit."""
    assert run(site, "audit", "collect").code == 0
    told = shares(site, "--recipient", party)
    return sum(s["records"] for s in told if (s["what"], s["topic"]) == (what, topic))


def logs(site: Site, name: str) -> list[Path]:
    return list((site.partnership.stack.run_dir / "logs").glob(f"{name}*"))


def test_names_that_no_topic_can_have_are_not_logged_and_the_collector_goes_on(site: Site) -> None:
    names = [f"flooded.{n}".ljust(29_000, "@") for n in range(60)]
    ask_for(site.partnership.client("business"), names)
    list(read_all(site.partnership.client("council"), RELEASED, 4))
    until(lambda: requests(site, "council", "read", RELEASED) > 0, PATIENCE_S, "the council's read")
    assert not [log for log in logs(site, "") if b"@" * 1_000 in log.read_bytes()]
    assert run(site, "audit", "verify").code == 0


def test_refusals_of_names_that_nobody_has_are_one_number_however_many(site: Site) -> None:
    ask_for(site.partnership.client("business"), made_up(0, 2_000))

    def refused() -> int:
        return requests(site, "business", "denied describe", UNKNOWN)

    until(lambda: refused() == 2_000, PATIENCE_S, "all refusals")
    entries = site.read_all("auditor", "flooded.audit")
    assert max(len(message.value() or b"") for message in entries) < ENTRY_BYTES
    assert len(shares(site, "--recipient", "business")) < 10


def test_a_flood_of_refusals_takes_no_read_out_of_the_log(site: Site) -> None:
    before = requests(site, "council", "read", RELEASED)
    list(read_all(site.partnership.client("council"), RELEASED, 4))
    ask_for(site.partnership.client("business"), made_up(10_000, 24_000))

    def refused() -> int:
        return requests(site, "business", "denied describe", UNKNOWN)

    until(lambda: refused() == 26_000, PATIENCE_S, "all refusals")
    assert len(logs(site, "refusals.log")) > 1, "the log was rolled"
    assert requests(site, "council", "read", RELEASED) > before
    assert run(site, "audit", "verify").code == 0


def test_a_gap_names_who_was_loudest_and_is_an_alarm(site: Site, tmp_path: Path) -> None:
    line = (
        "17900000{:05} INFO Principal = User:flooded.{} is Denied operation = DESCRIBE from host = "
        "127.0.0.1 on resource = Topic:LITERAL:{} for request = Metadata with resourceRefCount = 1 "
        "based on rule DefaultDeny\n"
    )
    log, reads = tmp_path / "refusals.log", str(tmp_path / "authorizer.log")
    log.write_text(line.format(1, "fire", RELEASED))
    run(site, "audit", "collect", "--file", reads)
    log.write_text("".join(line.format(n, "business", f"barnet.{n}") for n in range(2, 99)))
    answer = run(site, "audit", "collect", "--file", reads)
    assert answer.code == 3
    assert "deleted before it was read" in answer.said
    told = run(site, "audit", "show", "--json", "--recipient", "business").document["entries"]
    (gap,) = [entry for entry in told if entry["outcome"] == "gap"]
    (loudest,) = [share for share in gap["shares"] if share["what"] == "loudest"]
    assert (loudest["recipients"], loudest["records"]) == (["flooded.business"], 97)
    assert run(site, "audit", "verify").code == 0
