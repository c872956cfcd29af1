"""Lists of staff and of places become digests; a row that cannot be used refuses the file, unquoted."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from connectors.account import Account
from connectors.alerts import recipient as recipients
from connectors.alerts.orders import Order, erasure, read_places
from connectors.alerts.people import inner_digest, key_text, read_key
from connectors.alerts.recipient import Recipient
from connectors.alerts.staff_list import read_staff, replace_staff
from connectors.errors import AlertError, SourceError
from connectors.received import Received
from isp.agreement.protocol_file import load_protocol
from isp.agreement.topics import Topic
from isp.keys import private_files
from isp.keys.errors import SecretError
from sanitiser.incidents.digests import Digests, staff_key
from sanitiser.references import ReferenceKey
from schemas.catalogue import SCHEMA_FOLDER, load_catalogue
from schemas.wire import decoder, encoder
from tests.connectors.alerts.messages import NOW
from tests.isp.agreement.alerting import with_alerts
from transport.sender import SendError

LASTING = ReferenceKey(bytes(range(32)))
TODAY = date(2026, 11, 29)
INNER = inner_digest(staff_key(LASTING), TODAY)
CATALOGUE = load_catalogue()
PROTOCOL = with_alerts(load_protocol(SCHEMA_FOLDER / "protocols" / "banes.yaml", CATALOGUE))

Write = Callable[..., Path]


def test_a_list_is_the_digests_of_its_people_however_their_names_are_spelt(
    write_csv: Write,
) -> None:
    one = write_csv("name,date_of_birth\nJane Roe,1990-05-17\nO'Neil-Jones Zoë,1985-01-02\n", "a")
    two = write_csv(
        "Date_Of_Birth,Name,post\n1985-01-02,zoe ONEIL JONES,x\n1990-05-17,ROE jane ,y\n", "b"
    )
    assert read_staff(one, INNER) == read_staff(two, INNER)
    assert len(read_staff(one, INNER)) == 2


def test_the_operator_finds_a_person_of_a_list_in_the_incidents(write_csv: Write) -> None:
    (inner,) = read_staff(write_csv("name,date_of_birth\nRoe Jane,1990-05-17\n"), INNER)
    order = erasure("Jane Roe", date(1990, 5, 17), Digests(LASTING), TODAY)
    assert order == Order("erase_person", Digests(LASTING).of_staff(inner))


@pytest.mark.parametrize(
    ("row", "where"),
    [
        ("Jane Roe,17/05/1990", "date_of_birth: not a date; accepted: YYYY-MM-DD"),
        ("Jane Roe,", "date_of_birth: not a date"),
        ("Jane Roe,2030-01-01", "they identify nobody"),
        ("Jane,1990-05-17", "they identify nobody"),
        (",1990-05-17", "they identify nobody"),
        ("Jane Roe,1990-05-17,x", "3 cells; the header has 2"),
    ],
)
def test_a_row_that_cannot_be_used_refuses_the_file_by_line_and_column_without_its_values(
    write_csv: Write, row: str, where: str
) -> None:
    file = write_csv(f"name,date_of_birth\nAnn Other,1980-02-03\n{row}\n")
    with pytest.raises(SourceError) as raised:
        read_staff(file, INNER)
    said = str(raised.value)
    assert f"{file}:3: " in said
    assert where in said
    assert "nothing was written" in said
    assert "Jane" not in said
    assert "1990" not in said
    assert "2030" not in said


def test_every_bad_row_is_named_up_to_twenty_and_the_others_are_counted(write_csv: Write) -> None:
    file = write_csv("name,date_of_birth\n" + "Jane,1990-05-17\n" * 25)
    with pytest.raises(SourceError) as raised:
        read_staff(file, INNER)
    assert str(raised.value).count("identify nobody") == 20
    assert "5 more rows" in str(raised.value)


def test_a_file_without_rows_or_without_a_column_would_remove_everybody_and_is_refused(
    write_csv: Write,
) -> None:
    with pytest.raises(SourceError, match="no rows"):
        read_staff(write_csv("name,date_of_birth\n"), INNER)
    with pytest.raises(SourceError, match="no column date_of_birth"):
        read_staff(write_csv("name,dob\nJane Roe,1990-05-17\n"), INNER)


class Topics:
    """The topic of staff, as the broker has it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *present: str) -> None:
        self.written: list[tuple[str, bool]] = []
        self.refused = False
        found = [Received(name, {"at": NOW}, NOW) for name in present]
        monkeypatch.setattr(recipients, "read_present", lambda *_: found)
        monkeypatch.setattr(recipients, "send", self.send)
        monkeypatch.setattr(Recipient, "encoder", self.encoder)

    def encoder(self, topic: Topic) -> Callable[[Any], bytes]:
        return encoder(topic.schema, 1)

    def send(self, client: Any, topic: str, marking: str, messages: Iterable[Any]) -> None:
        assert topic == "banes.staff.council"
        assert marking
        if self.refused:
            raise SendError(f"{topic}: TOPIC_AUTHORIZATION_FAILED")
        self.written += [(key, value is not None) for key, value in messages]


