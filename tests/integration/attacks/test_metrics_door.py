"""A worker's metrics need the password, and never show which rows are excluded."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import NamedTuple

import httpx2
import pytest

from ops.embedded.stack import Stack
from ops.metrics_door import USER
from tests.integration.conftest import MakeSite
from tests.integration.records import offence
from tests.integration.site import Site, free_port
from tests.integration.waiting import PATIENCE_S, until

pytestmark = pytest.mark.broker

OFFENCES = "police-crime-offence"


class Served(NamedTuple):
    site: Site
    port: int

    def ask(self, path: str, login: tuple[str, str] | None = None) -> httpx2.Response:
        url = f"http://127.0.0.1:{self.port}{path}"
        return httpx2.get(url, auth=login, timeout=PATIENCE_S, trust_env=False)


@pytest.fixture(scope="module")
def served(stack: Stack, site_of: MakeSite) -> Iterator[Served]:
    """A worker that has kept a domestic offence from the second profile."""
    site, port = site_of(stack, "watched"), free_port()
    with site.worker(metrics_port=port) as worker:
        worker.wait_ready()
        site.publish(OFFENCES, [offence("C-1", domestic=True), offence("C-2")])
        site.drain([OFFENCES])
        until(
            lambda: "ipu_records_released_total{" in site.exposition(port), PATIENCE_S, "the counts"
        )
        yield Served(site, port)


def test_without_the_password_a_worker_says_nothing(served: Served) -> None:
    password = served.site.partnership.secrets.password(USER)
    logins = [None, (USER, ""), (USER, password[:-1]), ("ipu-admin", password)]
    for path in ("/metrics", "/", "/metrics?name[]=ipu_records_received_total", "//metrics"):
        for login in logins:
            answer = served.ask(path, login)
            assert (answer.status_code, "ipu" in answer.text) == (401, False)


def test_the_health_check_says_nothing_but_that_the_worker_is_there(served: Served) -> None:
    answer = served.ask("/health")
    assert (answer.status_code, answer.text) == (200, "200 OK\n")


def test_with_the_password_nothing_says_which_rows_a_profile_excludes(served: Served) -> None:
    receipts = served.site.receipts("police")
    assert receipts["withheld.row-excluded-from-second"] == 1, "its supplier is told"
    text = served.site.exposition(served.port)
    assert 'dataset="police-crime-offence"' in text
    assert [
        word for word in ("excluded", "not-known", "taken-back", 'profile="') if word in text
    ] == []


def test_a_flood_of_connections_is_cut_off_and_the_worker_works_on(served: Served) -> None:
    held = [socket.create_connection(("127.0.0.1", served.port), 5) for _ in range(24)]
    try:
        served.site.publish(OFFENCES, [offence("C-3")])
        served.site.drain([OFFENCES])
    finally:
        for connection in held:
            connection.close()
    until(lambda: served.ask("/health").is_success, PATIENCE_S, "an answer after the flood")
