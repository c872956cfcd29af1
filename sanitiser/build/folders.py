"""Put a built folder in the place of another one, so that a crash at any moment leaves one of the two.

A folder with files cannot be renamed over. The earlier one is renamed to `.NAME.*.old` first, and for a
moment there is none. If the program dies in that moment, `restore_folder` puts the earlier one back.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from filelock import FileLock, Timeout

from sanitiser.build.reference_sources import BadReference

LOCK_SECONDS: Final = 300.0
"""Longest wait for another build of the same folder."""


class FolderBusy(BadReference):
    """Another program builds the same folder."""


@contextmanager
def new_folder(out: Path) -> Iterator[Path]:
    """Give an empty folder to fill; at the end it takes the place of `out`.

    After an error `out` is as it was, and the new folder is removed. Errors as `replace_folder`.
    """
    out.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=f".{out.name}.", dir=out.parent))
    try:
        yield draft
        draft.chmod(0o755)
        replace_folder(draft, out)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise


def replace_folder(draft: Path, out: Path) -> None:
    """Rename `draft`, a folder beside `out`, to `out`. A reader keeps what it has mapped of the earlier one.

    Raises:
        FolderBusy: another program builds `out` for too long.
        OSError: a rename failed; `out` is as it was.
    """
    _write_through(draft)
    with folder_lock(out):
        restore_folder(out)
        # After this, a folder that is left over is always the one that was in place.
        for stale in _left_over(out):
            shutil.rmtree(stale)
        old = draft.with_name(f"{draft.name}.old")
        if out.exists():
            out.rename(old)
        try:
            draft.rename(out)
        except BaseException:
            if old.exists() and not out.exists():
                old.rename(out)
            raise
        _sync(out.parent)
        if old.exists():
            # Under the name of a draft, because one that is half removed must never be put back.
            shutil.rmtree(old.rename(draft), ignore_errors=True)


def restore_folder(out: Path) -> None:
    """Put the earlier folder back if a crash left none in the place of `out`.

    Raises:
        FolderBusy: another program builds `out` for too long.
        BadReference: several folders are left over; names them.
    """
    if out.exists() or not _left_over(out):
        return
    with folder_lock(out):
        left = _left_over(out)
        if out.exists() or not left:
            return
        if len(left) > 1:
            raise BadReference(
                f"{out} is missing, and {len(left)} earlier ones are left: {', '.join(map(str, left))}. "
                f"Rename the one that was last in use to {out.name}, and remove the others"
            )
        left[0].rename(out)
        _sync(out.parent)


@contextmanager
def folder_lock(out: Path, seconds: float = LOCK_SECONDS) -> Iterator[None]:
    """Let no other program build or restore `out` meanwhile. A thread that has the lock may take it again.

    Raises:
        FolderBusy: another one has had the lock for all of these seconds.
    """
    out.parent.mkdir(parents=True, exist_ok=True)
    file = out.with_name(f".{out.name}.lock").absolute()
    lock = FileLock(file, is_singleton=True)
    try:
        lock.acquire(timeout=seconds)
    except Timeout:
        raise FolderBusy(
            f"{out}: another program has been building it for {seconds:.0f} seconds. "
            "Wait for it, then try again"
        ) from None
    try:
        yield
    finally:
        lock.release()


def _left_over(out: Path) -> list[Path]:
    if not out.parent.is_dir():
        return []
    name = re.compile(rf"\.{re.escape(out.name)}\.[^.]+\.old")
    return sorted(path for path in out.parent.iterdir() if name.fullmatch(path.name))


def _write_through(folder: Path) -> None:
    """Have the disk store the files of a folder before its name is changed."""
    for path in folder.iterdir():
        _sync(path)
    _sync(folder)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