@pytest.fixture
def recipient() -> Iterator[Recipient]:
    account = Account(PROTOCOL.prefix, "council", {"sasl.username": "banes.council"})
    yield Recipient(account, PROTOCOL, CATALOGUE, "council")


def test_a_new_list_adds_first_then_removes_and_leaves_the_others(
    monkeypatch: pytest.MonkeyPatch, recipient: Recipient
) -> None:
    topics = Topics(monkeypatch, "aa", "bb")
    change = replace_staff(recipient, frozenset({"bb", "cc"}))
    assert change == (2, 1, 1)
    assert topics.written == [("cc", True), ("aa", False)]


def test_a_list_that_is_written_again_changes_nothing(
    monkeypatch: pytest.MonkeyPatch, recipient: Recipient
) -> None:
    topics = Topics(monkeypatch, "aa")
    assert replace_staff(recipient, frozenset({"aa"})) == (1, 0, 0)
    assert topics.written == []


def test_a_refused_list_says_why_and_removes_nobody(
    monkeypatch: pytest.MonkeyPatch, recipient: Recipient
) -> None:
    topics = Topics(monkeypatch, "aa")
    topics.refused = True
    with pytest.raises(AlertError, match="TOPIC_AUTHORIZATION_FAILED"):
        replace_staff(recipient, frozenset({"bb"}))
    assert topics.written == []


def test_a_party_without_alerts_is_told_who_receives_them() -> None:
    with pytest.raises(AlertError, match=r"'police' receives no domestic alerts.*council, fire"):
        Recipient.terms_in(PROTOCOL, "police")


def test_the_key_of_staff_lists_goes_through_a_private_file(tmp_path: Path) -> None:
    file = tmp_path / "staff.key"
    private_files.write_new(file, key_text(staff_key(LASTING)))
    again = inner_digest(read_key(file), TODAY)
    assert again("Jane Roe", date(1990, 5, 17)) == INNER("Jane Roe", date(1990, 5, 17))
    file.chmod(0o604)
    with pytest.raises(SecretError, match="chmod 600"):
        read_key(file)
    private_files.write(file, "no key")
    with pytest.raises(SecretError, match="has no key"):
        read_key(file)
    with pytest.raises(SecretError, match="does not exist"):
        read_key(tmp_path / "none")


def test_a_place_is_an_order_for_its_address_and_one_for_its_uprn(write_csv: Write) -> None:
    file = write_csv(
        "address,postcode,uprn,kind\n12 High Street,BA1 1AA,100120000001,Refuge\n"
        "3 Mill Lane,BA1 1AA,,communal\n"
    )
    found = read_places(file, Digests(LASTING))
    assert [order.kind for order in found] == ["refuge", "refuge", "communal"]
    assert len({order.key for order in found}) == 3
    assert all(len(order.digest) == 12 for order in found)


@pytest.mark.parametrize(
    ("row", "where"),
    [
        (
            "12 High Street,BA1 1AA,,hostel",
            "kind: not a kind; accepted: refuge, communal, ordinary",
        ),
        ("NFA,BA1 1AA,,refuge", "address, postcode: they do not certainly name one home"),
        ("12 High Street,,,refuge", "address, postcode"),
        ("12 High Street,BA1 1AA,x9,refuge", "uprn: not a UPRN"),
    ],
)
def test_a_place_that_is_not_certain_refuses_the_file_without_its_address(
    write_csv: Write, row: str, where: str
) -> None:
    file = write_csv(f"address,postcode,uprn,kind\n{row}\n")
    with pytest.raises(SourceError) as raised:
        read_places(file, Digests(LASTING))
    assert f"{file}:2: {where}" in str(raised.value)
    assert "High Street" not in str(raised.value)


def test_nobody_is_erased_by_a_name_that_identifies_nobody() -> None:
    assert erasure("Jane", date(1990, 5, 17), Digests(LASTING), TODAY) is None
    assert erasure("Jane Roe", date(2030, 5, 17), Digests(LASTING), TODAY) is None


def test_a_later_order_about_an_address_replaces_the_earlier_one_but_not_a_persons() -> None:
    digest = bytes(12)
    assert Order("refuge", digest).key == Order("ordinary", digest).key
    assert Order("refuge", digest).key != Order("erase_person", digest).key


def test_orders_have_the_schema_of_their_topic() -> None:
    schema = CATALOGUE.system["alert-order"]
    value = encoder(schema, 1)({**Order("refuge", bytes(12))._asdict(), "at": NOW})
    assert decoder(schema)(value) == {"kind": "refuge", "digest": bytes(12), "at": NOW}
