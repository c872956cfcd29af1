"""Faults of the sanitiser itself are found where a check has evidence of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from sanitiser.places.postcodes import PostcodeIndex
from schemas.catalogue import load_catalogue
from tests.offline.risk.faulty_steps import FAULTY_STEPS, FaultyStep, is_found, without_and_with
from tests.offline.risk.planted import Trial, read
from tests.streams.partnership import small_index

CATALOGUE = load_catalogue()
FOUND = [step for step in FAULTY_STEPS if step.found_by is not None]
NOT_FOUND = [step for step in FAULTY_STEPS if step.found_by is None]


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> PostcodeIndex:
    return small_index(tmp_path_factory.mktemp("index"))


@pytest.mark.parametrize("step", FOUND, ids=lambda step: step.name)
def test_a_fault_of_a_step_is_found(index: PostcodeIndex, tmp_path: Path, step: FaultyStep) -> None:
    sound, faulty = without_and_with(Trial(tmp_path, index, CATALOGUE), step)
    assert sound.findings == []
    assert step.found_by in {(f.attack, f.field) for f in faulty.findings}
    assert is_found(step, sound, faulty)


@pytest.mark.parametrize("step", NOT_FOUND, ids=lambda step: step.name)
def test_a_fault_that_needs_other_evidence_is_not_found(
    index: PostcodeIndex, tmp_path: Path, step: FaultyStep
) -> None:
    trial = Trial(tmp_path, index, CATALOGUE)
    sound, faulty = without_and_with(trial, step)
    assert (sound.findings, faulty.findings) == ([], [])
    assert read(tmp_path / "out.csv")
