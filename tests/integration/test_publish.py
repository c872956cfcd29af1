"""The promises of the publisher, checked on the real broker and registry."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook

from connectors.account import Account
from connectors.errors import (
    AccessDeniedError,
    LoginRefusedError,
    RecordTooLargeError,
    SourceError,
    SupersededError,
    UnavailableError,
)
from connectors.mappings.mapping_file import find_mapping, identity_mapping
from connectors.publishing.pace import Pace
from connectors.publishing.publish import Job, Published, publish
from connectors.publishing.supply import REPOSITIONED
from connectors.receipts import await_outcome
from connectors.registry import known_schemas
from connectors.topic_reader import end_offsets, read_until
from connectors.writer import TransactionalWriter
from isp.agreement.protocol_file import load_protocol
from schemas.catalogue import load_catalogue
from schemas.derive import intake_schema
from schemas.known_schemas import NotApplied
from tests.integration.partnership import Partnership, bring_into_step
from tests.integration.waiting import PATIENCE_S
from tests.protocols import FIRST
from transport.messages import Output
from transport.publisher import Publisher

PREFIX = "supplytrial"
COMMAND = "import typer; from ops.commands.publish import publish; typer.run(publish)"
HEADER = "incident_reference,incident_type,incident_date,location_postcode,Shoe size"


@pytest.fixture(scope="module")
def protocol_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The protocol that ships, for a partnership of these tests' own."""
    text = FIRST.read_text(encoding="utf-8")
    path = tmp_path_factory.mktemp("protocol") / "trial.yaml"
    path.write_text(text.replace("short_name: banes", f"short_name: {PREFIX}"), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def partnership(protocol_file: Path, stack: Any) -> Partnership:
    """That protocol, applied."""
    catalogue = load_catalogue()
    protocol = load_protocol(protocol_file, catalogue)
    return bring_into_step(protocol, catalogue, stack)


@pytest.fixture
def account(partnership: Partnership) -> Account:
    """The police as itself."""
    return account_of(partnership, "police")


@pytest.fixture
def job(tmp_path: Path, account: Account, partnership: Partnership) -> Callable[..., Job]:
    """Makes jobs on files of so many incidents; `name` makes their content differ."""

    def make(rows: int, name: str = "a") -> Job:
        file = write_incidents(tmp_path / f"{name}.csv", rows, name)
        mapping = identity_mapping(partnership.catalogue.record_type("police-incident"))
        return Job(file, mapping, account, partnership.catalogue, "OpenCase, desk@police.example")

    return make


def account_of(partnership: Partnership, party: str, **more: str) -> Account:
    connection = {**partnership.client(party), **more}
    return Account(PREFIX, party, connection, patience_s=10)


def write_incidents(path: Path, rows: int, name: str) -> Path:
    lines = (f"{name}-{n},Noise,2026-01-{1 + n % 28:02d},BA1 1AA,{n}" for n in range(rows))
    path.write_text("\n".join([HEADER, *lines]) + "\n", encoding="utf-8")
    return path


def committed(partnership: Partnership, topic: str) -> list[tuple[bytes, dict[str, Any]]]:
    """Key and value of every record that a reader of what is committed gets."""
    account = account_of(partnership, "police")
    # A transaction of a publisher that was killed stays open until the next one has started.
    reader = replace(account, connection=partnership.admin, patience_s=PATIENCE_S)
    known = known_schemas(account, partnership.catalogue)
    kind = "supply" if ".supplies." in topic else None
    schema = (
        partnership.catalogue.system["supply"]
        if kind
        else intake_schema(partnership.catalogue.record_type(topic.rpartition(".")[2]))
    )
    found = []
    for value in read_until(reader, topic, end_offsets(reader, topic)):
        record = known.decode(value, schema)
        found.append((str(record.get("incident_reference", "")).encode(), record))
    return found


def references(partnership: Partnership, name: str) -> Counter[str]:
    """Return how often each incident of the file called `name` was committed."""
    topic = f"{PREFIX}.intake.police.police-incident"
    keys = (key.decode() for key, _ in committed(partnership, topic))
    return Counter(key for key in keys if key.startswith(f"{name}-"))


def supplies(partnership: Partnership, published: Published) -> list[dict[str, Any]]:
    found = committed(partnership, f"{PREFIX}.supplies.police.police-incident")
    return [s for _, s in found if s["supply_id"] == published.supply_id]


def test_a_file_of_a_header_alone_is_no_supply(
    partnership: Partnership, job: Callable[..., Job]
) -> None:
    topic = f"{PREFIX}.supplies.police.police-incident"
    before = len(committed(partnership, topic))
    with pytest.raises(SourceError, match="has a header and no rows"):
        publish(job(0, "empty"))
    assert len(committed(partnership, topic)) == before


def test_what_a_workbook_hides_is_not_published_and_the_supply_says_so_without_names(
    partnership: Partnership, job: Callable[..., Job], tmp_path: Path
) -> None:
    book: Any = Workbook()
    del book["Sheet"]
    for sheet, lines in {"Jo Raw": ["h-9"], "Sep": ["h-1", "h-2", "h-1"], "Oct": ["h-3"]}.items():
        book.create_sheet(sheet).append(HEADER.split(","))
        for name in lines:
            book[sheet].append([name, "Noise", "2026-01-01", "BA1 1AA", "1"])
    book["Jo Raw"].sheet_state = "veryHidden"
    book["Sep"].row_dimensions[3].hidden = True
    book.save(tmp_path / "hides.xlsx")
    given = replace(job(1, "unused"), file=tmp_path / "hides.xlsx")
    published = publish(given, Pace(rows=2, seconds=60))
    assert references(partnership, "h") == {"h-1": 2, "h-3": 1}
    assert published.out_of_scope == {"hidden in the workbook": 1}
    assert (published.rows_read, published.records, published.unreadable) == (4, 3, 0)
    assert dict(published.contents.not_read).keys() == {"Jo Raw"}
    caveats = supplies(partnership, published)[-1]["caveats"]
    caveats.remove(REPOSITIONED)
    assert [caveat.rpartition(": ")[2] for caveat in caveats] == ["1 of 3", "1", "1 (rows 3)"]
    assert not any("Jo" in caveat for caveat in caveats)
    again = publish(given)
    assert (again.already_supplied, again.sent, again.unreadable) == (True, 0, 0)
    assert again.contents == published.contents


def test_every_row_is_published_once_with_its_supply(
    partnership: Partnership, job: Callable[..., Job]
) -> None:
    published = publish(job(1_200, "whole"), Pace(rows=500, seconds=60))
    assert (published.rows_read, published.records, published.sent) == (1_200, 1_200, 1_200)
    assert references(partnership, "whole") == Counter(f"whole-{n}" for n in range(1_200))
    history = supplies(partnership, published)
    assert [(s["rows_read"], s["complete"]) for s in history] == [
        (500, False),
        (1_000, False),
        (1_200, True),
    ]
    last = history[-1]
    assert last["contact"] == "OpenCase, desk@police.example"
    assert (last["period_from"], last["period_to"]) == ("2026-01-01", "2026-01-28")
    assert last["undeclared_columns"] == ["Shoe size"]
    assert last["duties"].startswith("Use only as the Information Sharing Protocol allows")


def test_the_same_file_twice_sends_nothing(
    partnership: Partnership, job: Callable[..., Job]
) -> None:
    first = publish(job(300, "twice"))
    second = publish(job(300, "twice"))
    assert (second.already_supplied, second.sent, second.records) == (True, 0, 300)
    assert second.supply_id == first.supply_id
    assert set(references(partnership, "twice").values()) == {1}


def test_a_publisher_killed_over_and_over_supplies_every_row_once(
    partnership: Partnership, protocol_file: Path, tmp_path: Path
) -> None:
    file = write_incidents(tmp_path / "killed.csv", 8_000, "killed")
    kills = 0
    for wanted in (1_000, 3_000, 5_000):
        running = start_command(partnership, protocol_file, file, "--no-wait", "--rate", "2000")
        try:
            kills += wait_for_rows(partnership, wanted, running)
        finally:
            running.kill()
            running.wait()
    assert kills == 3
    last = start_command(partnership, protocol_file, file)
    out, _ = last.communicate(timeout=PATIENCE_S)
    supply = json.loads(out)["supply"]
    assert last.returncode == 0
    assert supply["resumed_after"] > 0
    assert 0 < supply["sent"] < 8_000
    assert references(partnership, "killed") == Counter(f"killed-{n}" for n in range(8_000))


def start_command(
    partnership: Partnership, protocol_file: Path, file: Path, *more: str
) -> subprocess.Popen[str]:
    where = ["--protocol", str(protocol_file), "--run-dir", str(partnership.stack.run_dir)]
    what = ["--agency", "police", "--dataset", "police-incident", "--json"]
    # What `more` repeats holds, since the last of an option counts.
    arguments = [*what, *where, *(more or ("--no-wait",)), str(file)]
    return subprocess.Popen(
        [sys.executable, "-c", COMMAND, *arguments], stdout=subprocess.PIPE, text=True
    )


def wait_for_rows(partnership: Partnership, wanted: int, running: subprocess.Popen[str]) -> bool:
    """Wait until so many records of the file went in; false if the command ended before."""
    topic = f"{PREFIX}.intake.police.police-incident"
    reader = replace(account_of(partnership, "police"), connection=partnership.admin)
    before = sum(references(partnership, "killed").values())
    base = sum(end_offsets(reader, topic).values())
    while running.poll() is None:
        if before + sum(end_offsets(reader, topic).values()) - base >= wanted:
            return True
        time.sleep(0.05)
    return False


def test_a_publisher_cut_off_within_a_transaction_leaves_nothing_of_it(
    partnership: Partnership, account: Account, job: Callable[..., Job]
) -> None:
    work = job(900, "cut")
    stopping = Stop(after=2)
    with pytest.raises(StoppedError):
        publish(work, Pace(rows=200, seconds=60), stopping)
    cut = Publisher(account.connection, work.transactional_id, account.patience_s)
    cut._until_done(cut._producer.begin_transaction)
    for number in range(50):
        cut._produce(Output(f"{PREFIX}.intake.police.police-incident", None, b"%d" % number))
    cut._producer.flush(PATIENCE_S)
    published = publish(work, Pace(rows=200, seconds=60))
    assert (published.resumed_after, published.sent) == (400, 500)
    assert references(partnership, "cut") == Counter(f"cut-{n}" for n in range(900))


class StoppedError(Exception):
    """The test's own end of a publisher."""


class Stop:
    """A progress report that ends the publisher after so many chunks."""

    def __init__(self, after: int) -> None:
        self.left = after

    def __call__(self, _: object) -> None:
        self.left -= 1
        if not self.left:
            raise StoppedError


def test_a_wrong_password_is_named_with_its_principal(
    partnership: Partnership, job: Callable[..., Job]
) -> None:
    wrong = account_of(partnership, "police", **{"sasl.password": "x" * 43})
    with pytest.raises(LoginRefusedError, match=f"{PREFIX}.police: the broker refused the passw"):
        publish(replace(job(3), account=wrong))


def test_a_dataset_that_an_agency_does_not_supply_is_refused_by_the_broker(
    partnership: Partnership, job: Callable[..., Job]
) -> None:
    fire = account_of(partnership, "fire")
    with pytest.raises(AccessDeniedError, match=f"{PREFIX}.fire: .*intake.fire.police-incident"):
        publish(replace(job(3), account=fire))


def test_writing_to_another_agencys_intake_is_refused_by_the_broker(
    partnership: Partnership,
) -> None:
    fire = account_of(partnership, "fire")
    topic = f"{PREFIX}.intake.police.police-incident"
    writer = TransactionalWriter(fire, f"{PREFIX}.fire.publish.fire-incident", topic)
    with pytest.raises(AccessDeniedError, match=f"{PREFIX}.fire: .*TOPIC_AUTHORIZATION_FAILED"):
        writer.write([Output(topic, None, b"x")])


def test_another_agencys_transactional_id_is_refused_by_the_broker(
    partnership: Partnership,
) -> None:
    fire = account_of(partnership, "fire")
    with pytest.raises(AccessDeniedError, match="TRANSACTIONAL_ID_AUTHORIZATION_FAILED"):
        TransactionalWriter(fire, f"{PREFIX}.police.publish.police-incident", "the intake topic")


def test_a_broker_that_is_away_is_reported(
    partnership: Partnership, job: Callable[..., Job]
) -> None:
    away = account_of(partnership, "police", **{"bootstrap.servers": "127.0.0.1:1"})
    with pytest.raises(UnavailableError, match=r"127\.0\.0\.1:1 did not answer within 2 s"):
        publish(replace(job(3), account=replace(away, patience_s=2)))


def test_a_schema_that_is_not_registered_is_reported(
    partnership: Partnership, account: Account
) -> None:
    known = known_schemas(account, partnership.catalogue)
    other = {"type": "record", "name": "Other", "fields": [{"name": "x", "type": "string"}]}
    with pytest.raises(NotApplied, match="run `ipu isp apply`"):
        known.encoder(f"{PREFIX}.intake.police.police-incident", other)


def test_a_second_publisher_takes_the_place_of_the_first(account: Account) -> None:
    name = f"{PREFIX}.police.publish.police-incident"
    topic = f"{PREFIX}.intake.police.police-incident"
    first = TransactionalWriter(account, name, topic)
    TransactionalWriter(account, name, topic)
    with pytest.raises(SupersededError, match="another `ipu publish` has started"):
        first.write([Output(topic, None, b"never")])


def test_a_record_too_large_is_reported_as_such(account: Account) -> None:
    topic = f"{PREFIX}.intake.police.police-incident"
    writer = TransactionalWriter(account, f"{PREFIX}.police.publish.police-incident", topic)
    with pytest.raises(RecordTooLargeError, match="larger than the broker accepts"):
        writer.write([Output(topic, None, os.urandom(3_000_000))])


def test_receipts_of_a_supply_add_up_to_its_outcome(
    partnership: Partnership, account: Account
) -> None:
    topic = f"{PREFIX}.receipts.police"
    start = end_offsets(account, topic)
    worker = account_of(partnership, "worker")
    known = known_schemas(account, partnership.catalogue)
    encode = known.encoder(topic, partnership.catalogue.system["receipt"])
    made = [receipt("s1", 3, rejected=1), receipt("other", 9, rejected=9), receipt("s1", 2)]
    writer = TransactionalWriter(worker, f"{PREFIX}.worker.pipeline.7", topic)
    writer.write([Output(topic, None, b"not framed")])
    for each in made:
        writer.write([Output(topic, None, encode(each))])
    seen: list[int] = []
    outcome = await_outcome(
        account, partnership.catalogue, "s1", 5,
        start=start, timeout_s=PATIENCE_S, progress=lambda at: seen.append(at.settled),
    )  # fmt: skip
    assert outcome.is_whole
    assert seen == [3, 5]
    assert (outcome.accepted, outcome.rejected, outcome.released["central"]) == (4, 1, 4)
    assert outcome.faults == {"incident_date:missing": 1}


def receipt(supply_id: str, received: int, rejected: int = 0) -> dict[str, Any]:
    accepted = received - rejected
    return {
        "supply_id": supply_id,
        "agency": "police",
        "dataset": "police-incident",
        "received": received,
        "accepted": accepted,
        "cleaned": 0,
        "held": 0,
        "rejected": rejected,
        "released": {"central": accepted},
        "caveats": {},
        "faults": {"incident_date:missing": rejected} if rejected else {},
        "geocoded": {},
        "withheld": {},
        "reject_alarm": False,
    }


def test_receipts_that_do_not_come_are_waited_for_no_longer_than_told(
    partnership: Partnership, account: Account
) -> None:
    outcome = await_outcome(account, partnership.catalogue, "none", 5, start={}, timeout_s=0.5)
    assert (outcome.is_whole, outcome.settled) == (False, 0)


def test_a_real_month_is_supplied_as_incidents(
    partnership: Partnership, account: Account, shared_data: Path
) -> None:
    file = shared_data / "crime" / "avon_and_somerset_2018-10_to_2019-02.csv.xz"
    mapping = find_mapping("data-police-uk-incident", partnership.catalogue)
    published = publish(Job(file, mapping, account, partnership.catalogue))
    assert (published.rows_read, published.records) == (69_096, 13_359)
    assert len(references(partnership, published.supply_id[:12])) == 13_359


def test_the_command_fails_where_rows_could_not_be_read_and_says_which(
    partnership: Partnership, protocol_file: Path, tmp_path: Path
) -> None:
    file = write_incidents(tmp_path / "torn.csv", 3, "torn")
    file.write_text(file.read_text() + "torn-3,Noise\n")
    running = start_command(partnership, protocol_file, file)
    supply = json.loads(running.communicate(timeout=PATIENCE_S)[0])["supply"]
    assert running.returncode == 1
    assert (supply["rows_read"], supply["records"], supply["unreadable"]) == (4, 3, 1)
    assert "line 5: 2 cells; the header has 5" in supply["caveats"][-1]
    again = start_command(partnership, protocol_file, file, "--no-wait", "--allow-unreadable")
    repeated = json.loads(again.communicate(timeout=PATIENCE_S)[0])["supply"]
    assert (again.returncode, repeated["unreadable"], repeated["sent"]) == (0, 1, 0)
    assert repeated["caveats"] == supply["caveats"]


def test_the_command_fails_where_no_receipt_comes(
    partnership: Partnership, protocol_file: Path, tmp_path: Path
) -> None:
    file = write_incidents(tmp_path / "waiting.csv", 3, "waiting")
    running = start_command(partnership, protocol_file, file, "--wait", "--timeout", "1")
    document = json.loads(running.communicate(timeout=PATIENCE_S)[0])
    assert running.returncode == 1
    assert document["supply"]["sent"] == 3
    assert (document["outcome"]["whole"], document["outcome"]["received"]) == (False, 0)


def test_the_command_refuses_what_the_protocol_has_no_supply_of(
    partnership: Partnership, protocol_file: Path, tmp_path: Path
) -> None:
    file = write_incidents(tmp_path / "fire.csv", 3, "fire")
    running = start_command(partnership, protocol_file, file, "--agency", "fire", "--no-wait")
    running.communicate(timeout=PATIENCE_S)
    assert running.returncode == 2
    assert not references(partnership, "fire")


def test_the_summary_says_what_was_supplied_and_left_behind(
    partnership: Partnership, protocol_file: Path, tmp_path: Path
) -> None:
    file = write_incidents(tmp_path / "shown.csv", 5, "shown")
    where = ["--protocol", str(protocol_file), "--run-dir", str(partnership.stack.run_dir)]
    what = ["--agency", "police", "--dataset", "police-incident", "--no-wait", str(file)]
    shown = subprocess.run(
        [sys.executable, "-c", COMMAND, *what, *where],
        capture_output=True, text=True, check=True, timeout=PATIENCE_S,
    )  # fmt: skip
    assert "records supplied" in shown.stdout
    assert "columns not supplied: Shoe size" in shown.stdout
