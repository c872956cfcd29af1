"""`ipu isp plan`, `apply` and `drift`: compare a protocol with broker and registry, and apply it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, NamedTuple

import typer
from prometheus_client import CollectorRegistry, Gauge, write_to_textfile

from isp.agreement.openings import closed_datasets
from isp.agreement.protocol import EXERCISE, Protocol
from isp.agreement.review_date import review_notice
from isp.broker.apply import apply as apply_protocol
from isp.broker.changes import Applied
from isp.broker.in_force import InForce, read_in_force
from isp.broker.plan import Plan, make_plan, require_same
from isp.broker.signed import ReadProtocol, admit, obstacles, read_protocol, require_signed
from isp.keys import private_files
from isp.signing.signatures import signatures_file
from isp.signing.succession import key_changes
from ops.commands.common import AsJson, Exercise, RunDir, protocol_of, running_stack
from ops.commands.first_keys import AcceptedKeys, OverExercise, accepting, key_lines
from ops.embedded.broker_config import ADMIN
from ops.embedded.stack import Stack
from ops.outputs import check_outputs
from ops.screen import Screen, say, say_json, say_lines
from schemas.catalogue import Catalogue, load_catalogue
from schemas.london import london_today

DRIFT = 3
REFUSED = 1

OnBroker = Annotated[
    Path | None,
    typer.Argument(
        metavar="PROTOCOL.yaml",
        exists=True,
        dir_okay=False,
        help="Protocol file; default: the one of `ipu up`.",
    ),
]


class OnStack(NamedTuple):
    """A protocol, read once, and the running stack for it."""

    read: ReadProtocol
    catalogue: Catalogue
    stack: Stack

    @property
    def protocol(self) -> Protocol:
        """Return the protocol without its signatures."""
        return self.read.protocol

    @property
    def admin(self) -> dict[str, str]:
        """Return the settings of a Kafka client that administers the cluster."""
        return self.stack.secrets.client_config(self.stack.inside, ADMIN)

    @property
    def closed(self) -> frozenset[str]:
        """Return the peripheral datasets that no requirement opens today."""
        return closed_datasets(self.protocol, self.catalogue, london_today())

    def check_output(self, option: str, file: Path | None) -> None:
        """Refuse an output that would overwrite the protocol, its signatures or a secret of the stack."""
        agreed = self.read.file
        read = [agreed, signatures_file(agreed), self.stack.secrets.folder]
        check_outputs({option: file}, {"the protocol, its signatures or a secret": read})

    def plan(self) -> Plan:
        """Return the changes that applying the protocol would make now."""
        return make_plan(self.protocol, self.catalogue, self.admin, self.stack.registry_client)


def on_stack(protocol_file: Path | None, run_dir: Path | None) -> OnStack:
    """Return the protocol of the file, or that of `ipu up`, with the running stack."""
    catalogue, stack = load_catalogue(), running_stack(run_dir)
    read = read_protocol(protocol_of(stack.run_dir, protocol_file), catalogue)
    notice = review_notice(read.protocol, london_today())
    if notice is not None:
        Screen(stderr=True).print(notice, style="yellow")
    return OnStack(read, catalogue, stack)


def plan(
    protocol_file: OnBroker = None,
    *,
    out: Annotated[
        Path | None, typer.Option(help="Write the plan to this file, for `ipu isp apply --plan`.")
    ] = None,
    exercise: Exercise = False,
    over_exercise: OverExercise = False,
    run_dir: RunDir = None,
    as_json: AsJson = False,
) -> None:
    """Show what `ipu isp apply` would change; changes nothing.

    Shows the protocol in force, and keys that differ from it. Exit code 1, without a written plan,
    if `ipu isp apply` would refuse the protocol. A draft can be planned before it is signed.

    Examples:

        ipu isp plan partnership.yaml

        ipu isp plan partnership.yaml --out plan.json

        ipu isp apply partnership.yaml --plan plan.json
    """
    here = on_stack(protocol_file, run_dir)
    here.check_output("--out", out)
    if not here.read.is_draft:
        require_signed(here.read, exercise=exercise)
    known = read_in_force(here.admin, here.protocol.prefix, here.catalogue)
    made = here.plan()
    found = [] if here.read.is_draft else obstacles(here.read, known, over_exercise=over_exercise)
    more = {**_succession(here.read, known), "refused": found}
    _show(here.protocol, made, {**made.document, **more}, as_json=as_json)
    if not as_json:
        say_lines("\n".join(_succession_lines(here.read, known, found)))
    if found:
        raise typer.Exit(REFUSED)
    if out is not None:
        private_files.write(out, json.dumps(made.document, indent=2) + "\n")


def apply(
    protocol_file: OnBroker = None,
    *,
    plan: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="Apply exactly this plan, or nothing."),
    ] = None,
    renew_passwords: Annotated[
        bool, typer.Option(help="Set existing principals' passwords again from the secret store.")
    ] = False,
    accept_keys: AcceptedKeys = None,
    exercise: Exercise = False,
    over_exercise: OverExercise = False,
    run_dir: RunDir = None,
    as_json: AsJson = False,
) -> None:
    """Make the running stack match the protocol.

    This sets topics, users, ACLs, schemas and quotas. Rights that are no longer allowed are revoked
    first. Topics are never deleted. Resources of other prefixes are not touched. A second call
    changes nothing. A call that stops half-way says what was done, and the next call finishes the
    rest.

    Only the protocol in force, or one that follows it, is accepted. If no protocol is in force, the
    keys of all officers are shown and must be confirmed, at the terminal or with --accept-keys.

    Examples:

        ipu isp apply

        ipu isp apply partnership.yaml --plan plan.json

        ipu isp apply partnership.yaml --json | jq .topics.created
    """
    here = on_stack(protocol_file, run_dir)
    require_signed(here.read, exercise=exercise)
    admitted = admit(
        here.read,
        here.admin,
        here.catalogue,
        accepting(accept_keys),
        over_exercise=over_exercise,
    )
    if plan is not None:
        if renew_passwords:
            message = "a plan does not include passwords; renew them without --plan"
            raise typer.BadParameter(message, param_hint="--renew-passwords")
        require_same(here.plan(), plan)
    applied = apply_protocol(
        admitted,
        here.catalogue,
        here.admin,
        here.stack.secrets,
        here.stack.registry_client,
        Screen(stderr=True, quiet=as_json).print,
        renew_passwords=renew_passwords,
    )
    if as_json:
        document = {**_identity(here.read), **_outcome(applied)}
        say_json(document)
    else:
        say_lines(_summary(here.read, applied))


def drift(
    protocol_file: OnBroker = None,
    *,
    textfile: Annotated[
        Path | None,
        typer.Option(
            help="Write the metric ipu_protocol_drift to this file, for a textfile collector."
        ),
    ] = None,
    run_dir: RunDir = None,
    as_json: AsJson = False,
) -> None:
    """Check that broker and registry match the protocol.

    Exit code 0, or 3 on drift.

    Examples:

        ipu isp drift || ipu isp plan

        ipu isp drift --textfile /var/lib/node_exporter/ipu.prom
    """
    here = on_stack(protocol_file, run_dir)
    here.check_output("--textfile", textfile)
    found = here.plan()
    if textfile is not None:
        _write_metric(here.protocol.prefix, found, textfile)
    document = {"drift": not found.in_step, **_identity(here.read), **found.document}
    _show(here.protocol, found, document, as_json=as_json)
    if not found.in_step:
        raise typer.Exit(DRIFT)


def _write_metric(partnership: str, found: Plan, textfile: Path) -> None:
    registry = CollectorRegistry()
    gauge = Gauge(
        "ipu_protocol_drift",
        "Resources of broker or registry that differ from the protocol",
        ["partnership", "kind"],
        registry=registry,
    )
    for kind, change in found.changes.items():
        gauge.labels(partnership, kind).set(change.differing)
    gauge.labels(partnership, "foreign").set(len(found.foreign))
    gauge.labels(partnership, "protocol").set(found.in_force != found.protocol)
    write_to_textfile(str(textfile), registry)


def _show(protocol: Protocol, changes: Plan, document: dict[str, object], *, as_json: bool) -> None:
    if as_json:
        say_json(document)
        return
    name = protocol.title
    if changes.in_step:
        say(f"{name}: broker and registry match the protocol")
        _show_foreign(name, changes)
        return
    if not changes.nothing or changes.in_force != changes.protocol:
        say(f"{name}: `ipu isp apply` would make these changes")
    if changes.in_force != changes.protocol:
        say(f"  put in force  protocol {changes.protocol[:16]}…")
    for kind, change in changes.changes.items():
        lines = (("remove", change.removed), ("create", change.created), ("change", change.changed))
        for what, names in lines:
            for one in names:
                say(f"  {what}  {kind:8}{one}")
    _show_foreign(name, changes)


def _show_foreign(name: str, changes: Plan) -> None:
    if changes.foreign:
        say(f"{name}: not in the protocol, and left unchanged; remove by hand")
    for one in changes.foreign:
        say(f"  {one}")
    for user in changes.locked:
        say(
            f"  locked   {user}, who has left; a password set by hand since then would look the same"
        )


def _outcome(applied: Applied) -> dict[str, object]:
    changes = {kind: asdict(change) for kind, change in applied.changes.items()}
    return {"in_step_before": applied.nothing, **changes, "schema_ids": dict(applied.schema_ids)}


def _identity(read: ReadProtocol) -> dict[str, object]:
    return {"number": read.protocol.number, "exercise": read.protocol.exercise}


def _succession(read: ReadProtocol, known: InForce | None) -> dict[str, object]:
    """Return what a plan says about the protocol in force, and about keys that differ from it."""
    document = {**_identity(read), "signed": not read.is_draft, "rekeyed": read.protocol.rekeyed}
    if known is None:
        return {**document, "number_in_force": None, "keys": key_lines(read.protocol)}
    changes = key_changes(read.protocol, read.signatures.entries, known.before)
    return {**document, "number_in_force": known.before.number, "keys": list(changes)}


def _succession_lines(read: ReadProtocol, known: InForce | None, found: list[str]) -> Iterator[str]:
    if known is None:
        yield "in force: none; compare these keys of the first protocol with the officers"
        yield from key_lines(read.protocol)
    else:
        mark = f" [{EXERCISE}]" if known.before.exercise else ""
        yield f"in force: number {known.before.number}, digest {known.digest}{mark}"
        yield from key_changes(read.protocol, read.signatures.entries, known.before)
    yield f"this one: number {read.protocol.number}, digest {read.digest}"
    if read.is_draft:
        yield "this one is a draft: nobody has signed it"
    yield from (f"`ipu isp apply` refuses it: {finding}" for finding in found)


def _summary(read: ReadProtocol, applied: Applied) -> str:
    name = f"{read.protocol.title}, {read.line}"
    if applied.nothing:
        return f"{name}: nothing to change"
    revoked = [f"  revoked  {rule}" for rule in applied.rules.removed]
    left = [f"  removed  user {user}" for user in applied.users.removed]
    return "\n".join([f"{name}: applied", *revoked, *left])
