"""A partnership whose hub runs: what the police supply, and what the hub stores of it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from connectors.hub.copies import FOLDER
from connectors.hub.party_copy import PartyCopy
from ops.background import HUB
from tests.integration.site import Site, free_port
from tests.integration.spate import POLICE, Watched, postcodes, row
from tests.integration.test_supplies import run
from tests.integration.waiting import PATIENCE_S, until

TABLE = "central.police_incident"
ROWS = 40
ROOT = Path(__file__).parents[2]


def with_hub(document: Any) -> None:
    """Have a hub, and a source of tables that need no processing."""
    document["hub"] = {}
    document["aggregates"] = [
        {
            "agency": "council", "source": "cctv-cameras", "recipients": ["police"],
            "purpose": "prevention", "legal_basis": "cda-1998-s17a",
        }
    ]  # fmt: skip


@dataclass
class HubSite:
    """A site whose worker and hub run."""

    site: Site
    hub: subprocess.Popen[bytes] | None = None
    port: int = field(default_factory=free_port)
    supplied: int = 0
    options: tuple[str, ...] = ()

    def start(self) -> None:
        """Start the sink, as its command does, and with `options`."""
        run_dir = str(self.site.partnership.stack.run_dir)
        where = [
            "--protocol", str(self.site.protocol_file), "--run-dir", run_dir,
            "--metrics-port", str(self.port), "--exercise", *self.options,
        ]  # fmt: skip
        with (self.site.folder / "hub.log").open("ab") as log:
            command = [sys.executable, "-m", "ops.cli", "hub", "sink", *where]
            self.hub = subprocess.Popen(command, stdout=log, stderr=log, cwd=ROOT)

    def stop(self, number: int = signal.SIGTERM) -> None:
        """Stop or kill the sink."""
        assert self.hub is not None
        os.kill(self.hub.pid, number)
        self.hub.wait(PATIENCE_S)

    def supply(self, name: str, rows: list[dict[str, str]]) -> None:
        """Have the police supply a file, and wait until its records are released."""
        Watched(self.site).supply(name, rows)
        self.supplied += len(rows)
        receipts = self.site.receipts
        until(lambda: receipts(POLICE)["received"] == self.supplied, PATIENCE_S, "the receipts")

    def copy(self, party: str) -> Path:
        """Have the copy of a party written; its file."""
        answer = run(self.site, "hub", "snapshot", "--as", party, "--json")
        assert answer.code == 0, answer.said
        return Path(json.loads(answer.text)["file"])

    def count(self, party: str, table: str = TABLE) -> int:
        """Return the number of rows of a table in a new copy of a party."""
        return int(asked(self.copy(party), f"SELECT count(*) FROM {table}")[0][0])


@contextmanager
def running(made: HubSite) -> Iterator[HubSite]:
    """Run the worker and the embedded hub. Other tests use the stack; a hub has one partnership."""
    folder = made.site.partnership.stack.run_dir / HUB
    shutil.rmtree(folder, ignore_errors=True)
    with made.site.worker() as worker:
        worker.wait_ready()
        made.start()
        try:
            until((folder / FOLDER).is_dir, PATIENCE_S, "the start of the hub")
            yield made
        finally:
            made.stop()
            shutil.rmtree(folder, ignore_errors=True)


def asked(file: Path, query: str) -> list[tuple[Any, ...]]:
    """Return the answer of a copy."""
    with PartyCopy(file) as copy:
        return copy.query(query)


def rows(name: str, number: int = ROWS) -> list[dict[str, str]]:
    places = postcodes(number)
    return [row(f"{name}-{n}", n % 20 + 1, place) for n, place in enumerate(places)]
