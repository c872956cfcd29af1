"""A file that somebody exchanges between two readings of it."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest


def exchange_after_reading(monkeypatch: pytest.MonkeyPatch, file: Path, other: bytes) -> None:
    """Have `file` hold `other` as soon as it was read for the first time."""
    opening = Path.open
    waiting = [other]

    def opened(path: Path, mode: str = "r", *more: Any, **options: Any) -> Any:
        if path != file or "r" not in mode or not waiting:
            return opening(path, mode, *more, **options)
        with opening(path, "rb") as stream:
            content = stream.read()
        with opening(path, "wb") as stream:
            stream.write(waiting.pop())
        return io.BytesIO(content) if "b" in mode else io.StringIO(content.decode())

    monkeypatch.setattr(Path, "open", opened)
