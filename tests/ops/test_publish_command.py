from __future__ import annotations

import json
from collections import Counter

from connectors.outcome import Outcome
from connectors.publish import Published
from ops.commands.publish import _document

PUBLISHED = Published("ab" * 16, 3, 3, 3, 0, False, 0, {}, (), (), {})


def test_the_json_of_a_supply_holds_every_count_by_name() -> None:
    outcome = Outcome("ab" * 16, 3, received=3, accepted=2, rejected=1, faults=Counter({"x": 1}))
    document = json.loads(json.dumps(_document(PUBLISHED, outcome)))
    assert document["outcome"]["faults"] == {"x": 1}
    assert document["outcome"]["whole"] is True
    assert document["supply"]["records"] == 3
