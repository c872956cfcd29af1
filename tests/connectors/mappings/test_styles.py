"""A date or time is read as it was meant, or not at all."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.mappings.styles import Style

STYLES = (
    "%H%M", "%H%M%S", "%I%M%p", "%d%m%Y", "%d%m%y", "%m%d%Y", "%y%m%d", "%Y%m%d", "%j%Y", "%m%Y",
    "%d/%m/%Y", "%d.%m.%Y", "%H:%M", "%H.%M", "%H:%M:%S", "%Y-%m-%d %H%M", "%d%m%Y%H%M", "%d%b%Y",
    "%b%d%Y", "20%y-%m-%d", "%d%m%Y %H.%M", "%Y%m%d%H%M%S%f",
)  # fmt: skip


def read(style: str, text: str) -> datetime | None:
    try:
        return Style(style).read(text)
    except ValueError:
        return None


@pytest.mark.parametrize(
    ("text", "clock"),
    [
        ("130", "01:30"), ("115", "01:15"), ("215", "02:15"), ("30", "00:30"), ("5", "00:05"),
        ("930", "09:30"), ("2130", "21:30"), ("0130", "01:30"), ("0", "00:00"),
    ],
)  # fmt: skip
def test_a_time_whose_noughts_a_spreadsheet_dropped_is_the_time_that_was_meant(
    text: str, clock: str
) -> None:
    found = read("%H%M", text)
    assert found is not None
    assert f"{found:%H:%M}" == clock


@pytest.mark.parametrize(
    ("style", "text", "day"),
    [
        ("%d%m%Y", "1112026", "2026-11-01"),
        ("%d%m%Y", "31122026", "2026-12-31"),
        ("%d%m%y", "11026", "2026-10-01"),
        ("%y%m%d", "51001", "2005-10-01"),
        ("%d%b%Y", "1Oct2026", "2026-10-01"),
        ("%d/%m/%Y", "1/9/2026", "2026-09-01"),
        ("%m%Y", "12026", "2026-01-01"),
    ],
)
def test_a_day_whose_nought_is_missing_is_the_day_that_was_meant(
    style: str, text: str, day: str
) -> None:
    found = read(style, text)
    assert found is not None
    assert f"{found:%Y-%m-%d}" == day


@pytest.mark.parametrize(
    ("style", "text"),
    [
        ("%d%m%Y", "112026"),
        ("%Y%m%d", "2026101"),
        ("%Y%m%d", "202611"),
        ("%H%M%S", "2130"),
        ("%H%M", "2460"),
        ("%H%M", "01300"),
        ("%H.%M", "21.3"),
        ("%Y.%m", "2026.1"),
        ("%H:%M", "1:3"),
        ("%d/%m/%Y", "1/9/26"),
        ("%H%M", "١٣٠"),
        ("%H%M", "1:30"),
        ("%H%M%S%f", "93015"),
    ],
)
def test_what_could_be_two_dates_or_times_is_none(style: str, text: str) -> None:
    assert read(style, text) is None


@pytest.mark.parametrize("style", ["%x", "%c", "%X", "%Q", "%-d", "%", "%d %d", "%f%H%M"])
def test_a_style_that_is_none_everywhere_is_refused(style: str) -> None:
    with pytest.raises(ValueError, match=r"%|twice"):
        Style(style)


def plain(text: str) -> str:
    """Return the text without leading zeros of its numbers and without zeros after a fraction."""
    return re.sub(r"0*(\d+)", r"\1", text).casefold().strip()


@st.composite
def texts(draw: st.DrawFn) -> tuple[str, str]:
    """Draw a style, and a moment written in it with some digits left out."""
    style = draw(st.sampled_from(STYLES))
    moment = draw(st.datetimes(datetime(1900, 1, 1), datetime(2099, 12, 31)))
    text = moment.strftime(style)
    for _ in range(draw(st.integers(0, 3))):
        at = draw(st.integers(0, len(text)))
        text = text[:at] + text[at + 1 :]
    return style, text


@given(texts())
def test_what_a_style_reads_it_writes_as_the_same_text_but_for_noughts_in_front(
    case: tuple[str, str],
) -> None:
    style, text = case
    found = read(style, text)
    if found is not None:
        written = found.strftime(style)
        if style.endswith("%f"):
            written, text = written.rstrip("0"), text.rstrip("0")
        assert plain(written) == plain(text)


@given(st.sampled_from(STYLES), st.datetimes(datetime(1970, 1, 1), datetime(2060, 12, 31)))
def test_what_a_style_writes_it_reads(style: str, moment: datetime) -> None:
    found = read(style, moment.strftime(style))
    assert found is not None
    assert found.strftime(style) == moment.strftime(style)


@given(st.sampled_from(STYLES), st.text(st.sampled_from("0123456789:./ -"), max_size=14))
def test_no_text_raises_anything_but_that_it_is_none(style: str, text: str) -> None:
    found: Any = read(style, text)
    assert found is None or isinstance(found, datetime)
