"""Files and folders that only their owner may read, written whole or not at all."""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from pathlib import Path

from isp.keys.errors import SecretError

OTHERS = stat.S_IRWXG | stat.S_IRWXO
PRIVATE_FILE = 0o600
PRIVATE_FOLDER = 0o700


def make_folder(path: Path) -> Path:
    """Create a folder of mode 0700 where there is none, and return its path.

    Raises:
        SecretError: there is one in which every user may replace files.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    path.mkdir(mode=PRIVATE_FOLDER, exist_ok=True)
    mode = stat.S_IMODE(path.stat().st_mode)
    # With the sticky bit, as in /tmp, each replaces only what is its own.
    if mode & stat.S_IWOTH and not mode & stat.S_ISVTX:
        message = (
            f"{path} has mode {mode:04o}, so other users may replace what is in it; accepted is a "
        )
        raise SecretError(
            f"{message}folder that its owner alone may write to. Run: chmod 700 {path}"
        )
    return path


def make_secret_folder(path: Path) -> Path:
    """Create a folder as `make_folder`, and refuse a link in its place.

    Raises:
        SecretError: the path is a link, which somebody else can have made, or as `make_folder`.
    """
    if path.is_symlink():
        message = (
            f"{path} is a link; accepted is a folder of mode 0700. Put the folder itself there"
        )
        raise SecretError(message)
    return make_folder(path)


def read(path: Path) -> str:
    """The text of a file that nobody else may read, without the white space around it.

    Raises ``SecretError`` where others may read it or it holds nothing.
    """
    with path.open(encoding="utf-8") as stream:
        # The open file is asked, not the path, which could be exchanged in between.
        mode = stat.S_IMODE(os.fstat(stream.fileno()).st_mode)
        if mode & OTHERS:
            message = (
                f"{path} has mode {mode:04o} and so may be read by other users; a secret's file "
                f"has mode 0600. If nobody else has seen it, run: chmod 600 {path}"
            )
            raise SecretError(message)
        text = stream.read().strip()
    if not text:
        raise SecretError(f"{path} is empty; a secret was expected. Restore it from your backup")
    return text


def write(path: Path, text: str) -> None:
    """Write ``text`` to a file of mode 0600; a reader sees the old content or the new one."""
    draft = _draft(path, text)
    try:
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def rewrite(path: Path, text: str) -> None:
    """Like ``write`` for a file that is there and is no secret: it keeps its mode, and a link to it stays."""
    target = path.resolve()
    draft = _draft(target, text)
    try:
        shutil.copymode(target, draft)
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)


def write_new(path: Path, text: str) -> bool:
    """Like ``write`` for a file that must not exist yet; ``False`` if somebody was faster."""
    draft = _draft(path, text)
    try:
        os.link(draft, path)
    except FileExistsError:
        return False
    finally:
        draft.unlink(missing_ok=True)
    return True


def _draft(path: Path, text: str) -> Path:
    # mkstemp creates with O_EXCL and mode 0600, so the text is never readable by others.
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
    return Path(name)
