"""`ipu risk`: attack a release like a motivated intruder, with its originals."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from secrets import token_bytes
from typing import Annotated

import typer
from rich.table import Table

from offline.risk.confidence import Measured
from offline.risk.finding import Finding
from offline.risk.intruder import Report, play
from offline.risk.measures import Risks
from offline.risk.street_list import KnownStreets
from offline.run import Order
from offline.steps import AGENCY
from ops.commands.agreed import Agency, ByProtocol, Households, Limit, agreed_by, sanitising_of
from ops.commands.common import AsJson, columns_of
from ops.commands.lists import (
    GazetteerFolder,
    PremisesFile,
    ProtectedFile,
    ProtectedKey,
    StreetsFolder,
)
from ops.commands.progress import progress_bar
from ops.commands.sanitise import check_profile
from ops.list_files import ListFiles
from ops.reference import cached_index
from ops.screen import Screen, say_json
from ops.settings import Settings
from sanitiser.places.postcodes import PostcodeIndex
from sanitiser.references import KEY_BYTES, ReferenceKey
from schemas.catalogue import load_catalogue

FOUND = 3


def risk(
    release: Annotated[
        Path, typer.Argument(metavar="OUT", help="CSV written by `ipu sanitise` or another tool.")
    ],
    *,
    original: Annotated[Path, typer.Option(help="The file that OUT was made from.")],
    dataset: Annotated[str, typer.Option(help="Dataset of the file, such as police-incident.")],
    profile: Annotated[str, typer.Option(help="Release profile of OUT.")] = "central",
    mapping: Annotated[
        str | None, typer.Option(help="The original's mapping, as given to `ipu sanitise`.")
    ] = None,
    households: Annotated[
        Path | None, typer.Option(help="CSV of household counts, as given to `ipu sanitise`.")
    ] = None,
    protocol: ByProtocol = None,
    agency: Agency = None,
    k: Households = None,
    limit: Limit = None,
    gazetteer: GazetteerFolder = None,
    premises: PremisesFile = None,
    streets: StreetsFolder = None,
    protected: ProtectedFile = None,
    protected_key: ProtectedKey = None,
    known_streets: Annotated[
        Path | None,
        typer.Option(
            exists=True,
            dir_okay=False,
            help="CSV of all streets, with the column name and, if wanted, easting and northing. A "
            "released street must then be one of them, within 2 km of its postcode, or have a house "
            "number directly before it in an original.",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Attack a release with its originals, as an intruder would.

    Two kinds of checks are made. The first have evidence outside the sanitiser: identifiers by form,
    dropped words of the originals, names of people and houses in streets, names of premises that the
    register does not have, the closed form of each column, points and postcodes with too few
    households, rows that the profile may not have, treatments derived again, and digests without a
    key or with one that can be guessed. The second sanitises the originals again: each row must be
    the release of one original, no original may have two rows, and the order of rows may not be that
    of the originals. A fault of the sanitiser can be hidden from the second kind. With --protected, a row
    with more than the district of a protected place is a finding of its own kind.

    People who are rare in their area are findings in second, and in central if the protocol applies
    the rule of combinations there. The report also shows how many rows match what somebody knows of
    an event, and the risks of singling out, linkability and inference with their intervals at 95 %.
    Those are no findings: the guidance itself shares place, date and time.

    Originals are taken in their state at the end of the file: give --protocol, --agency and the
    other options as to `ipu sanitise`. No value of an original is printed. Exit code 3 on findings,
    0 without.

    Examples:

        ipu risk released.csv --original incidents.csv --dataset police-incident
        --households households.csv

        ipu risk released.csv --original searches.csv --dataset police-stop-search --profile second
        --json | jq .findings

        ipu risk released.csv --original incidents.csv --dataset police-incident
        --households households.csv --known-streets streets.csv

        ipu risk released.csv --original incidents.csv --dataset police-incident
        --households households.csv --protected run/protected-places
    """
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
    order = Order(
        original, columns, profile, release, None, PostcodeIndex.open(folder, fewest),
        ReferenceKey(token_bytes(KEY_BYTES)), catalogue,
        agency=agency or AGENCY, agreed=agreed,
        lists=ListFiles.given(gazetteer, premises, streets, protected, protected_key).open(),
    )  # fmt: skip
    combinations = sanitising.combinations
    heeded = combinations.applies_to(profile)
    alike = max(k or 0, combinations.minimum_alike)
    listed = KnownStreets.read(known_streets) if known_streets else None
    with progress_bar(console, "reading the originals") as shown:
        report = play(
            release, order, fewest, alike=alike, heeded=heeded, listed=listed, progress=shown
        )
    if not report.rows:
        raise typer.BadParameter(f"{release} has no rows, so nothing was checked")
    if as_json:
        say_json(report.document())
    else:
        _print(report)
    if report.findings:
        raise typer.Exit(FOUND)


def _print(report: Report) -> None:
    console = Screen()
    if report.findings:
        console.print(_table("Findings", report.findings))
    if report.notes:
        console.print(_table("Notes: shared by the guidance itself", report.notes))
    known = Table(title=f"{report.rows:,} rows, {report.originals:,} originals: who knows…")
    for heading in ("knowledge", "finds one row", "median rows"):
        known.add_column(heading, justify="left" if heading == "knowledge" else "right")
    for knowledge, found in report.linkage.items():
        median = found["rows"]["median"] if found["rows"] else "–"
        known.add_row(knowledge, f"{found['share_with_one_row']:.1%}", str(median))
    console.print(known)
    if report.risks is not None:
        console.print(_table_of_risks(report.risks))
    document = report.document()
    for name in ("households", "people_alike"):
        if document[name]:
            told = ", ".join(f"{part.replace('_', ' ')} {n}" for part, n in document[name].items())
            console.print(f"{name.replace('_', ' ')}: {told}")
    if not report.findings:
        console.print("no findings")


def _table_of_risks(risks: Risks) -> Table:
    table = Table(title="Risks against control records, with intervals at 95 %")
    for heading in ("risk", "attack succeeds", "on controls", "beyond that"):
        table.add_column(heading, justify="left" if heading == "risk" else "right")
    table.add_row("singling out", *_shares(risks.singling_out))
    table.add_row("linkability", *_shares(risks.linkability))
    inferred = f"inference of {risks.inferred}" if risks.inferred else "inference"
    table.add_row(inferred, *_shares(risks.inference))
    return table


def _shares(measured: Measured) -> tuple[str, ...]:
    rates = (rate.document() for rate in (measured.attack, measured.control, measured.risk))
    return tuple(f"{r['rate']:.1%} ({r['from']:.1%} to {r['to']:.1%})" for r in rates)


def _table(title: str, findings: Iterable[Finding]) -> Table:
    table = Table(title=title)
    for heading in ("attack", "field", "found", "rows", "first"):
        table.add_column(heading, justify="right" if heading == "rows" else "left")
    for finding in findings:
        first = ", ".join(map(str, finding.rows))
        table.add_row(finding.attack, finding.field, finding.reason, f"{finding.hits:,}", first)
    return table
