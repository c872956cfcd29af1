"""A finding in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from detection.emerging.facts import Case, Problem


def words_of(message: Mapping[str, Any], problem: Problem, cases: Sequence[Case]) -> str:
    """Return a finding in words."""
    del problem, cases
    return f"{message['observed']} records of {message['what']} against {message['expected']:.1f} expected"
