"""`ipu aggregate`: tables whole through the real broker, to whom the protocol names alone."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

from connectors.account import Account
from connectors.errors import AccessDeniedError
from connectors.publishing.aggregate import newest_table
from ops.embedded.stack import Stack
from tests.integration.conftest import MakeSite
from tests.integration.site import Site
from tests.integration.test_supplies import Answer, run

pytestmark = pytest.mark.broker

PARTIES = ("police", "fire", "council", "business")
PUBLIC, RESTRICTED = "place-survey", "iquanta"


@pytest.fixture(scope="module")
def site(stack: Stack, site_of: MakeSite) -> Site:
    """A protocol by which the council keeps a public table, the police one for the fire service."""

    def edit(document: Any) -> None:
        about = {"purpose": "Strategic assessment", "legal_basis": "published"}
        document["aggregates"] = [
            {"agency": "council", "source": PUBLIC, **about},
            {"agency": "police", "source": RESTRICTED, "recipients": ["fire"], **about},
        ]

    return site_of(stack, "tables", edit)


def publish(site: Site, agency: str, source: str, file: Path, *more: str) -> Answer:
    what = ["--agency", agency, "--source", source, "--json", *more]
    return run(site, "aggregate", "publish", str(file), *what)


def account(site: Site, party: str) -> Account:
    connection = site.partnership.client(party)
    return Account(site.partnership.protocol.prefix, party, connection)


def newest(site: Site, party: str, source: str) -> dict[str, Any] | None:
    return newest_table(account(site, party), source, site.partnership.catalogue)


def messages(site: Site, source: str) -> int:
    return len(site.read_all(None, site.partnership.names.aggregate(source)))


@pytest.fixture(scope="module")
def survey(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A public table that the council has published with its metadata."""
    path = tmp_path_factory.mktemp("tables") / "survey.csv"
    path.write_text("Ward,Feels safe\nAbbey,81\nBathwick,78\n", encoding="utf-8")
    stated = path.with_name("survey.yaml")
    stated.write_text(
        "supplier: Research desk\ncontact: research@council.example\n"
        "period: {from: 2025-04-01, until: 2026-03-31}\n"
        "explanations: {Feels safe: Per cent of those asked}\n",
        encoding="utf-8",
    )
    assert publish(site, "council", PUBLIC, path, "--metadata", str(stated)).document["sent"]
    return path


def test_a_public_table_is_readable_by_every_party_with_its_metadata(
    site: Site, survey: Path
) -> None:
    for party in PARTIES:
        table = newest(site, party, PUBLIC)
        assert table is not None
        assert table["table"] == survey.read_bytes()
    assert table is not None
    assert (table["records"], table["fields"]) == (2, ["Ward", "Feels safe"])
    assert (table["period_from"], table["period_to"]) == ("2025-04-01", "2026-03-31")
    assert table["contact"] == "Research desk, research@council.example"
    assert table["agency"] == "Bath and North East Somerset Council"
    assert table["explanations"] == {"Feels safe": "Per cent of those asked"}
    assert table["marking"] == "PUBLIC"


def test_a_table_published_twice_is_sent_once(site: Site, survey: Path) -> None:
    before = messages(site, PUBLIC)
    again = publish(site, "council", PUBLIC, survey)
    same = publish(site, "council", PUBLIC, survey, "--metadata", str(survey.with_suffix(".yaml")))
    assert (again.document["sent"], same.document["sent"]) == (False, False)
    assert messages(site, PUBLIC) == before
    newer = survey.with_name("newer.yaml")
    newer.write_text("caveats: [Few answers in Abbey]\n", encoding="utf-8")
    assert publish(site, "council", PUBLIC, survey, "--metadata", str(newer)).document["sent"]
    assert messages(site, PUBLIC) == before + 1


def test_a_restricted_table_goes_to_those_named_and_is_marked(site: Site, survey: Path) -> None:
    assert publish(site, "police", RESTRICTED, survey).document["sent"]
    for party in ("police", "fire"):
        assert newest(site, party, RESTRICTED) is not None
    for party in ("council", "business"):
        with pytest.raises(AccessDeniedError, match="TOPIC_AUTHORIZATION_FAILED"):
            newest(site, party, RESTRICTED)
    (message,) = site.read_all("fire", site.partnership.names.aggregate(RESTRICTED))
    assert message.headers() == [("marking", b"RESTRICTED")]
    refused = run(site, "aggregate", "show", RESTRICTED, "--as", "business")
    assert (refused.code, "TOPIC_AUTHORIZATION_FAILED" in refused.said) == (1, True)


def test_a_list_says_what_a_party_may_read(site: Site, survey: Path) -> None:
    listed = run(site, "aggregate", "list", "--as", "business", "--json").document["sources"]
    assert [(row["source"], row["readable"]) for row in listed] == [
        (PUBLIC, True),
        (RESTRICTED, False),
    ]
    shown = run(site, "aggregate", "list", "--as", "business").said
    assert "refused" in shown


def test_a_table_of_several_mebibytes_goes_whole(site: Site, tmp_path: Path) -> None:
    large = tmp_path / "large.csv"
    # Digits that do not compress to a message of ordinary size.
    rows = (random.Random(n).randbytes(60).hex() for n in range(60_000))
    large.write_text("digits\n" + "\n".join(rows) + "\n", encoding="utf-8")
    assert large.stat().st_size > 7_000_000
    assert publish(site, "council", PUBLIC, large).document["table"]["records"] == 60_000
    out = tmp_path / "out.csv"
    shown = run(site, "aggregate", "show", PUBLIC, "--as", "fire", "--out", str(out), "--json")
    assert shown.document["bytes"] == large.stat().st_size
    assert out.read_bytes() == large.read_bytes()
    assert out.stat().st_mode & 0o777 == 0o600
    again = run(site, "aggregate", "show", PUBLIC, "--out", str(out))
    assert (again.code, "name a new file" in again.said) == (2, True)


def test_what_the_protocol_has_no_source_of_is_refused(site: Site, survey: Path) -> None:
    unknown = publish(site, "council", "census", survey)
    assert (unknown.code, "accepted: place-survey, iquanta" in unknown.said) == (2, True)
    other = publish(site, "fire", RESTRICTED, survey)
    assert (other.code, "'police' supplies" in other.said) == (2, True)
