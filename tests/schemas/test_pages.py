"""The page of datasets shows the declarations, and the committed page is up to date."""

from __future__ import annotations

from pathlib import Path

from schemas.catalogue import Catalogue
from schemas.pages import datasets_page, table

COMMITTED = Path(__file__).resolve().parents[2] / "docs" / "datasets.md"


def test_the_committed_page_is_what_the_declarations_say(catalogue: Catalogue) -> None:
    assert COMMITTED.read_text(encoding="utf-8") == datasets_page(catalogue), "run `make docs`"


def test_every_field_has_a_row_with_its_wording_and_sensitivity(catalogue: Catalogue) -> None:
    page = datasets_page(catalogue)
    for record_type in catalogue:
        section = page.split(f"## {record_type.dataset}\n", 1)[1].split("\n## ", 1)[0]
        rows = [line for line in section.splitlines() if line.startswith("| `")]
        for field, row in zip(record_type.fields, rows, strict=True):
            assert f"`{field.name}`" in row
            assert field.doc in row
            assert f"| {field.sensitivity.value} |" in row


def test_a_field_that_a_profile_drops_is_shown_as_not_released(catalogue: Catalogue) -> None:
    page = datasets_page(catalogue)
    for record_type in catalogue:
        section = page.split(f"## {record_type.dataset}\n", 1)[1]
        for field in record_type.fields:
            row = next(
                line for line in section.splitlines() if line.startswith(f"| `{field.name}`")
            )
            cells = row.strip("| ").split(" | ")[-len(record_type.profiles) :]
            dropped = [field.treatments[p].action == "drop" for p in record_type.profiles]
            assert [cell == "–" for cell in cells] == dropped


def test_every_code_list_is_shown_with_its_source(catalogue: Catalogue) -> None:
    page = datasets_page(catalogue)
    for code_list in catalogue.code_lists.values():
        assert f"### {code_list.name}\n" in page
        assert code_list.source in page


def test_a_stroke_in_a_cell_does_not_end_it() -> None:
    assert table(["form"], [["a|b"]]).splitlines()[-1] == "| a\\|b |"
