"""`ipu export`: write a dataset of the hub to a file for a party."""

from __future__ import annotations

import signal
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from secrets import token_hex
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from connectors.hub.exports.formats import Format
from isp.agreement.protocol_file import load_protocol
from isp.agreement.topics import Names
from isp.audit.exports import export_entry
from isp.keys.private_files import make_secret_folder
from ops.background import HUB
from ops.commands.common import (
    AsJson,
    ProtocolOption,
    RunDir,
    protocol_of,
    recorder_of,
    running_stack,
)
from ops.commands.hub_copy import Partner, Patience, copy_folder, fresh_copy, own_tables
from ops.extras import need
from ops.outputs import check_files, check_outputs
from ops.screen import say, say_json
from schemas.catalogue import load_catalogue
from schemas.london import LONDON
from transport.client_names import COMMANDS

if TYPE_CHECKING:
    from connectors.hub.exports.export import Export
    from connectors.hub.exports.selection import Selection
    from isp.agreement.protocol import Protocol
    from ops.embedded.stack import Stack
    from schemas.catalogue import Catalogue

_FOLDER: Final = "exports"
"""The folder of clear files while they are written, in the folder of the hub."""
_ID_BYTES: Final = 16


def export(
    dataset: Annotated[str, typer.Argument(help="Dataset, such as police-incident.")],
    *,
    party: Partner,
    out: Annotated[
        Path, typer.Option(help="File to write: .gpkg, .parquet, .zip (CSV) or .xlsx by --format.")
    ],
    format_: Annotated[Format, typer.Option("--format", help="Format of the file.")],
    profile: Annotated[
        str | None,
        typer.Option(help="Release profile; needed if the party receives the dataset in several."),
    ] = None,
    neighbour: Annotated[
        str | None,
        typer.Option(help="Records of this neighbour's area; default: of the partnership's own."),
    ] = None,
    where: Annotated[
        str | None,
        typer.Option(metavar="SQL", help="Condition in DuckDB's SQL, as one expression."),
    ] = None,
    since: Annotated[
        datetime | None,
        typer.Option(
            formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M"],
            help="Only records released or changed since then, local time, to the hour.",
        ),
    ] = None,
    to_key: Annotated[
        str | None,
        typer.Option(
            metavar="age1…|FILE", help="Encrypt to this key of age, or to the keys in this file."
        ),
    ] = None,
    wait: Patience = 300.0,
    protocol: ProtocolOption = None,
    run_dir: RunDir = None,
    as_json: AsJson = False,
) -> None:
    """Write a dataset of the hub to a file for a party.

    The rows are those of the party's own copy of the hub, which is written anew: what the party may read,
    and no more. The file has its marking, the suppliers' metadata as far as they are open to the party,
    and caveats. It has mode 0600, and is written whole or not at all. The audit has the export first.

    --where is a condition such as incident_type = 'Burglary'. It may have subqueries on other tables of
    the copy. --since counts the time of the release, so it finds new and corrected records, but not those
    that were taken back. With --to-key the name of the file ends with .age, and no clear file remains.

    Examples:

        ipu export police-incident --as council --format geopackage --out incidents.gpkg

        ipu export police-incident --as council --format csv --since 2026-11-01 --to-key age1… --out new.zip
    """
    need("hub")
    from connectors.hub.exports.choice import choose
    from connectors.hub.exports.placing import target
    from connectors.hub.exports.recipients import recipients
    from connectors.hub.exports.selection import Selection

    _end_on_terminate()
    written = target(out, is_encrypted=to_key is not None)
    _check_out(out, written, format_, to_key)
    keys = () if to_key is None else recipients(to_key)
    stack, catalogue = running_stack(run_dir), load_catalogue()
    agreed = load_protocol(protocol_of(stack.run_dir, protocol), catalogue)
    own = own_tables(agreed, catalogue, party)
    local = None if since is None else since.replace(tzinfo=LONDON)
    selection = Selection(choose(own, dataset, profile, neighbour), where, local)
    job = _Job(stack, agreed, catalogue, party, selection, format_)
    done = job.write(written, keys, wait)
    _tell(done, as_json=as_json)


