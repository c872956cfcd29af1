"""The settings of profile `second` say what they do, or are refused."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from isp.agreement.second import SecondProfile

WHOLE = {"period": "week", "place": "sector", "minimum_households": 8}


@pytest.mark.parametrize("empty", WHOLE)
def test_an_empty_setting_is_refused_as_it_would_release_more_than_it_seems(empty: str) -> None:
    settings: dict[str, Any] = WHOLE | {empty: None}
    with pytest.raises(ValidationError, match="is empty; give a value, or leave the line out"):
        SecondProfile.model_validate(settings)


def test_a_setting_that_is_left_out_is_not_coarse() -> None:
    assert not SecondProfile.model_validate({"minimum_households": 8}).is_coarse
    assert SecondProfile.model_validate(WHOLE).is_coarse
