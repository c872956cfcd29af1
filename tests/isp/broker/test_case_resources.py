"""The broker resources of a case that cannot be read are not destroyed, and not reported as foreign."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import Future
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from confluent_kafka.admin import AclBinding, AclPermissionType  # type: ignore[attr-defined]

from isp.agreement.access import AclRule
from isp.agreement.topics import Names
from isp.broker.case_resources import CaseBrokerResources
from isp.broker.foreign import foreign
from isp.broker.rules import binding
from isp.cases.standing import Standing
from isp.keys.case_keys import CaseKeys
from tests.isp.cases.table import CASE, NOW

NAMES = Names("banes")
UNREADABLE, STRAY = NAMES.disclosed(CASE), NAMES.disclosed("ffffffffffffffff")


def reads(principal: str, topic: str) -> AclBinding:
    return binding(AclRule(principal, "read", "topic", topic))


def done(value: Any = None) -> Future[Any]:
    future: Future[Any] = Future()
    future.set_result(value)
    return future


class Broker:
    """A double of the administrator's client, with topics and ACLs that it can list and delete."""

    def __init__(self, topics: Iterable[str], rules: Iterable[AclBinding]) -> None:
        self.topics = set(topics)
        self.rules = set(rules)

    def list_topics(self, timeout: float) -> Any:
        partition = SimpleNamespace(leader=0)
        topic = SimpleNamespace(partitions={0: partition})
        return SimpleNamespace(topics=dict.fromkeys(self.topics, topic))

    def describe_acls(self, asked: Any, request_timeout: float) -> Future[Any]:
        allowed = asked.permission_type in {AclPermissionType.ALLOW, AclPermissionType.ANY}
        return done(list(self.rules) if allowed else [])

    def delete_acls(self, asked: list[Any], request_timeout: float) -> dict[Any, Future[Any]]:
        told = {(f.principal, f.name) for f in asked}
        self.rules = {rule for rule in self.rules if (rule.principal, rule.name) not in told}
        return {each: done() for each in asked}

    def delete_topics(self, asked: list[str], request_timeout: float) -> dict[str, Future[Any]]:
        self.topics -= set(asked)
        return {each: done() for each in asked}


OF_CASE = reads("banes.council", UNREADABLE)
OF_OTHERS = reads("mallory", UNREADABLE)
STRAY_RULE = reads("banes.council", STRAY)


def broker() -> Any:
    return Broker([UNREADABLE, STRAY], [OF_CASE, OF_OTHERS, STRAY_RULE])


def test_what_a_case_has_that_cannot_be_read_is_not_destroyed(tmp_path: Path) -> None:
    admin = broker()
    gone = CaseBrokerResources(admin, NAMES, CaseKeys(tmp_path)).tidy([], [CASE])
    assert (admin.topics, admin.rules) == ({UNREADABLE}, {OF_CASE})
    assert len(gone) == 3


def test_what_a_case_has_that_cannot_be_read_is_not_foreign() -> None:
    standing = Standing(unreadable_cases={CASE: NOW})
    found = foreign(broker(), "banes", [], [], standing)
    assert [line for line in found if CASE in line and "mallory" not in line] == []
    assert len(found) == 3
    assert any(line.startswith("allowed") and "mallory" in line for line in found)
    assert f"topic    {STRAY}" in found


def test_without_such_a_case_all_of_it_is_destroyed(tmp_path: Path) -> None:
    admin = broker()
    CaseBrokerResources(admin, NAMES, CaseKeys(tmp_path)).tidy([], [])
    assert (admin.topics, admin.rules) == (set(), set())
