"""Run one container of docker-compose.yml: `python -m ops.container apply`, and so on.

The stack's addresses come from the environment and its passwords from mounted files. Each command
is the only process of its container. The container's restart policy restarts the worker.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from isp.agreement.access import principals
from isp.agreement.protocol import Protocol
from isp.agreement.protocol_file import load_protocol
from isp.agreement.topics import Names
from isp.audit.collector import collect_for_ever, log_files
from isp.broker.apply import apply as apply_protocol
from isp.broker.signed import ReadProtocol, admit, load_signed
from isp.keys import private_files
from isp.keys.case_keys import FOLDER as CASES
from isp.keys.errors import SecretError
from isp.keys.key_store import KeyStore
from isp.keys.protected_places import FOLDER as PROTECTED
from isp.keys.secrets_store import SecretStore
from ops.alerter import AlerterProgram
from ops.commands.first_keys import OverExercise, accepting
from ops.commands.hub_store import store_of
from ops.deployment import Deployment
from ops.detector import DetectorProgram
from ops.discloser import DiscloserProgram
from ops.embedded.broker_config import ADMIN, BROKER_PRINCIPAL, CONTROLLER_PRINCIPAL
from ops.exit_codes import exit_code
from ops.metrics_door import USER as METRICS
from ops.recording import recorder_on
from ops.reference import ensure_index
from ops.screen import say, say_lines
from ops.worker import WorkerSettings, run_worker
from schemas.catalogue import Catalogue, load_catalogue
from schemas.london import london_today
from transport.client_names import BROKER_LOG
from transport.registry_door import PRINCIPAL as REGISTRY
from transport.registry_door import user

ProtocolFile = Annotated[
    Path, typer.Option("--protocol", envvar="IPU_PROTOCOL", help="Protocol file.")
]
Secrets = Annotated[
    Path, typer.Option("--secrets", envvar="IPU_SECRETS", help="Folder with the password files.")
]
Bootstrap = Annotated[str, typer.Option(envvar="IPU_BOOTSTRAP", help="Broker, host:port.")]
RegistryUrl = Annotated[
    str, typer.Option(envvar="IPU_REGISTRY_URL", help="Confluent API of the registry.")
]
Exercise = Annotated[
    bool,
    typer.Option("--exercise", envvar="IPU_EXERCISE", help="Accept an exercise protocol."),
]
Data = Annotated[Path, typer.Option(envvar="IPU_DATA", help="Folder of the postcode index.")]

MetricsPort = Annotated[
    int | None, typer.Option(envvar="IPU_METRICS_PORT", help="Loopback port of the metrics.")
]
State = Annotated[Path, typer.Option(envvar="IPU_STATE", help="Folder of the state stores.")]
Lists = Annotated[
    Path | None,
    typer.Option(
        envvar="IPU_LISTS",
        help="Folder of the reference lists; default: that of the postcode index.",
    ),
]
Slot = Annotated[str, typer.Option(envvar="IPU_SLOT", help="Slot of this process.")]

REGISTRY_FILE = f"{REGISTRY}.properties"
"""The registry's password, in the form of the registry's own settings."""

container = typer.Typer(
    help="Run the parts of the system in containers.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)


@container.command()
def secrets(folder: Path, protocol_file: ProtocolFile) -> None:
    """Make the keys, and a password file (mode 0600) for each principal that has none.

    Prints neither.
    """
    protocol, _ = _read(protocol_file)
    store = SecretStore(private_files.make_folder(folder))
    # The compose file mounts both, whether or not they have keys.
    for name in (CASES, PROTECTED):
        private_files.make_folder(folder / name)
    KeyStore(folder).make(london_today(), new=not store.has(Names(protocol.prefix).worker))
    for name in secret_names(protocol):
        store.password(name)
    private_files.write(folder / REGISTRY_FILE, user(store.password(REGISTRY)))
    say(f"{len(secret_names(protocol))} secrets and the keys in {folder}")


@container.command()
def apply(
    protocol_file: ProtocolFile,
    secrets_folder: Secrets,
    bootstrap: Bootstrap,
    registry_url: RegistryUrl,
    data: Data,
    *,
    households: Annotated[
        Path | None,
        typer.Option(help="CSV of household counts by postcode; kept until you give another."),
    ] = None,
    accept_keys: Annotated[
        str | None,
        typer.Option(
            envvar="IPU_ACCEPT_KEYS",
            help="For the first protocol: confirm that its officers' keys have this digest.",
        ),
    ] = None,
    exercise: Exercise = False,
    over_exercise: OverExercise = False,
) -> None:
    """Make broker and registry match the protocol, and build the postcode index."""
    catalogue = load_catalogue()
    signed = load_signed(protocol_file, catalogue, exercise=exercise)
    store = _store(secrets_folder, (ADMIN, REGISTRY, *principals(signed.protocol)))
    admin = store.client_config(bootstrap, ADMIN)
    accept = accepting(accept_keys)
    admitted = admit(signed, admin, catalogue, accept, over_exercise=over_exercise)
    registry = store.registry_config(registry_url)
    apply_protocol(admitted, catalogue, admin, store, registry, say)
    say(f"{signed.protocol.title}: {signed.line}")
    ensure_index(data, signed.protocol.sanitising, households, say)


@container.command()
def worker(
    protocol_file: ProtocolFile,
    secrets_folder: Secrets,
    bootstrap: Bootstrap,
    data: Data,
    state: State,
    *,
    slot: Annotated[str, typer.Option(envvar="IPU_SLOT", help="Slot of this worker.")] = "0",
    lists: Lists = None,
    metrics_port: MetricsPort = None,
    exercise: Exercise = False,
) -> None:
    """Process intake records until stopped."""
    signed = load_signed(protocol_file, load_catalogue(), exercise=exercise)
    principal = Names(signed.protocol.prefix).worker
    store = _store(secrets_folder, (principal, METRICS))
    deployment = Deployment(bootstrap, store)
    run_worker(WorkerSettings.of(deployment, signed, data, state, slot, metrics_port, lists))


@container.command()
def collect(
    log_file: Annotated[
        Path,
        typer.Argument(help="The broker's authorizer.log; refusals.log is in the same folder."),
    ],
    protocol_file: ProtocolFile,
    secrets_folder: Secrets,
    bootstrap: Bootstrap,
    *,
    every: Annotated[
        float, typer.Option(min=0.1, help="Seconds between two readings of the log.")
    ] = 60.0,
) -> None:
    """Write the broker's own record of reads to the audit, until stopped."""
    protocol, catalogue = _read(protocol_file)
    principal = Names(protocol.prefix).recorder
    deployment = Deployment(bootstrap, _store(secrets_folder, (principal,)))
    recorder = recorder_on(deployment, protocol, catalogue, BROKER_LOG)
    collect_for_ever(log_files(log_file), recorder, every)


