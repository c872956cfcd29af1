"""A broker that dies under a publisher."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from connectors.mappings.mapping_file import identity_mapping
from connectors.publishing.pace import Pace
from connectors.publishing.publish import Job, Progress, publish
from isp.agreement.protocol_file import load_protocol
from ops.embedded import stack as embedded
from ops.embedded.stack import Stack
from ops.settings import Settings
from schemas.catalogue import load_catalogue
from tests.integration.partnership import Partnership, bring_into_step
from tests.integration.test_publish import PREFIX, account_of, references, write_incidents
from tests.integration.waiting import PATIENCE_S
from tests.protocols import FIRST


@pytest.fixture
def own(fragile_stack: Stack, tmp_path: Path) -> Partnership:
    text = FIRST.read_text(encoding="utf-8")
    path = tmp_path / "own.yaml"
    path.write_text(text.replace("short_name: banes", f"short_name: {PREFIX}"), encoding="utf-8")
    catalogue = load_catalogue()
    protocol = load_protocol(path, catalogue)
    return bring_into_step(protocol, catalogue, fragile_stack)


def test_a_broker_killed_under_a_publisher_costs_and_doubles_nothing(
    own: Partnership, fragile_settings: Settings, tmp_path: Path
) -> None:
    file = write_incidents(tmp_path / "through.csv", 6_000, "through")
    account = replace(account_of(own, "police"), patience_s=2 * PATIENCE_S)
    mapping = identity_mapping(own.catalogue.record_type("police-incident"))
    with ThreadPoolExecutor(1) as pool:

        def kill_once(at: Progress) -> None:
            if at.rows_read >= 2_000 and not restarts:
                assert embedded.kill_broker(fragile_settings)
                restarts.append(pool.submit(embedded.restart_broker, fragile_settings, print))

        restarts: list[object] = []
        published = publish(
            Job(file, mapping, account, own.catalogue), Pace(rows=1_000, seconds=60), kill_once
        )
    assert len(restarts) == 1
    assert (published.records, published.sent) == (6_000, 6_000)
    assert references(own, "through") == Counter(f"through-{n}" for n in range(6_000))
