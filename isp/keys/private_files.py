"""Files and folders that only their owner may read. A file is written completely or not at all."""

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
    """Create a folder of mode 0700 if it does not exist, and return its path.

    Raises:
        SecretError: the folder exists, and every user may replace files in it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    path.mkdir(mode=PRIVATE_FOLDER, exist_ok=True)
    mode = stat.S_IMODE(path.stat().st_mode)
    # With the sticky bit, as in /tmp, each user may replace only their own files.
    if mode & stat.S_IWOTH and not mode & stat.S_ISVTX:
        message = f"{path} has mode {mode:04o}, so other users may replace its files; accepted: a "
        raise SecretError(
            f"{message}folder that only its owner may write to. Run: chmod 700 {path}"
        )
    return path


def make_secret_folder(path: Path) -> Path:
    """Create a folder as `make_folder`, and refuse a link in its place.

    Raises:
        SecretError: the path is a link, which another user may have made, or as `make_folder`.
    """
    if path.is_symlink():
        message = (
            f"{path} is a link; accepted: a folder of mode 0700. Replace the link by the folder"
        )
        raise SecretError(message)
    return make_folder(path)


def read(path: Path) -> str:
    """Return the text of a file that no other user may read, without white space at both ends.

    Raises:
        SecretError: other users may read the file, it is empty, or it is not UTF-8.
    """
    with path.open("rb") as stream:
        # Check the open file, not the path: another file could replace it in between.
        mode = stat.S_IMODE(os.fstat(stream.fileno()).st_mode)
        if mode & OTHERS:
            message = (
                f"{path} has mode {mode:04o}, so other users may read it; accepted: mode 0600. "
                f"If no other user has read it, run: chmod 600 {path}"
            )
            raise SecretError(message)
        text = _decoded(path, stream.read()).strip()
    if not text:
        raise SecretError(f"{path} is empty; it should hold a secret. Restore it from your backup")
    return text


def _decoded(path: Path, content: bytes) -> str:
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        at = error.start
    # Outside the handler: the exception holds the content of the file.
    message = f"{path} is damaged: byte {at} is not UTF-8; accepted: a text file in UTF-8"
    raise SecretError(f"{message}. Restore it from your backup, or save it again as UTF-8")


def write(path: Path, text: str) -> None:
    """Write ``text`` to a file of mode 0600; a reader sees either the old content or the new content."""
    draft = _draft(path, text)
    try:
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def rewrite(path: Path, text: str) -> None:
    """Write ``text`` to an existing file that is not secret; keep its mode, and a symbolic link to it."""
    target = path.resolve()
    draft = _draft(target, text)
    try:
        shutil.copymode(target, draft)
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)


def write_new(path: Path, text: str) -> bool:
    """Write ``text`` to a new file of mode 0600; return ``False`` if the file exists already."""
    draft = _draft(path, text)
    try:
        os.link(draft, path)
    except FileExistsError:
        return False
    finally:
        draft.unlink(missing_ok=True)
    return True


def _draft(path: Path, text: str) -> Path:
    # mkstemp creates the file with O_EXCL and mode 0600, so other users can never read the text.
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
    return Path(name)
