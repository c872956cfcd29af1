"""`ipu isp plan`, `apply` and `drift`: a protocol beside broker and registry, and brought to them."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, NamedTuple

import typer
from prometheus_client import CollectorRegistry, Gauge, write_to_textfile

from ops.commands.common import AsJson, RunDir, protocol_of, running_stack
from ops.embedded import private_files
from ops.embedded.broker_config import ADMIN
from ops.embedded.stack import Stack
from ops.isp.apply import apply as apply_protocol
from ops.isp.changes import Applied
from ops.isp.plan import Plan, make_plan, require_same
from ops.isp.signed import load_signed, may_follow
from ops.screen import Screen, say, say_json, say_lines
from schemas.catalogue import Catalogue, load_catalogue
from schemas.london import london_today
from schemas.openings import closed_datasets
from schemas.protocol import Protocol
from schemas.protocol_file import load_protocol
from schemas.review_date import review_notice

DRIFT = 3

OnBroker = Annotated[
    Path | None,
    typer.Argument(
        metavar="PROTOCOL.yaml",
        exists=True,
        dir_okay=False,
        help="That of `ipu up` by default.",
    ),
]


class InForce(NamedTuple):
    """A protocol and the running stack that it is for."""

    file: Path
    protocol: Protocol
    catalogue: Catalogue
    stack: Stack

    @property
    def admin(self) -> dict[str, str]:
        """Configuration of a client that may administer the cluster."""
        return self.stack.secrets.client_config(self.stack.bootstrap, ADMIN)

    @property
    def closed(self) -> frozenset[str]:
        """Peripheral datasets that no requirement opens today."""
        return closed_datasets(self.protocol, self.catalogue, london_today())

    def plan(self) -> Plan:
        """What applying the protocol would change now."""
        return make_plan(self.protocol, self.catalogue, self.admin, self.stack.registry_url)


def in_force(protocol_file: Path | None, run_dir: Path | None) -> InForce:
    """The protocol of the file, or that of `ipu up`, with the stack that runs."""
    catalogue, stack = load_catalogue(), running_stack(run_dir)
    file = protocol_of(stack.run_dir, protocol_file)
    protocol = load_protocol(file, catalogue)
    notice = review_notice(protocol, london_today())
    if notice is not None:
        Screen(stderr=True).print(notice, style="yellow")
    return InForce(file, protocol, catalogue, stack)


def plan(
    protocol_file: OnBroker = None,
    *,
    out: Annotated[
        Path | None, typer.Option(help="Write the plan to this file, for `ipu isp apply --plan`.")
    ] = None,
    run_dir: RunDir = None,
    as_json: AsJson = False,
) -> None:
    """Show what applying a protocol would create, change and remove; changes nothing.

    Examples:

        ipu isp plan partnership.yaml

        ipu isp plan partnership.yaml --out plan.json
        ipu isp apply partnership.yaml --plan plan.json
    """
    here = in_force(protocol_file, run_dir)
    made = here.plan()
    if out is not None:
        private_files.write(out, json.dumps(made.document, indent=2) + "\n")
    _show(here.protocol, made, made.document, as_json=as_json)


def apply(
    protocol_file: OnBroker = None,
    *,
    plan: Annotated[
        Path | None,
        typer.Option(
            exists=True, dir_okay=False, help="Do what this plan shows, or nothing at all."
        ),
    ] = None,
    renew_passwords: Annotated[
        bool, typer.Option(help="Set the passwords of existing principals again from the store.")
    ] = False,
    run_dir: RunDir = None,
    as_json: AsJson = False,
) -> None:
    """Make the running stack's topics, users, rules and schemas what the protocol says.

    What is no longer allowed is revoked first. Topics are never deleted. Nothing outside the
    partnership's own names is touched. A second call changes nothing; one that was stopped
    half-way says what was done, and the next one finishes it.

    Examples:

        ipu isp apply

        ipu isp apply partnership.yaml --plan plan.json

        ipu isp apply partnership.yaml --json | jq .topics.created
    """
    here = in_force(protocol_file, run_dir)
    load_signed(here.file, here.catalogue)
    signatures = may_follow(here.file, here.protocol, here.admin, here.catalogue)
    if plan is not None:
        if renew_passwords:
            message = "a plan shows no renewed passwords; renew them without --plan"
            raise typer.BadParameter(message, param_hint="--renew-passwords")
        require_same(here.plan(), plan)
    applied = apply_protocol(
        here.protocol,
        here.catalogue,
        here.admin,
        here.stack.secrets,
        here.stack.registry_url,
        Screen(stderr=True, quiet=as_json).print,
        signatures=signatures,
        renew_passwords=renew_passwords,
    )
    if as_json:
        say_json(_outcome(applied))
    else:
        say_lines(_summary(here.protocol, applied))


def drift(
    protocol_file: OnBroker = None,
    *,
    textfile: Annotated[
        Path | None,
        typer.Option(help="Write the metric ipu_protocol_drift here, for a textfile collector."),
    ] = None,
    run_dir: RunDir = None,
    as_json: AsJson = False,
) -> None:
    """Say whether broker and registry are what the protocol says: exit code 0, or 3 on drift.

    Examples:

        ipu isp drift || ipu isp plan

        ipu isp drift --textfile /var/lib/node_exporter/ipu.prom
    """
    here = in_force(protocol_file, run_dir)
    found = here.plan()
    if textfile is not None:
        _write_metric(here.protocol.prefix, found, textfile)
    _show(here.protocol, found, {"drift": not found.in_step, **found.document}, as_json=as_json)
    if not found.in_step:
        raise typer.Exit(DRIFT)


def _write_metric(partnership: str, found: Plan, textfile: Path) -> None:
    registry = CollectorRegistry()
    gauge = Gauge(
        "ipu_protocol_drift",
        "Resources that broker or registry have otherwise than the protocol",
        ["partnership", "kind"],
        registry=registry,
    )
    for kind, change in found.changes.items():
        gauge.labels(partnership, kind).set(change.differing)
    gauge.labels(partnership, "protocol").set(found.in_force != found.protocol)
    write_to_textfile(str(textfile), registry)


def _show(protocol: Protocol, changes: Plan, document: dict[str, object], *, as_json: bool) -> None:
    if as_json:
        say_json(document)
        return
    name = protocol.partnership.name
    if changes.in_step:
        say(f"{name}: broker and registry are what the protocol says")
        return
    say(f"{name}: to be brought into step by `ipu isp apply`")
    if changes.in_force != changes.protocol:
        say(f"  put in force  protocol {changes.protocol[:16]}…")
    for kind, change in changes.changes.items():
        lines = (("remove", change.removed), ("create", change.created), ("change", change.changed))
        for what, names in lines:
            for one in names:
                say(f"  {what}  {kind:8}{one}")


def _outcome(applied: Applied) -> dict[str, object]:
    changes = {kind: asdict(change) for kind, change in applied.changes.items()}
    return {"in_step_before": applied.nothing, **changes, "schema_ids": dict(applied.schema_ids)}


def _summary(protocol: Protocol, applied: Applied) -> str:
    name = protocol.partnership.name
    if applied.nothing:
        return f"{name}: everything was in step already"
    revoked = [f"  revoked  {rule}" for rule in applied.rules.removed]
    left = [f"  removed  user {user}" for user in applied.users.removed]
    return "\n".join([f"{name}: applied", *revoked, *left])