@container.command()
def disclose(
    protocol_file: ProtocolFile,
    secrets_folder: Secrets,
    bootstrap: Bootstrap,
    *,
    metrics_port: MetricsPort = None,
    exercise: Exercise = False,
) -> None:
    """Process officers' letters, open and close cases, and release to open cases, until stopped."""
    signed = load_signed(protocol_file, load_catalogue(), exercise=exercise)
    principal = Names(signed.protocol.prefix).discloser
    store = _store(secrets_folder, (ADMIN, principal, METRICS))
    deployment = Deployment(bootstrap, store)
    DiscloserProgram.of(deployment, signed, metrics_port).run()


@container.command()
def alert(
    protocol_file: ProtocolFile,
    secrets_folder: Secrets,
    bootstrap: Bootstrap,
    state: State,
    *,
    slot: Slot = "0",
    metrics_port: MetricsPort = None,
    exercise: Exercise = False,
) -> None:
    """Raise and update domestic alerts, or follow as a standby, until stopped."""
    given = _standby("alerter", protocol_file, secrets_folder, bootstrap, exercise=exercise)
    AlerterProgram.of(*given, state, slot, metrics_port).run()


@container.command()
def detect(
    protocol_file: ProtocolFile,
    secrets_folder: Secrets,
    bootstrap: Bootstrap,
    state: State,
    *,
    slot: Slot = "0",
    metrics_port: MetricsPort = None,
    exercise: Exercise = False,
) -> None:
    """Detect emerging problems, or follow as a standby, until stopped."""
    given = _standby("detector", protocol_file, secrets_folder, bootstrap, exercise=exercise)
    DetectorProgram.of(*given, state, slot, metrics_port).run()


@container.command()
def hub(
    protocol_file: ProtocolFile,
    secrets_folder: Secrets,
    bootstrap: Bootstrap,
    state: State,
    *,
    metrics_port: MetricsPort = None,
    exercise: Exercise = False,
) -> None:
    """Store releases in the hub, and write each party's copy at the protocol's times, until stopped."""
    open_store = store_of(None, state)
    # The image has it only if it was built with requirements-hub.lock.
    from ops.hub import HubProgram  # noqa: PLC0415

    given = _standby("hub", protocol_file, secrets_folder, bootstrap, exercise=exercise)
    HubProgram.of(*given, state, open_store, metrics_port).run()


def secret_names(protocol: Protocol) -> tuple[str, ...]:
    """Return the names of all secret files that the containers of a protocol need."""
    own = (ADMIN, BROKER_PRINCIPAL, CONTROLLER_PRINCIPAL, REGISTRY, METRICS)
    return (*own, *principals(protocol))


def _standby(
    component: str, protocol_file: Path, secrets_folder: Path, bootstrap: str, *, exercise: bool
) -> tuple[Deployment, ReadProtocol]:
    """Return the deployment and the signed protocol of a component with one password."""
    signed = load_signed(protocol_file, load_catalogue(), exercise=exercise)
    principal = Names(signed.protocol.prefix).principal(component)
    return Deployment(bootstrap, _store(secrets_folder, (principal, METRICS))), signed


def _read(protocol_file: Path) -> tuple[Protocol, Catalogue]:
    catalogue = load_catalogue()
    return load_protocol(protocol_file, catalogue), catalogue


def _store(folder: Path, needed: tuple[str, ...]) -> SecretStore:
    # No password is made up in a mounted folder: the broker would not know it.
    store = SecretStore(folder)
    missing = [name for name in needed if not store.has(name)]
    if missing:
        message = f"{folder} lacks {', '.join(missing)}; make them with the command `secrets`"
        raise SecretError(message)
    return store


def main() -> None:
    """Run a command; for an expected error print one message and exit with its code."""
    try:
        container()
    except Exception as error:
        code = exit_code(error)
        if code is None:
            raise
        say_lines(f"ipu: {error}", err=True)
        raise SystemExit(code) from error


if __name__ == "__main__":
    main()
