"""The environment of the benchmarks: broker, registry, protocol, index, the contenders' rights."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from confluent_kafka.admin import (  # type: ignore[attr-defined]
    AclBinding,
    AclOperation,
    AclPermissionType,
    AdminClient,
    ResourcePatternType,
    ResourceType,
)

from isp.agreement.access import AclRule
from isp.agreement.protocol import Protocol
from isp.agreement.protocol_file import load_protocol
from isp.agreement.topics import MAXIMUM_MESSAGE_BYTES, Names, Topic, topics
from isp.broker.apply import apply
from isp.broker.rules import grant_rules
from isp.broker.topics import apply_topics
from isp.broker.users import apply_users
from ops.embedded import stack as embedded
from ops.embedded.broker_config import ADMIN
from ops.embedded.stack import Stack
from ops.exercise import FOLDER, exercise
from ops.reference import ensure_index
from ops.settings import Settings
from ops.system import keys_of
from schemas.catalogue import Catalogue, load_catalogue
from schemas.london import london_today
from tests.benchmarks.households import make_households
from tests.benchmarks.job import AGENCY, DATASET, Job
from tests.protocols.let_in import let_in

PROTOCOL_FILE = Path(__file__).with_name("bench.yaml")
CONTENDERS = ("librdkafka", "quix")
"""Contenders that are no component of `ipu`: principals with the worker's rights and no more."""

_CALL_SECONDS = 20.0

Report = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Files:
    """The files of the benchmarks, under one folder, with the protocol file `source`."""

    folder: Path
    source: Path = PROTOCOL_FILE

    @property
    def households(self) -> Path:
        """The made-up household counts."""
        return self.folder / "households.csv"

    @property
    def protocol(self) -> Path:
        """The benchmarks' protocol, signed for an exercise."""
        return self.run_dir / FOLDER / self.source.name

    @property
    def run_dir(self) -> Path:
        """The run directory of the embedded stack."""
        return self.folder / "run"

    @property
    def index(self) -> Path:
        """The postcode index of that run."""
        return self.run_dir / "reference"

    def log(self, name: str) -> Path:
        """Return the log file of a process that the benchmarks start."""
        folder = self.folder / "logs"
        folder.mkdir(parents=True, exist_ok=True)
        return folder / f"{name}.log"


@dataclass(frozen=True, slots=True)
class Setting:
    """A running stack that stands by the benchmarks' protocol."""

    files: Files
    stack: Stack
    protocol: Protocol
    catalogue: Catalogue
    schema_ids: dict[str, int]

    @property
    def names(self) -> Names:
        """Names of topics and principals."""
        return Names(self.protocol.prefix)

    @property
    def intake(self) -> str:
        """The one intake topic."""
        return self.names.intake(AGENCY, DATASET)

    @property
    def released(self) -> tuple[str, ...]:
        """The topics of the releases, one a profile."""
        profiles = self.protocol.profiles_of(DATASET)
        return tuple(self.names.depersonalised(profile, DATASET) for profile in profiles)

    @property
    def rejected(self) -> str:
        """The topic of the records that could not be used."""
        return self.names.rejected(AGENCY, DATASET)

    @property
    def outcomes(self) -> tuple[str, ...]:
        """Return the topics that have each record exactly once: released for `central`, or else rejected."""
        return (self.names.depersonalised("central", DATASET), self.rejected)

    @property
    def passthrough(self) -> str:
        """Topic of the contender that decodes and encodes alone."""
        return f"{self.protocol.prefix}.passthrough"

    @property
    def admin_config(self) -> dict[str, Any]:
        """Client configuration of the administrator, for whom every topic is open."""
        return dict(self.stack.secrets.client_config(self.stack.inside, ADMIN))

    @property
    def admin(self) -> AdminClient:
        """A client of the administrator."""
        return AdminClient(self.admin_config)

    def job(self, party: str, **options: Any) -> Job:
        """The job of a process that acts as `party`."""
        principal = self.names.principal(party)
        return Job(
            connection=dict(self.stack.secrets.client_config(self.stack.bootstrap, principal)),
            principal=principal,
            protocol=str(self.files.protocol),
            index=str(self.files.index),
            reference_key=keys_of(self.stack).ring().key(london_today()).secret.decode(),
            intake=self.intake,
            passthrough=self.passthrough,
            schema_ids=self.schema_ids,
            options=options,
        )


