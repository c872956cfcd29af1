"""`ipu sanitise`: write what the worker would release from a file, without a broker."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from secrets import token_bytes
from typing import Annotated

import typer
from rich.table import Table

from offline.run import Order, sanitise_file
from offline.steps import AGENCY
from offline.summary import Summary
from ops.commands.agreed import Agency, ByProtocol, Households, Limit, agreed_by, sanitising_of
from ops.commands.common import AllowUnreadable, AsJson, columns_of, failed_on_unreadable
from ops.commands.lists import (
    GazetteerFolder,
    PremisesFile,
    ProtectedFile,
    ProtectedKey,
    StreetsFolder,
)
from ops.commands.progress import progress_bar
from ops.list_files import ListFiles
from ops.outputs import check_outputs
from ops.reference import cached_index
from ops.screen import Screen, say_json
from ops.settings import Settings
from sanitiser.places.postcodes import PostcodeIndex
from sanitiser.references import KEY_BYTES, ReferenceKey
from schemas.catalogue import Catalogue, load_catalogue

FAILED = 1
_AS_NOTES = frozenset(
    {
        "notes",
        "same_reference_rows",
        "unreadable",
        "sheets_read",
        "sheets_not_read",
        "hidden_columns",
    }
)
"""Parts of the summary that are printed below the table."""


def sanitise(
    file: Annotated[
        Path, typer.Argument(metavar="IN", help="CSV, JSON lines or Excel, as `ipu publish` takes.")
    ],
    *,
    dataset: Annotated[str, typer.Option(help="Dataset of the file, such as police-incident.")],
    out: Annotated[
        Path, typer.Option(help="CSV of the released records, in an order unrelated to IN's.")
    ],
    rejects: Annotated[
        Path | None, typer.Option(help="CSV of the rejected rows, with every fault.")
    ] = None,
    households: Annotated[
        Path | None,
        typer.Option(
            help="CSV of household counts by postcode: census layout or postcode,households."
        ),
    ] = None,
    profile: Annotated[str, typer.Option(help="Release profile.")] = "central",
    mapping: Annotated[
        str | None,
        typer.Option(
            help="Name of a built-in mapping, or a file; not needed if the header has ipu's field names."
        ),
    ] = None,
    protocol: ByProtocol = None,
    agency: Agency = None,
    k: Households = None,
    limit: Limit = None,
    key: Annotated[
        Path | None,
        typer.Option(
            help="File of the reference key. Without one a new key is used once, so "
            "references join within this output only."
        ),
    ] = None,
    gazetteer: GazetteerFolder = None,
    premises: PremisesFile = None,
    streets: StreetsFolder = None,
    protected: ProtectedFile = None,
    protected_key: ProtectedKey = None,
    allow_unreadable: AllowUnreadable = False,
    as_json: AsJson = False,
) -> None:
    """Sanitise a file as the worker would, by guidance Appendix 1.

    Without --protocol, records are not checked for their area, peripheral datasets need no opening,
    and no text is scrubbed. With it, OUT is what this protocol's worker releases to readers of the
    partnership's own area. OUT has the state at the end of the file: a later record with the same
    reference replaces the earlier one, and a correction removes what a profile may not have.

    Without --households no postcode is known to be large enough, and records are released with
    their district only. Of a workbook, only visible sheets, rows and columns are read. OUT and the
    rejects are files of mode 0600, written whole or not at all; rejects contain the values given.
    Neither may be an input file. Exit code 0 if every row could be used; 1 if some could not, and
    OUT has the others; 1 also, without OUT, if the file has no rows.

    Examples:

        ipu sanitise incidents.csv --dataset police-incident --households households.csv
        --out released.csv --rejects rejects.csv

        ipu sanitise incidents.csv --dataset police-incident --profile second --out released.csv
        --json | jq .households

        ipu sanitise incidents.csv --dataset police-incident --protocol partnership.yaml
        --households households.csv --out released.csv
    """
    _check_folders(out, rejects)
    check_outputs(
        {"--out": out, "--rejects": rejects},
        {
            "IN": file,
            "--mapping": mapping,
            "--households": households,
            "--key": key,
            "--gazetteer": gazetteer,
            "--premises": premises,
            "--streets": streets,
            "--protocol": protocol,
            "--protected": protected,
            "--protected-key": protected_key,
        },
    )
    catalogue = load_catalogue()
    columns = columns_of(mapping, dataset, catalogue)
    check_profile(profile, dataset, catalogue)
    agreed = agreed_by(protocol, dataset, profile, agency, catalogue)
    sanitising = sanitising_of(agreed, k, limit)
    fewest, furthest = sanitising.minimum_households, sanitising.substitute_limit_metres
    console = Screen(stderr=True, quiet=as_json)
    settings = Settings.from_environment()
    with console.status("preparing the postcode index") as status:
        folder = cached_index(settings.cache_dir, households, fewest, furthest, status.update)
    index = PostcodeIndex.open(folder, fewest)
    lists = ListFiles.given(gazetteer, premises, streets, protected, protected_key).open()
    order = Order(
        file, columns, profile, out, rejects, index, _key(key), catalogue,
        agency=agency or AGENCY, agreed=agreed,
        lists=lists,
    )  # fmt: skip
    with progress_bar(console, "sanitising") as shown:
        summary = sanitise_file(order, lambda done, all_, n: shown(done, all_, f"{n:,} rows"))
    if as_json:
        say_json(summary.document())
    else:
        _print(summary, out, rejects)
    failed = failed_on_unreadable(
        summary.unreadable, summary.unreadable_named, allowed=allow_unreadable
    )
    if failed or summary.rejected:
        raise typer.Exit(FAILED)


def check_profile(profile: str, dataset: str, catalogue: Catalogue) -> None:
    """End the command if the dataset has no such release profile."""
    accepted = catalogue.record_type(dataset).profiles
    if profile not in accepted:
        message = f"{dataset} has no release profile {profile!r}; accepted: {', '.join(accepted)}"
        raise typer.BadParameter(message, param_hint="--profile")


def _check_folders(*files: Path | None) -> None:
    for file in files:
        if file is not None and not file.absolute().parent.is_dir():
            raise typer.BadParameter(f"{file}: its folder does not exist; make it first")
        if file is not None and file.is_dir():
            raise typer.BadParameter(f"{file}: is a folder; name a file")


def _key(file: Path | None) -> ReferenceKey:
    if file is None:
        return ReferenceKey(token_bytes(KEY_BYTES))
    try:
        if file.stat().st_mode & 0o077:
            message = f"{file}: other users may read it; a key file must have mode 0600"
            raise typer.BadParameter(message, param_hint="--key")
        return ReferenceKey(file.read_text(encoding="ascii").strip().encode())
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "has no key of 32 to 64 ASCII characters"
        raise typer.BadParameter(f"{file}: {reason}", param_hint="--key") from None


def _print(summary: Summary, out: Path, rejects: Path | None) -> None:
    document = summary.document()
    table = Table(title="Outcome of the file", show_header=False)
    table.add_column()
    table.add_column(justify="right")
    for name, value in document.items():
        if name in _AS_NOTES:
            continue
        if isinstance(value, Mapping):
            for part, count in sorted(value.items(), key=_as_listed(name)):
                table.add_row(f"{_words(name)}: {_words(part)}", f"{count:,}")
        elif value is not None:
            table.add_row(_words(name), f"{value:,}")
    console = Screen()
    console.print(table)
    for line in (*summary.notes, f"released records in {out}"):
        console.print(line, soft_wrap=True)
    if summary.rejected:
        there = f"{rejects} has" if rejects else "use --rejects FILE for a file with"
        line = f"rejected: {summary.rejected:,}, so the exit code is 1; {there} "
        line += "the line, field and value of each, and the accepted values"
        console.print(line, soft_wrap=True)


def _as_listed(name: str) -> Callable[[tuple[str, int]], tuple[int, str]]:
    """Return the sort key of the parts: quantiles in their own order, counts by descending size."""
    if name in {"households", "displacement_m"}:
        return lambda _item: (0, "")
    return lambda item: (-item[1], item[0])


def _words(name: str) -> str:
    return name.replace("_", " ") if ":" not in name else name
