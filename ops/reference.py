"""Build the postcode index of a run once for its sources and settings, then reuse it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

from isp.agreement.protocol import Sanitising
from sanitiser.build.folders import restore_folder
from sanitiser.build.reference import build_index, onspd_package
from sanitiser.build.reference_sources import BadReference
from sanitiser.build.successor import build_next
from sanitiser.places.postcode_store import (
    FORMAT_VERSION,
    IndexOfAnotherFormat,
    PostcodeIndexError,
    load,
)

INDEX_FOLDER = "reference"
GAZETTEER_FOLDER = "gazetteer"
PREMISES_FILE = "premises.txt"
STREETS_FOLDER = "streets"
AREAS_FOLDER = "areas"
_DIGITS = 12


def ensure_index(
    run_dir: Path, sanitising: Sanitising, households: Path | None, report: Callable[[str], None]
) -> Path:
    """Return the folder of the index for `sanitising` and `households`; build it if there is none.

    Without `households` the counts of an existing index are kept. An index that a crash left beside its
    folder is put back first. An index that takes the place of another one succeeds it, so that k survives the
    change.

    Raises:
        ChangeRefused: k might not survive the change.
        IndexOfAnotherFormat: the existing index cannot be kept, and a new one would lose its counts.
    """
    folder = run_dir / INDEX_FOLDER
    restore_folder(folder)
    if not _answers(folder, sanitising, households):
        report("building the postcode index")
        build_next(
            folder,
            onspd_package(),
            households,
            k=sanitising.minimum_households,
            limit_m=sanitising.substitute_limit_metres,
            report=report,
        )
    return folder


def cached_index(
    cache_dir: Path, households: Path | None, k: int, limit_m: int, report: Callable[[str], None]
) -> Path:
    """Return the folder of an index in the cache for `households`, k and the limit.

    Build it if needed. It succeeds no other: nobody knows here which outputs a reader has, and
    docs/operations.md says what not to hand out.

    Raises:
        BadReference: the file of households cannot be used.
    """
    counted = _digest(households)[:_DIGITS] if households else "none"
    folder = cache_dir / f"{INDEX_FOLDER}-v{FORMAT_VERSION}-k{k}-{limit_m}m-{counted}"
    folder.parent.mkdir(parents=True, exist_ok=True)
    sanitising = Sanitising(minimum_households=k, substitute_limit_metres=limit_m)
    if not _answers(folder, sanitising, households):
        report("building the postcode index")
        build_index(folder, onspd_package(), households, k=k, limit_m=limit_m, report=report)
    return folder


def _answers(folder: Path, sanitising: Sanitising, households: Path | None) -> bool:
    try:
        metadata, _ = load(folder)
    except IndexOfAnotherFormat as error:
        if error.counted and households is None:
            raise
        return False
    except PostcodeIndexError:
        return False
    settings = (sanitising.minimum_households, sanitising.substitute_limit_metres)
    if (metadata.k, metadata.limit_m) != settings:
        return False
    return households is None or metadata.households_digest == _digest(households)


def _digest(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise BadReference(f"{path}: cannot be read: {error.strerror}") from None
