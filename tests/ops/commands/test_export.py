"""`ipu export` refuses what it cannot do before it asks for a copy, and audits before a file is there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from pyrage import x25519
from typer.testing import CliRunner

from connectors.hub.copies import readable
from connectors.hub.duckdb_copy import DuckDbCopier
from connectors.hub.duckdb_store import DuckDbStore
from connectors.hub.exports.formats import Format
from connectors.hub.exports.selection import Selection
from connectors.hub.tables import tables_of
from isp.agreement.protocol import Protocol
from isp.agreement.topics import topics
from isp.audit.errors import AuditError
from ops.cli import build_cli
from ops.commands import export as command
from schemas.catalogue import Catalogue
from tests.connectors.hub.conftest import NOW_MS, PLACE, Bench

KEY = x25519.Identity.generate()


def answer(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(build_cli(), ["export", *arguments])
    return result.exit_code, " ".join(result.output.split())


def options(out: Path, format_: str = "geopackage") -> list[str]:
    return ["police-incident", "--as", "council", "--format", format_, "--out", str(out)]


@pytest.mark.parametrize(
    ("format_", "ending"),
    [("geopackage", ".gpkg"), ("geoparquet", ".parquet"), ("csv", ".zip"), ("xlsx", ".xlsx")],
)
def test_a_name_that_does_not_say_the_format_is_refused(
    tmp_path: Path, format_: str, ending: str
) -> None:
    code, said = answer(*options(tmp_path / "out.csv", format_))
    assert code == 2
    assert f"a name that ends with {ending}" in said


def test_a_folder_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    code, said = answer(*options(tmp_path / "absent" / "out.gpkg"))
    assert code == 2
    assert "a folder that exists" in said


def test_a_faulty_key_is_refused_before_anything_is_read(tmp_path: Path) -> None:
    code, said = answer(*options(tmp_path / "out.gpkg"), "--to-key", "age1x")
    assert code == 1
    assert "--to-key: is no public key of age" in said


def test_the_file_of_keys_is_not_overwritten_by_the_encrypted_file(tmp_path: Path) -> None:
    keys = tmp_path / "out.gpkg.age"
    keys.write_text(f"{KEY.to_public()}\n")
    code, said = answer(*options(tmp_path / "out.gpkg"), "--to-key", str(keys))
    assert code == 2
    assert "--to-key" in said


def test_the_file_of_keys_is_not_overwritten(tmp_path: Path) -> None:
    keys = tmp_path / "keys.gpkg"
    keys.write_text(f"{KEY.to_public()}\n")
    code, said = answer(*options(keys), "--to-key", str(keys))
    assert code == 2
    assert "--to-key" in said
    assert keys.read_text() == f"{KEY.to_public()}\n"


class Recorded(NamedTuple):
    """A recorder that keeps entries, or refuses them."""

    entries: list[dict[str, Any]]
    is_refusing: bool = False

    def write(self, entry: dict[str, Any]) -> None:
        if self.is_refusing:
            raise AuditError("no answer; nothing was done")
        self.entries.append(entry)


class Stack(NamedTuple):
    """A stack without a broker."""

    run_dir: Path


MakeJob = Callable[..., command._Job]


@pytest.fixture
def bench(protocol: Protocol, catalogue: Catalogue, tmp_path: Path) -> Iterator[Bench]:
    """A hub without records."""
    file = tmp_path / "hub.duckdb"
    with DuckDbStore(file) as store:
        made = Bench(file, tables_of(topics(protocol, catalogue)), store)
        store.prepare(made.source, made.tables, NOW_MS)
        yield made


@pytest.fixture
def job_of(
    bench: Bench,
    protocol: Protocol,
    catalogue: Catalogue,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> MakeJob:
    """Make a job on a written copy, with a recorder."""
    table = bench.table("central", "police-incident")
    assert table in readable(protocol, frozenset(), "council", bench.tables)
    bench.write(table, {"record_id": "a", "incident_type": "Theft", **PLACE})
    stack = Stack(tmp_path / "run")
    copies = stack.run_dir / "hub" / "copies"
    copies.mkdir(parents=True)
    DuckDbCopier(bench.store.beside()).copy(copies / "council.duckdb", [table], NOW_MS)

    def made(recorder: Recorded, where: str | None = None) -> command._Job:
        monkeypatch.setattr(command, "fresh_copy", lambda *_: copies / "council.duckdb")
        monkeypatch.setattr(command, "recorder_of", lambda *_: recorder)
        selection = Selection(table, where)
        any_stack: Any = stack
        return command._Job(any_stack, protocol, catalogue, "council", selection, Format.GEOPACKAGE)

    return made


def test_an_export_is_audited_with_its_digest_and_no_condition(
    job_of: MakeJob, tmp_path: Path
) -> None:
    recorder = Recorded([])
    done = job_of(recorder, "incident_type = 'Theft'").write(tmp_path / "out.gpkg", (), 1)
    (entry,) = recorder.entries
    assert (entry["action"], entry["actor"]) == ("export", "banes.council")
    assert entry["subject"] == done.digest
    assert entry["counts"] == {"records": 1, "filtered": 1}
    (share,) = entry["shares"]
    assert (share["agency"], share["recipients"], share["records"]) == (
        "police",
        ["banes.council"],
        1,
    )
    assert "Theft" not in str(entry)


def test_without_the_audit_there_is_no_export_and_no_draft(job_of: MakeJob, tmp_path: Path) -> None:
    folder = tmp_path / "handed-over"
    folder.mkdir()
    with pytest.raises(AuditError):
        job_of(Recorded([], is_refusing=True)).write(folder / "out.gpkg", (), 1)
    assert list(folder.iterdir()) == []
    assert list((tmp_path / "run" / "hub" / "exports").iterdir()) == []


def test_an_encrypted_export_leaves_no_clear_file(job_of: MakeJob, tmp_path: Path) -> None:
    recorder = Recorded([])
    out = tmp_path / "out.gpkg.age"
    done = job_of(recorder).write(out, (KEY.to_public(),), 1)
    assert done.is_encrypted
    assert recorder.entries[0]["counts"] == {"records": 1, "encrypted": 1}
    assert list((tmp_path / "run" / "hub" / "exports").iterdir()) == []
    assert not list(tmp_path.rglob("*.gpkg"))


def test_two_exports_of_the_same_rows_have_different_digests(
    job_of: MakeJob, tmp_path: Path
) -> None:
    digests = {job_of(Recorded([])).write(tmp_path / f"{name}.gpkg", (), 1).digest for name in "ab"}
    assert len(digests) == 2
