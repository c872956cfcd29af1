"""Protocols with one fault: each is refused with its file, line and the reason."""

from __future__ import annotations

from pathlib import Path

import pytest

from isp.agreement.protocol import ProtocolError
from isp.agreement.protocol_file import load_protocol
from schemas.catalogue import Catalogue

Fault = tuple[str, str, str]
"""A text of the protocol, the faulty text in its place, and a part of the message."""


def assert_refused(text: str, fault: Fault, folder: Path, catalogue: Catalogue) -> None:
    """Write the protocol with the fault, and load it."""
    before, after, message = fault
    assert before in text
    path = folder / "protocol.yaml"
    path.write_text(text.replace(before, after), encoding="utf-8")
    with pytest.raises(ProtocolError) as caught:
        load_protocol(path, catalogue)
    assert str(caught.value).startswith(f"{path}:")
    assert message in str(caught.value)
