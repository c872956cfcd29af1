from __future__ import annotations

import io
import json
from collections import Counter
from pathlib import Path

import pytest
from rich.console import Console
from rich.table import Table

from connectors.account import Account
from connectors.mappings.mapping_file import identity_mapping
from connectors.outcome import Outcome
from connectors.publishing.publish import Job, Published
from ops.commands.publish import _add_outcome, _document, _notes
from schemas.catalogue import load_catalogue

PUBLISHED = Published("ab" * 16, 3, 3, 3, 0, False, 0, {}, (), (), {})


def test_the_json_of_a_supply_holds_every_count_by_name() -> None:
    outcome = Outcome("ab" * 16, 3, received=3, accepted=2, rejected=1, faults=Counter({"x": 1}))
    document = json.loads(json.dumps(_document(PUBLISHED, outcome)))
    assert document["outcome"]["faults"] == {"x": 1}
    assert document["outcome"]["whole"] is True
    assert document["supply"]["records"] == 3


def test_the_note_on_rejects_can_be_run_as_it_stands() -> None:
    catalogue = load_catalogue()
    mapping = identity_mapping(catalogue.record_type("fire-incident"))
    job = Job(Path("in.csv"), mapping, Account("banes", "fire", {}), catalogue)
    note = next(_notes(job, PUBLISHED, Outcome("ab" * 16, 3, received=3, accepted=2, rejected=1)))
    assert "`ipu read rejected.fire.fire-incident --as fire`" in note


@pytest.mark.parametrize(("observed", "shown"), [(2, True), (0, False)])
def test_the_summary_says_how_many_records_went_to_domestic_alerts(
    observed: int, *, shown: bool
) -> None:
    receipt = {
        "accepted": 3, "observed": observed, "newest_event": "", "reject_alarm": False,
    }  # fmt: skip
    table, console = Table(), Console(width=80, file=io.StringIO(), record=True)
    _add_outcome(table, Outcome("ab" * 16, 3).plus(receipt))
    console.print(table)
    assert ("passed to domestic alerts" in console.export_text()) is shown
