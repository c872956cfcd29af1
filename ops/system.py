"""Start the whole system on this machine: stack, protocol, postcode index, worker."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from isp.agreement.protocol import Protocol
from isp.agreement.topics import Names
from isp.broker.apply import apply
from isp.broker.signed import AcceptKeys, admit, load_signed
from isp.keys import private_files
from isp.keys.key_store import KeyStore
from ops.background import (
    start_alerter,
    start_collector,
    start_detector,
    start_discloser,
    start_hub,
    start_keeper,
    start_worker,
    stop_beside,
    stop_keeper,
    stop_workers,
)
from ops.deployment import Deployment
from ops.embedded import stack as embedded
from ops.embedded.broker_config import ADMIN
from ops.embedded.layout import Layout
from ops.embedded.service import Service
from ops.embedded.stack import Stack
from ops.extras import need
from ops.reference import ensure_index
from ops.settings import Settings
from sanitiser.places.postcode_store import load_metadata
from schemas.catalogue import Catalogue, load_catalogue
from schemas.london import london_today

_PROTOCOL_FILE = "protocol-in-force"

Report = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class System:
    """A running system and its protocol.

    `households` names the file of household counts, if any.
    """

    stack: Stack
    protocol_file: Path
    protocol: Protocol
    catalogue: Catalogue
    worker: Service | None
    discloser: Service | None = None
    alerter: Service | None = None
    detector: Service | None = None
    hub: Service | None = None
    households: str | None = None

    def client(self, party: str) -> dict[str, str]:
        """Return the Kafka client settings of the principal of `party`."""
        principal = Names(self.protocol.prefix).principal(party)
        return self.stack.secrets.client_config(self.stack.bootstrap, principal)


def bring_up(
    settings: Settings,
    protocol_file: Path,
    households: Path | None,
    report: Report,
    *,
    accept: AcceptKeys,
    worker: bool = True,
    exercise: bool = False,
    over_exercise: bool = False,
) -> System:
    """Start what does not run yet, apply the protocol, build the index, start the worker.

    With `exercise` an exercise protocol is accepted. `accept` and `over_exercise` are passed to
    `isp.broker.signed.admit`.
    """
    catalogue = load_catalogue()
    signed = load_signed(protocol_file, catalogue, exercise=exercise)
    protocol = signed.protocol
    if protocol.hub is not None:
        need("hub")
    stack = embedded.start(settings, report)
    start_keeper(stack)
    private_files.write(stack.run_dir / _PROTOCOL_FILE, str(protocol_file.resolve()))
    report("applying the protocol")
    # Before the passwords are made: their absence shows that the system is new.
    keys_of(stack).make(london_today(), new=not stack.secrets.has(Names(protocol.prefix).worker))
    admin = stack.secrets.client_config(stack.inside, ADMIN)
    admitted = admit(signed, admin, catalogue, accept, over_exercise=over_exercise)
    apply(admitted, catalogue, admin, stack.secrets, stack.registry_client, report)
    index = ensure_index(stack.run_dir, protocol.sanitising, households, report)
    counted = load_metadata(index).households
    start_collector(stack, protocol_file)
    mark = protocol.exercise
    started = start_worker(stack, protocol_file, exercise=mark) if worker else None
    discloser = start_discloser(stack, protocol_file, exercise=mark) if worker else None
    alerts = worker and protocol.alerts.domestic is not None
    alerter = start_alerter(stack, protocol_file, exercise=mark) if alerts else None
    problems = worker and protocol.emerging_problems is not None
    detector = start_detector(stack, protocol_file, exercise=mark) if problems else None
    stores = worker and protocol.hub is not None
    hub = start_hub(stack, protocol_file, exercise=mark) if stores else None
    return System(
        stack,
        protocol_file,
        protocol,
        catalogue,
        started,
        discloser,
        alerter,
        detector,
        hub,
        counted,
    )


def deployment_of(stack: Stack) -> Deployment:
    """Return where the programs of a stack find what they need."""
    return Deployment(stack.inside, stack.secrets)


def keys_of(stack: Stack) -> KeyStore:
    """Return the store of keys in the secrets folder of a stack."""
    return KeyStore(stack.secrets.folder)


def keys_in(run_dir: Path) -> KeyStore:
    """Return the store of keys under a run directory, whether or not a stack runs there."""
    return KeyStore(Layout(run_dir).secrets.folder)


def remembered_protocol(run_dir: Path) -> Path | None:
    """Return the protocol file with which the run directory was last started, or None."""
    try:
        return Path((run_dir / _PROTOCOL_FILE).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None


def take_down(settings: Settings, report: Report) -> bool:
    """Stop the workers, then registry and broker; return False if nothing ran. Data is kept."""
    stopped = bool(stop_workers(settings.run_dir))
    if stopped:
        report("the worker has finished its batch and stopped")
    stopped = stop_beside(settings.run_dir) or stopped
    stopped = stop_keeper(settings.run_dir) or stopped
    return embedded.stop(settings, report) or stopped
