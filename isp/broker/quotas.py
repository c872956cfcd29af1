"""Quotas: limits on each party's use of the broker, so that no party can slow down the others.

librdkafka has no requests for quotas. kafka-python has their messages (KIP-546), but no method for them.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from kafka.admin import KafkaAdminClient
from kafka.errors import KafkaError
from kafka.protocol.admin.client_quotas import AlterClientQuotasRequest, DescribeClientQuotasRequest

from isp.agreement.access import conflict_officers
from isp.agreement.protocol import Protocol, Quotas
from isp.agreement.topics import Names
from isp.broker.changes import Change
from isp.broker.errors import ApplyError
from isp.broker.requests import wait_until

_USER = "user"
_ANY_NAME = 2
"""Kafka's code for a match of every entity that has a name."""
_DOING = "set the quotas"

Limits = Mapping[str, float]
"""Values of limits by Kafka's names of them."""

_LETTERS_ALONE: Limits = {"producer_byte_rate": 65_536.0}
"""Limits of a party that supplies no dataset: it writes only about cases and alerts, in small messages.

A conflict officer, who writes nothing, has them too.
"""


def wanted_quotas(protocol: Protocol) -> dict[str, Limits]:
    """Return the limits of each party's and conflict officer's principal. The processor has no limits."""
    names, limits = Names(protocol.prefix), limits_of(protocol.quotas)
    publishing = {s.agency for s in protocol.supplies} | {a.agency for a in protocol.aggregates}
    narrow = {**limits, **_LETTERS_ALONE}
    of_parties = {
        names.principal(p.id): limits if p.id in publishing else narrow for p in protocol.parties
    }
    return of_parties | dict.fromkeys(conflict_officers(protocol), narrow)


def limits_of(quotas: Quotas) -> Limits:
    """Return limits by Kafka's names: bytes per second, and per cent of one thread's time."""
    return {
        "producer_byte_rate": float(quotas.publish_bytes_per_second),
        "consumer_byte_rate": float(quotas.read_bytes_per_second),
        "request_percentage": float(quotas.request_percent),
    }


def quota_changes(admin: Mapping[str, Any], protocol: Protocol) -> Change:
    """Return the changes that `apply_quotas` would make; change nothing."""
    with _client(admin) as client:
        return _changes(client.quotas(), protocol)


def foreign_quotas(admin: Mapping[str, Any], prefix: str) -> tuple[str, ...]:
    """Return each limit that affects our principals and is not set for a single user.

    Such a limit is set for a client id, for an address, or as the default of users. Each is one line; the
    lines are sorted.

    Raises:
        ApplyError: the broker refused or did not answer.
    """
    with _client(admin) as client:
        return tuple(sorted(client.other_quotas(Names(prefix))))


def apply_quotas(admin: Mapping[str, Any], protocol: Protocol) -> Change:
    """Set the limits that are missing or different, and remove those of principals that have left.

    Raises:
        ApplyError: the broker refused or did not answer.
    """
    with _client(admin) as client:
        present = client.quotas()
        change = _changes(present, protocol)
        if not change.nothing:
            wanted = wanted_quotas(protocol)
            touched = {*change.created, *change.changed}
            client.set_quotas({name: wanted[name] for name in touched})
            client.end_quotas({name: present[name] for name in change.removed})
            wait_until(lambda: _changes(client.quotas(), protocol).nothing, "the quotas")
    return change


def _changes(present: Mapping[str, Limits], protocol: Protocol) -> Change:
    wanted = wanted_quotas(protocol)
    ours = set(filter(Names(protocol.prefix).owns, present))
    differing = {n for n in wanted.keys() & present.keys() if wanted[n] != present[n]}
    return Change(
        created=tuple(sorted(wanted.keys() - present.keys())),
        changed=tuple(sorted(differing)),
        removed=tuple(sorted(ours - wanted.keys())),
        left=len(wanted.keys() & present.keys()) - len(differing),
    )


class _QuotaClient(KafkaAdminClient):  # type: ignore[misc]
    """kafka-python's admin client with the two requests for which it has no method."""

    def quotas(self) -> dict[str, Limits]:
        """Return the limits of each single user."""
        component = {"entity_type": _USER, "match_type": _ANY_NAME, "match": None}
        component_type = DescribeClientQuotasRequest.ComponentData
        # An entry without a name is the default of users without a limit of their own.
        return {
            entry.entity[0].entity_name: {value.key: value.value for value in entry.values}
            for entry in self._described([component_type(**component)])
            if entry.entity[0].entity_name is not None
        }

    def other_quotas(self, names: Names) -> Iterator[str]:
        """Yield a line for each limit that is not for a single user, except for other partnerships' users."""
        for entry in self._described([]):
            entity = {each.entity_type: each.entity_name for each in entry.entity}
            user = entity.get(_USER)
            is_single = set(entity) == {_USER} and user is not None
            if not is_single and (user is None or names.owns(user)):
                of = " ".join(f"{kind}={name or 'any'}" for kind, name in sorted(entity.items()))
                yield from (f"limit    {of} {value.key}={value.value:g}" for value in entry.values)

    def _described(self, components: Sequence[Any]) -> Sequence[Any]:
        request = DescribeClientQuotasRequest(components=components, strict=bool(components))
        answer = self._manager.run(self._manager.send, request)
        _raise_if(answer.error_code, answer.error_message)
        return answer.entries or ()

    def set_quotas(self, wanted: Mapping[str, Limits]) -> None:
        """Set these limits for each user."""
        self._alter({u: [(k, v, False) for k, v in limits.items()] for u, limits in wanted.items()})

    def end_quotas(self, present: Mapping[str, Limits]) -> None:
        """Remove the limits of each user."""
        self._alter({u: [(k, 0.0, True) for k in limits] for u, limits in present.items()})

    def _alter(self, operations: Mapping[str, Collection[tuple[str, float, bool]]]) -> None:
        if not operations:
            return
        entry_type = AlterClientQuotasRequest.EntryData
        entries = [
            entry_type(
                entity=[entry_type.EntityData(entity_type=_USER, entity_name=user)],
                ops=[entry_type.OpData(key=k, value=v, remove=r) for k, v, r in of_user],
            )
            for user, of_user in operations.items()
        ]
        request = AlterClientQuotasRequest(entries=entries, validate_only=False)
        answer = self._manager.run(self._manager.send, request)
        for entry in answer.entries:
            _raise_if(entry.error_code, entry.error_message)


def _raise_if(code: int, message: str | None) -> None:
    if code:
        raise ApplyError(f"{_DOING}: {message or f'Kafka error {code}'}")


@contextmanager
def _client(admin: Mapping[str, Any]) -> Iterator[_QuotaClient]:
    """Open a client with the configuration of a librdkafka client; kafka-python logs errors only."""
    logging.getLogger("kafka").setLevel(logging.ERROR)
    try:
        client = _QuotaClient(
            bootstrap_servers=admin["bootstrap.servers"],
            security_protocol=admin["security.protocol"],
            sasl_mechanism=admin["sasl.mechanism"],
            sasl_plain_username=admin["sasl.username"],
            sasl_plain_password=admin["sasl.password"],
        )
    except KafkaError as error:
        raise ApplyError(f"{_DOING}: {type(error).__name__}") from error
    try:
        yield client
    except KafkaError as error:
        raise ApplyError(f"{_DOING}: {type(error).__name__}") from error
    finally:
        client.close()
