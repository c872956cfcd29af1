"""The invalid examples of every record type have exactly the problems listed with them."""

from __future__ import annotations

from datetime import date, datetime, time
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from schemas.catalogue import load_catalogue
from streams.steps.clean import Cleaner
from streams.steps.validate import Validator

EXAMPLES: dict[str, Any] = YAML(typ="safe").load(Path(__file__).with_name("invalid_examples.yaml"))
CATALOGUE = load_catalogue()
TODAY = date(2024, 6, 14)
NOW = datetime.combine(TODAY, time(12))


def test_every_record_type_has_invalid_examples() -> None:
    assert set(EXAMPLES) == set(CATALOGUE.record_types)
    assert all(any(not e["usable"] for e in examples) for examples in EXAMPLES.values())


@pytest.mark.parametrize(
    ("dataset", "example"),
    [
        pytest.param(dataset, example, id=f"{dataset}: {example['what']}")
        for dataset, examples in EXAMPLES.items()
        for example in examples
    ],
)
def test_an_invalid_example_has_these_problems_and_no_others(
    dataset: str, example: dict[str, Any]
) -> None:
    record_type = CATALOGUE.record_type(dataset)
    record, problems = Validator(record_type, CATALOGUE.code_lists).read(example["given"], NOW)
    assert [problem._asdict() for problem in problems] == example["problems"]
    cleaned = Cleaner(record_type).clean(record, problems, TODAY)
    assert (not cleaned.faults) is example["usable"]
    assert {fault.field for fault in cleaned.faults} <= set(record_type.required)
