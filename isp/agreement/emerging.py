"""The detection of emerging problems in a protocol: recipients, groups of types, levels and limits."""

from __future__ import annotations

from datetime import time
from typing import Annotated

from pydantic import Field

from isp.agreement.names import Name
from schemas.formats import Signed
from schemas.plain_text import Visible

_Metres = Annotated[int, Field(ge=100, le=20_000)]
_Days = Annotated[int, Field(ge=1, le=3_660)]


class ProblemGroup(Signed):
    """Types that are scanned together, by dataset; an empty list means all types of the dataset.

    Records of several datasets about one event are counted once, the first dataset's.
    """

    name: Name
    types: Annotated[dict[str, tuple[Visible, ...]], Field(min_length=1)]


class EmergingRecipient(Signed):
    """A party that receives findings about emerging problems, from datasets that it receives anyway."""

    party: Name


class EmergingProblems(Signed):
    """The settings of the detection of emerging problems (guidance 3.1.1.2, 4.2.2).

    `datasets` are the datasets whose releases are used, as far as a recipient receives them. The first
    dataset of a group is counted where records of several are about one event.
    A finding is published if chance alone gives one as strong in `level_days` days, over all types and
    places together. It has at least `minimum_cases` cases. Circles have at most `radius_metres`, windows at
    most `window_days`; cases of `study_days` give what is expected. Rates are compared with those of
    `history_days`. The detectors run at the local times `evaluations`; an evaluation before noon is of the
    day before. A problem is closed `close_days` days after it was last found. Findings are retained for
    `keep_days`.
    """

    datasets: Annotated[tuple[str, ...], Field(min_length=1)]
    recipients: Annotated[tuple[EmergingRecipient, ...], Field(min_length=1)]
    groups: tuple[ProblemGroup, ...] = ()
    level_days: Annotated[int, Field(ge=30, le=3_660)] = 365
    minimum_cases: Annotated[int, Field(ge=3, le=100)] = 4
    radius_metres: _Metres = 1_000
    window_days: Annotated[int, Field(ge=2, le=28)] = 7
    study_days: Annotated[int, Field(ge=56, le=366)] = 182
    history_days: Annotated[int, Field(ge=182, le=3_660)] = 1_830
    replicates: Annotated[int, Field(ge=99, le=9_999)] = 999
    evaluations: Annotated[tuple[time, ...], Field(min_length=1, max_length=24)] = (time(6),)
    close_days: _Days = 14
    keep_days: Annotated[int, Field(ge=28, le=366)] = 90
    same_event_metres: _Metres = 250
    same_event_hours: Annotated[int, Field(ge=1, le=24)] = 3
    near_repeat_metres: _Metres = 400
    near_repeat_days: Annotated[int, Field(ge=1, le=60)] = 30