@dataclass(frozen=True, slots=True)
class _Done:
    """An export that is in its place."""

    file: Path
    digest: str
    export: Export
    is_encrypted: bool


@dataclass(frozen=True, slots=True)
class _Job:
    """An export that a party is to have."""

    stack: Stack
    agreed: Protocol
    catalogue: Catalogue
    party: str
    selection: Selection
    format: Format

    def write(self, out: Path, keys: tuple[Any, ...], wait_s: float) -> _Done:
        """Write the file, and its entry of the audit before."""
        from connectors.hub.exports.placing import place, workplace

        export = self._export(wait_s)
        is_encrypted = bool(keys)
        with workplace(make_secret_folder(self.stack.run_dir / HUB / _FOLDER)) as folder:
            clear = folder / f"export{self.format.ending}"
            self.format.write(clear, export)
            audited = self._audited(export, is_encrypted=is_encrypted)
            digest = place(clear, out, keys, audited)
        return _Done(out, digest, export, is_encrypted)

    def _export(self, wait_s: float) -> Export:
        from connectors.hub.exports.about import Origin
        from connectors.hub.exports.build import build_export
        from connectors.hub.party_copy import PartyCopy

        file = fresh_copy(self.stack, self.agreed, self.catalogue, self.party, wait_s)
        copied_at = copy_folder(self.stack).written(self.party)
        assert copied_at is not None
        origin = Origin(
            export_id=token_hex(_ID_BYTES),
            partnership=self.agreed.title,
            party=f"{self.agreed.party(self.party).name} ({self.party})",
            principal=self._principal,
            at=datetime.now(UTC),
            copied_at=copied_at,
        )
        with PartyCopy(file) as copy:
            return build_export(copy, self.selection, origin, _duties(self.catalogue))

    def _audited(self, export: Export, *, is_encrypted: bool) -> Any:
        """Return what writes the entry of a file with a given SHA-256."""
        from connectors.hub.exports.selection import by_agency

        topic, records = self.selection.table.topic, by_agency(export.rows)
        is_filtered = self.selection.where is not None or self.selection.since is not None
        recorder = recorder_of(self.stack, self.agreed, self.catalogue, COMMANDS)

        def audited(digest: str) -> None:
            traits = {"encrypted": is_encrypted, "filtered": is_filtered}
            recorder.write(export_entry(self._principal, topic, digest, records, **traits))

        return audited

    @property
    def _principal(self) -> str:
        return Names(self.agreed.prefix).principal(self.party)


def _end_on_terminate() -> None:
    """Have a SIGTERM end the command as an error does: no clear draft remains."""
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))


def _check_out(out: Path, written: Path, format_: Format, to_key: str | None) -> None:
    """Check that the file can be written, and that its name says what it is."""
    name = out.name.removesuffix(".age") if to_key is not None else out.name
    if not name.endswith(format_.ending):
        message = f"{out}: accepted for {format_}: a name that ends with {format_.ending}"
        raise typer.BadParameter(message, param_hint="--out")
    check_files({"--out": written})
    key_file = Path(to_key) if to_key is not None and not to_key.startswith("age1") else None
    check_outputs({"--out": list({out, written})}, {"--to-key": key_file})


def _duties(catalogue: Catalogue) -> str:
    """Return the reminder of the recipient's duties, which each supply has."""
    fields = catalogue.system["supply"]["fields"]
    return next(str(field["default"]) for field in fields if field["name"] == "duties")


def _tell(done: _Done, *, as_json: bool) -> None:
    facts = done.export.about.facts()
    if as_json:
        of_file = {"file": str(done.file), "sha256": done.digest, "encrypted": done.is_encrypted}
        say_json({**of_file, "records": done.export.rows.num_rows, "about": facts})
        return
    marked = f"{facts['marking']}; {done.export.rows.num_rows:,} records"
    say(f"{done.file}   (yours alone: mode 0600; {marked}; delete by {facts['delete_file_by']})")
    if done.is_encrypted:
        say("encrypted: only its recipient can read it")
    else:
        say("not encrypted: give --to-key to encrypt it for its recipient")