def ensure_reference(files: Files, report: Report) -> None:
    """Make the national index, and the household file it needs, where they are missing."""
    report("making up households")
    make_households(files.households)
    files.run_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    protocol = load_protocol(
        exercise(PROTOCOL_FILE, files.run_dir, load_catalogue()), load_catalogue()
    )
    ensure_index(files.run_dir, protocol.sanitising, files.households, report)


@contextmanager
def running(files: Files, report: Report) -> Iterator[Setting]:
    """The stack with protocol, index and rights; stopped at the end, its data stays."""
    ensure_reference(files, report)
    settings = Settings.from_environment(run_dir=files.run_dir)
    try:
        setting = put_in_force(files, embedded.start(settings, report), report)
        _admit_contenders(setting, topics(setting.protocol, setting.catalogue))
        yield setting
    finally:
        embedded.stop(settings, report)


def put_in_force(files: Files, stack: Stack, report: Report) -> Setting:
    """Put the signed protocol in force on a running stack."""
    catalogue = load_catalogue()
    protocol = load_protocol(files.protocol, catalogue)
    admin_config = stack.secrets.client_config(stack.inside, ADMIN)
    # As `ipu up` does: a worker refuses to make a key of its own.
    keys_of(stack).make(london_today())
    admitted = let_in(protocol, admin_config, catalogue)
    applied = apply(admitted, catalogue, admin_config, stack.secrets, stack.registry_client, report)
    wanted = topics(protocol, catalogue)
    ids = {topic.name: applied.schema_ids[topic.subject] for topic in wanted}
    return Setting(files, stack, protocol, catalogue, ids)


def _admit_contenders(setting: Setting, wanted: tuple[Topic, ...]) -> None:
    admin, prefix = setting.admin, setting.protocol.prefix
    intake = next(topic for topic in wanted if topic.name == setting.intake)
    # A topic that agencies write to takes smaller batches than a contender's producer makes.
    wide = replace(intake, name=setting.passthrough, maximum_bytes=MAXIMUM_MESSAGE_BYTES)
    apply_topics(admin, [wide])
    principals = [setting.names.principal(contender) for contender in CONTENDERS]
    apply_users(admin, principals, setting.stack.secrets)
    written = (
        *setting.released, setting.passthrough, setting.rejected,
    )  # fmt: skip
    rules = [
        rule
        for principal in principals
        for rule in (
            AclRule(principal, "read", "topic", setting.intake),
            *(AclRule(principal, "write", "topic", topic) for topic in written),
            AclRule(principal, "read", "group", f"{principal}.", prefixed=True),
            AclRule(principal, "write", "transactional-id", f"{principal}.", prefixed=True),
        )
    ]
    grant_rules(admin, prefix, rules)
    _let_describe(admin, setting.names.principal("quix"), (setting.intake, *written))


def _let_describe(admin: AdminClient, principal: str, topics: Iterable[str]) -> None:
    # Quix Streams compares the settings of every topic it is given; the worker needs no such right.
    futures = admin.create_acls(
        [
            AclBinding(
                ResourceType.TOPIC, topic, ResourcePatternType.LITERAL, f"User:{principal}", "*",
                AclOperation.DESCRIBE_CONFIGS, AclPermissionType.ALLOW,
            )
            for topic in topics
        ]
    )  # fmt: skip
    for future in futures.values():
        future.result(_CALL_SECONDS)
