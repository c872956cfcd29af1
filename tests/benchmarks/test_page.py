"""Figures of a page are found, and replaced, without a change of its words."""

from __future__ import annotations

import pytest

from tests.benchmarks.page import PAGE, amount, figures, replaced, share
from tests.benchmarks.page_figures import PARTS

TEXT = """\
Of 5,829 records 12 % are outside.

<!-- some: begin -->
| of 100 rows | alone |
| --- | --- |
| all 9 kinds | 93 %, 1,050 of 2,000 |
| `second` | 0.35 % |

- Of 7 events 42 % are near, and 3.5 % not.
<!-- some: end -->
"""


def test_the_figures_are_those_of_cells_and_percentages_between_the_marks() -> None:
    assert figures(TEXT, "some") == ["93", "1,050", "2,000", "0.35", "42", "3.5"]


def test_other_figures_change_no_word_and_nothing_outside() -> None:
    measured = ["8", "1", "20,000", "7", "100", "0"]
    text = replaced(TEXT, "some", measured)
    assert figures(text, "some") == measured
    assert replaced(text, "some", figures(TEXT, "some")) == TEXT


def test_a_part_that_the_page_has_not_or_has_twice_is_refused() -> None:
    for page, name in ((TEXT, "other"), (TEXT * 2, "some")):
        with pytest.raises(ValueError, match=name):
            figures(page, name)
    with pytest.raises(ValueError, match="6 figures on the page, 1 measured"):
        replaced(TEXT, "some", ["1"])


def test_a_share_that_is_not_all_or_nothing_is_not_shown_as_such() -> None:
    assert [share(v) for v in (0, 1, 0.5, 0.99982, 0.0035)] == ["0", "100", "50", "99.98", "0.4"]
    assert [amount(v) for v in (0, 0.2273, 22.045, 1234)] == ["0", "0.2", "22", "1,234"]


def test_the_page_has_each_part_that_is_measured() -> None:
    page = PAGE.read_text(encoding="utf-8")
    for name in PARTS:
        assert figures(page, name)
    assert page.count(": begin -->") == page.count(": end -->") == len(PARTS)
