"""`ipu isp follow` changes two lines of the operator's file, or nothing of it."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from typer.testing import CliRunner

from isp.agreement.protocol import ProtocolError
from isp.agreement.protocol_file import load_protocol
from isp.broker.in_force import InForce
from isp.signing.successor import succession_lines
from ops.commands import isp_follow
from ops.commands.common import DEFAULT_PROTOCOL
from ops.commands.isp import isp
from schemas.catalogue import load_catalogue
from schemas.yaml_file import MOST_BYTES

PROTOCOL = load_protocol(DEFAULT_PROTOCOL, load_catalogue())
IN_FORCE = InForce("a" * 64, PROTOCOL.model_dump(mode="json"), datetime(2026, 3, 1, tzinfo=UTC), {})
TEXT = DEFAULT_PROTOCOL.read_bytes()


@pytest.fixture(autouse=True)
def broker(monkeypatch: pytest.MonkeyPatch) -> None:
    """Return a broker with a protocol in force."""
    secrets = SimpleNamespace(client_config=lambda *_: {})
    stack = SimpleNamespace(secrets=secrets, inside="")
    monkeypatch.setattr(isp_follow, "running_stack", lambda _: stack)
    monkeypatch.setattr(isp_follow, "read_in_force", lambda *_: IN_FORCE)


def follow(file: Path) -> Any:
    return CliRunner().invoke(isp, ["follow", str(file), "--json"])


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
@pytest.mark.parametrize("last", [b"", b"# no end of line here"])
def test_every_other_byte_of_the_file_stays(
    tmp_path: Path, mark: bytes, end: bytes, last: bytes
) -> None:
    file, before = tmp_path / "p.yaml", mark + TEXT.replace(b"\n", end) + last
    file.write_bytes(before)
    outcome = follow(file)
    assert outcome.exit_code == 0, outcome.output
    lines = [line.encode() + end for line in succession_lines(PROTOCOL.number, IN_FORCE.digest)]
    written = file.read_bytes()
    assert b"".join(lines) in written
    old = [line for line in before.splitlines(keepends=True) if line.startswith(b"number:")]
    expected = before.replace(old[0], b"") if old else before
    assert written.replace(b"".join(lines), b"") == expected
    assert follow(file).exit_code == 0
    assert file.read_bytes() == written


def test_the_file_is_exchanged_whole_and_keeps_its_mode(tmp_path: Path) -> None:
    file, seen, link = tmp_path / "p.yaml", tmp_path / "seen.yaml", tmp_path / "link.yaml"
    file.write_bytes(TEXT)
    file.chmod(0o640)
    os.link(file, seen)
    link.symlink_to(file)
    assert follow(link).exit_code == 0
    # Whoever had it open still has the old one whole.
    assert seen.read_bytes() == TEXT
    assert file.read_bytes() != TEXT
    assert link.is_symlink()
    assert file.stat().st_mode & 0o777 == 0o640
    assert sorted(p.name for p in tmp_path.iterdir()) == ["link.yaml", "p.yaml", "seen.yaml"]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"a: 1\nb: caf\xe9\n", "p.yaml:2: not UTF-8"),
        (b"#" * (MOST_BYTES + 1), "at most"),
    ],
)
def test_what_cannot_be_read_is_refused_with_file_and_reason_and_left_as_it_is(
    tmp_path: Path, content: bytes, reason: str
) -> None:
    file = tmp_path / "p.yaml"
    file.write_bytes(content)
    outcome = follow(file)
    assert isinstance(outcome.exception, ProtocolError)
    assert reason in str(outcome.exception)
    assert file.read_bytes() == content
