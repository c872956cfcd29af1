"""The three risks are high if a release has the cells of its originals, and none if it has other cells."""

from __future__ import annotations

import random

import pytest

from offline.risk.confidence import Measured, risk_beyond, success_rate
from offline.risk.measures import Columns, risks

COLUMNS = Columns(("postcode",), ("date",), ("kind", "sex"))
Cells = dict[str, str]


def originals(count: int = 400) -> list[Cells]:
    drawn = random.Random(5)
    return [
        {
            "postcode": f"BA1 {n % 10}",
            "date": f"2024-{n % 12 + 1:02}-{n % 28 + 1:02}",
            "kind": drawn.choice(["theft", "arson", "fraud"]),
            "sex": drawn.choice(["male", "female"]),
        }
        for n in range(count)
    ]


# R: binom::binom.confint(x, n, methods = "wilson")
@pytest.mark.parametrize(
    ("successes", "attempts", "low", "high"),
    [(0, 10, 0.0, 0.277533), (5, 10, 0.236593, 0.763407), (81, 263, 0.255289, 0.366183)],
)
def test_the_interval_is_wilsons(successes: int, attempts: int, low: float, high: float) -> None:
    rate = success_rate(successes, attempts)
    assert rate.value - rate.error == pytest.approx(low, abs=1e-4)
    assert rate.value + rate.error == pytest.approx(high, abs=1e-4)


def test_without_attempts_nothing_is_known() -> None:
    document = success_rate(0, 0).document()
    assert (document["from"], document["to"]) == (0.0, 1.0)


def test_the_risk_is_what_the_attack_has_beyond_the_control() -> None:
    attack, control = success_rate(900, 1000), success_rate(500, 1000)
    risk = risk_beyond(attack, control)
    assert risk.value == pytest.approx(0.8, abs=0.005)
    assert 0 < risk.error < 0.1
    assert risk_beyond(control, attack).value == 0
    assert risk_beyond(attack, success_rate(10**9, 10**9)).error > 0


def test_a_release_that_tells_each_original_has_all_three_risks() -> None:
    own = [row | {"date": f"{row['date']} {n}"} for n, row in enumerate(originals())]
    found = risks([(row, row) for row in own], COLUMNS)
    assert found is not None
    assert found.singling_out.risk.value > 0.95
    assert found.linkability.risk.value > 0.95
    assert found.inference.risk.value > 0.95


def test_a_release_of_other_cells_has_no_risk_beyond_the_controls() -> None:
    known = originals()
    drawn = random.Random(6)
    told = [row | {"kind": drawn.choice(["theft", "arson"]), "date": ""} for row in known]
    found = risks(list(zip(told, known, strict=True)), COLUMNS)
    assert found is not None
    assert found.linkability.risk.value < 0.05
    low = found.inference.risk.document()["from"]
    assert low == 0


def test_empty_cells_say_nothing_and_do_not_protect() -> None:
    own = [row | {"date": f"{row['date']} {n}"} for n, row in enumerate(originals())]
    told = [row | {"sex": ""} for row in own]
    found = risks(list(zip(told, own, strict=True)), COLUMNS)
    assert found is not None
    assert found.singling_out.risk.value > 0.95
    assert found.linkability.risk.value > 0.95
    assert found.inferred == "kind"


def test_few_rows_have_no_measured_risk() -> None:
    assert risks([(row, row) for row in originals(10)], COLUMNS) is None


def test_a_document_has_rates_with_their_intervals() -> None:
    document = Measured(90, 100, 10, 100).document()
    assert document["attempts"] == document["control_attempts"] == 100
    for name in ("attack", "control", "risk"):
        part = document[name]
        assert 0 <= part["from"] <= part["rate"] <= part["to"] <= 1
