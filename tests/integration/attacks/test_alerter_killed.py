"""Each event has one first alert for each recipient, through kills of the agent and the loss of its state."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import time
from pathlib import Path
from typing import Any

import pytest

from ops.embedded.stack import Stack
from ops.worker import STATE_FOLDER
from tests.integration.conftest import MakeSite
from tests.integration.domestic import (
    INCIDENTS,
    Alerts,
    Family,
    Responders,
    responding,
    with_alerts,
)

pytestmark = pytest.mark.broker

FLOWING, AT_ONCE = 200, 20
DAYS = 20
EARLIEST, LATER = 8, 10
"""Hours of the day of the first incidents, and hours by which corrected ones were later."""


@pytest.fixture(scope="module")
def stopped(stack: Stack, site_of: MakeSite) -> Iterator[Responders]:
    """A partnership with a worker and no alerts agent."""
    with responding(site_of(stack, "outliving", with_alerts)) as responders:
        yield responders


def flowing(number: int, **fields: Any) -> dict[str, Any]:
    """One of the incidents, each of another family and in another hour."""
    hour = time(EARLIEST + number // DAYS)
    family = Family(number + 1)
    return family.incident(f"I-{number}", 1 + number % DAYS, **({"incident_time": hour} | fields))


def check_once(reader: Alerts, number: int) -> None:
    """Each event has one first version, and the versions of each alert follow one another."""
    reader.read()
    assert len(reader.versions) == number
    for versions in reader.versions.values():
        numbers = [each["version"] for each in versions if each is not None]
        assert numbers == sorted(set(numbers))
        assert numbers.count(1) == 1


def by_hour(reader: Alerts) -> dict[str, str]:
    """The alert of each hour; no two of the incidents have the same one."""
    reader.read()
    found = {v[-1]["hour"]: alert for alert, v in reader.versions.items() if v[-1] is not None}
    assert len(found) == len(reader.versions)
    return found


def hour_of(record: dict[str, Any]) -> str:
    return f"{record['incident_date']}T{record['incident_time'].hour:02d}"


@pytest.mark.timeout(600)
def test_every_event_has_one_first_alert_through_kills_takeovers_and_lost_state(
    stopped: Responders,
) -> None:
    site, readers = stopped.site, (stopped.council, stopped.fire)
    # Killed between the transaction of the worker and its own: the incident waits for the agent.
    site.publish(INCIDENTS, [flowing(0)])
    site.drain()
    with ExitStack() as running:
        agents = {slot: running.enter_context(stopped.alerter(slot)) for slot in "01"}
        stopped.council.until_new(())
        # Killed while incidents flow: the standby takes over, and is killed in its turn.
        for begin in range(1, FLOWING, AT_ONCE):
            site.publish(INCIDENTS, map(flowing, range(begin, min(begin + AT_ONCE, FLOWING))))
            if begin in {1, 1 + 3 * AT_ONCE, 1 + 6 * AT_ONCE}:
                known = len(stopped.council.versions)
                stopped.council.until_new(set(stopped.council.versions))
                killed = stopped.active() or "0"
                agents[killed].kill()
                agents[killed] = running.enter_context(stopped.alerter(killed))
                assert len(stopped.council.versions) > known
        site.drain()
        for reader in readers:
            reader.until_new((), FLOWING)
            check_once(reader, FLOWING)
        for agent in agents.values():
            agent.kill()
    alerts = by_hour(stopped.council)
    lose_state(stopped, "0")
    damage_state(stopped, "1")
    for slot, corrected in (("0", range(10)), ("1", range(20, 30))):
        with stopped.alerter(slot):
            records = [flowing(n) for n in corrected]
            later = [time(r["incident_time"].hour + LATER) for r in records]
            moved = [r | {"incident_time": t} for r, t in zip(records, later, strict=True)]
            site.publish(INCIDENTS, moved)
            for record, new in zip(records, moved, strict=True):
                until_hour(stopped.council, alerts[hour_of(record)], hour_of(new))
            withdrawn = flowing(corrected[0], domestic=False, incident_type="ASB nuisance")
            site.publish(INCIDENTS, [withdrawn])
            stopped.council.until_so(
                alerts[hour_of(flowing(corrected[0]))], lambda v: v is None, "the withdrawal"
            )
            for reader in readers:
                check_once(reader, FLOWING)


def until_hour(reader: Alerts, alert: str, hour: str) -> None:
    reader.until_so(alert, lambda v: v is not None and v["hour"] == hour, "the corrected alert")


def state_of(responders: Responders, slot: str) -> Path:
    """The folder of the state of an agent."""
    partnership = responders.site.partnership
    return partnership.stack.run_dir / STATE_FOLDER / f"{partnership.names.alerter}.{slot}"


def lose_state(responders: Responders, slot: str) -> None:
    """Delete the state of an agent that does not run."""
    shutil.rmtree(state_of(responders, slot))


def damage_state(responders: Responders, slot: str) -> None:
    """Cut every file of the state of an agent in half."""
    files = [file for file in state_of(responders, slot).iterdir() if file.is_file()]
    assert files
    for file in files:
        os.truncate(file, file.stat().st_size // 2)
