"""Area `isp`: the time to apply a large protocol, and to revoke a right.

The example protocol is extended to 30 parties that receive all depersonalised data. It is planned and
applied to an empty broker and registry. Then one reader's ACLs are revoked while it reads. The cost of
the audit is measured as in the area `throughput`: one worker against a worker with empty audit
entries, in alternating runs.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, Producer, TopicPartition

from isp.agreement.access import rules
from isp.agreement.officer import Officer
from isp.agreement.openings import closed_datasets
from isp.agreement.protocol import Entitlement, Party, Protocol, Status
from isp.agreement.protocol_file import load_protocol
from isp.agreement.topics import Names, topics
from isp.broker.apply import apply
from isp.broker.plan import make_plan
from isp.broker.rules import revoke_rules
from isp.broker.users import remove_users
from ops.commands.common import DEFAULT_PROTOCOL
from schemas.catalogue import Catalogue, load_catalogue
from schemas.london import london_today
from tests.benchmarks.errors import BenchError
from tests.benchmarks.figures import Aim, Area, medians, with_load
from tests.benchmarks.setting import Setting
from tests.benchmarks.throughput import Throughput
from tests.protocols.let_in import let_in

PARTIES = 30
READER, READ = "business", "police-incident"
AIMS = {
    "plan_and_apply_s": Aim(20, at_most=True),
    "revoked_to_refused_s": Aim(2, at_most=True),
    "audit_overhead_percent": Aim(5, at_most=True),
}
_PATIENCE_S = 20.0


@dataclass(frozen=True, slots=True)
class Protocols:
    """The benchmark on a running stack."""

    setting: Setting
    progress: Callable[[str, int, int], None]

    def measure(self, runs: int, throughput: Throughput, records: int) -> Area:
        """`runs` protocols, each under a name of its own, and as many pairs of throughput runs."""
        catalogue, done = load_catalogue(), list[dict[str, Any]]()
        for number in range(runs):
            self.progress("isp", number, runs)
            protocol = large(catalogue, f"isp{time.time_ns()}")
            done.append({"run": number, **with_load(lambda: self._run(protocol, catalogue))})  # noqa: B023 - called at once
        self.progress("isp", runs, runs)
        named = ["plan_and_apply_s", "plan_s", "again_s", "revoked_to_refused_s"]
        how = " ".join((__doc__ or "").split())
        audited = throughput.audit_overhead(records, runs)
        figures = medians(done, named) | medians(audited, ["audit_overhead_percent"])
        return Area("isp", "s, %", figures, AIMS, [*done, *audited], how)

    def _run(self, protocol: Protocol, catalogue: Catalogue) -> dict[str, Any]:
        stack, admin = self.setting.stack, self.setting.admin_config
        begun = time.monotonic()
        make_plan(protocol, catalogue, admin, stack.registry_client)
        planned = time.monotonic()
        self._apply(protocol, catalogue)
        applied = time.monotonic()
        if not self._apply(protocol, catalogue):
            raise BenchError("a second application changed something")
        again = time.monotonic()
        try:
            refused = self._refused(protocol, catalogue)
        finally:
            self._clear(protocol, catalogue)
        wanted = topics(protocol, catalogue)
        return {
            "plan_s": planned - begun, "plan_and_apply_s": applied - begun,
            "again_s": again - applied, "revoked_to_refused_s": refused,
            "parties": len(protocol.parties), "topics": len(wanted),
            "rules": len(rules(protocol, closed_datasets(protocol, catalogue, london_today()))),
        }  # fmt: skip

    def _apply(self, protocol: Protocol, catalogue: Catalogue) -> bool:
        """Return True if there was nothing to do."""
        stack, said = self.setting.stack, list[str]()
        admin, registry = self.setting.admin_config, stack.registry_client
        admitted = let_in(protocol, admin, catalogue)
        return apply(admitted, catalogue, admin, stack.secrets, registry, said.append).nothing

    def _refused(self, protocol: Protocol, catalogue: Catalogue) -> float:
        """Seconds from asking the broker to revoke a reader's rules to its first refusal."""
        names = Names(protocol.prefix)
        topic, principal = names.depersonalised("second", READ), names.principal(READER)
        admin = self.setting.admin
        writer = Producer(self.setting.admin_config)
        writer.produce(topic, b"trial", b"trial", partition=0)
        writer.flush(_PATIENCE_S)
        settings = {"group.id": f"{principal}.reader", "enable.auto.commit": False, "log_level": 0}
        stack = self.setting.stack
        client = stack.secrets.client_config(stack.bootstrap, principal)
        reader = Consumer({**client, **settings})
        closed = closed_datasets(protocol, catalogue, london_today())
        left = [rule for rule in rules(protocol, closed) if rule.principal != principal]
        try:
            reader.assign([TopicPartition(topic, 0, OFFSET_BEGINNING)])
            _until(reader, None)
            with ThreadPoolExecutor(1) as aside:
                begun = time.monotonic()
                revoking = aside.submit(revoke_rules, admin, protocol.prefix, left)
                _until(reader, KafkaError.TOPIC_AUTHORIZATION_FAILED)
                refused = time.monotonic() - begun
                revoking.result()
        finally:
            reader.close()
        return refused

    def _clear(self, protocol: Protocol, catalogue: Catalogue) -> None:
        admin = self.setting.admin
        revoke_rules(admin, protocol.prefix, ())
        remove_users(admin, protocol.prefix, ())
        made = [topic.name for topic in topics(protocol, catalogue)]
        for future in admin.delete_topics(made).values():
            future.result(_PATIENCE_S)


def _until(reader: Consumer, code: int | None) -> None:
    """Poll until a record comes (None), or that error."""
    give_up = time.monotonic() + _PATIENCE_S
    while time.monotonic() < give_up:
        message = reader.poll(0.01)
        if message is not None:
            error = message.error()
            if (error.code() if error else None) == code:
                return
    raise BenchError(f"the reader was not answered with {code or 'a record'}")


def large(catalogue: Catalogue, short_name: str) -> Protocol:
    """The example protocol of all record types under another name, with `PARTIES` parties."""
    example = load_protocol(DEFAULT_PROTOCOL, catalogue)
    released = tuple(d for d in catalogue.record_types if example.profiles_of(d) != ("personal",))
    officer = Officer(post="Data Protection Officer", contact="officer@partnership.example")
    added = [
        Party(
            id=f"council-{number}", name=f"Council {number}", kind="council",
            status=Status.INVITED, relevant_authority=True, group="central", approver=officer,
            notification=f"Z{3_000_000 + number}",
        )
        for number in range(PARTIES - len(example.parties))
    ]  # fmt: skip
    receives = [
        Entitlement(
            party=party.id, profile="central", datasets=released,
            purpose="Strategic assessment", legal_basis="cda-1998-s115",
        )
        for party in added
    ]  # fmt: skip
    named = example.partnership.model_copy(update={"short_name": short_name})
    made = example.model_copy(
        update={
            "partnership": named,
            "parties": (*example.parties, *added),
            "receives": (*example.receives, *receives),
        }
    )
    return Protocol.model_validate(made.model_dump(by_alias=True))
