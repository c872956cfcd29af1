"""Text for people has no character that they cannot see."""

from __future__ import annotations

import json

import pytest
from pydantic import TypeAdapter, ValidationError

from schemas.plain_text import Line, Text, visible

HIDDEN = {
    "ESC": "\x1b",
    "BEL": "\x07",
    "CR": "\r",
    "TAB": "\t",
    "DEL": "\x7f",
    "CSI": "\x9b",
    "right-to-left override": "\u202e",
    "isolate": "\u2066",
    "zero-width space": "\u200b",
    "byte order mark": "\ufeff",
    "line separator": "\u2028",
    "tag": "\U000e0041",
    "surrogate": "\ud800",
}


@pytest.mark.parametrize("character", HIDDEN.values(), ids=HIDDEN)
def test_what_cannot_be_seen_is_shown_as_an_escape_and_refused_on_the_way_in(
    character: str,
) -> None:
    shown = visible(f"a{character}b")
    assert character not in shown
    assert shown.isprintable()
    assert json.loads(f'"{shown}"') == f"a{character}b"
    for kind in (Line, Text):
        with pytest.raises(ValidationError) as refused:
            TypeAdapter(kind).validate_python(f"a{character}b")
        assert character not in refused.value.errors()[0]["msg"]


def test_what_can_be_seen_stays_as_it_is() -> None:
    text = "Ysbyty Ystrad Fawr – £5, “naïve”, Łódź, 北京, \u00a0[bold] C:\\x"
    assert visible(text) == text
    assert TypeAdapter(Line).validate_python(text) == text


def test_a_newline_is_kept_where_several_lines_are_meant() -> None:
    assert visible("a\nb") == "a\\u000ab"
    assert visible("a\nb", newlines=True) == "a\nb"
    assert TypeAdapter(Text).validate_python("a\nb\n") == "a\nb"
    with pytest.raises(ValidationError):
        TypeAdapter(Line).validate_python("a\nb")


@pytest.mark.parametrize("blank", ["", " ", "\n\n"])
def test_a_blank_text_is_none(blank: str) -> None:
    for kind in (Line, Text):
        with pytest.raises(ValidationError):
            TypeAdapter(kind).validate_python(blank)
