"""Show the answer of `ipu hub table`: on the terminal, as a document, or as a CSV file."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from rich.table import Table

from connectors.hub.stored_counts import SETTLED_DAYS
from connectors.spreadsheet import guarded
from isp.keys import private_files
from ops.commands.hub_table_source import Source
from ops.screen import Screen
from sanitiser.counts.table import LEAST_SHOWN, ROUNDED_TO, CountTable, Question, Row

HIDDEN: Final = "*"


@dataclass(frozen=True, slots=True)
class Answer:
    """A table of counts with its title, marking and caveats."""

    table: CountTable
    question: Question
    source: Source

    @property
    def title(self) -> str:
        """Return what is counted, by what, and in which period."""
        by = " and ".join(each for each in (self.question.rows, self.question.columns) if each)
        only = "".join(f", {name} = {value}" for name, value in self.question.only.items())
        title = f"{self.source.record_type.title}, number of records by {by}{only}"
        return f"{title}, {self.question.span.label}"

    @property
    def marking(self) -> str:
        """Return the marking of the table."""
        return self.source.table.topic.marking

    def notes(self) -> Iterator[str]:
        """Yield what a reader of the counts must know."""
        yield (
            f"{HIDDEN}: a count below {LEAST_SHOWN} (a sum of several periods: below a higher limit). "
            "Such counts are not shown, nor are rows and columns that have only such counts."
        )
        yield (
            f"Other counts are changed a little, and rounded to {ROUNDED_TO}. Totals are changed and "
            "rounded on their own, so they are not the sums of what is shown."
        )
        yield "Counts are of records, not of people or places."
        yield (
            f"A month is counted once, {SETTLED_DAYS} days after its end at the earliest. What is added, "
            "corrected or taken back later does not change its counts."
        )
        if self.source.period is not None:
            yield (
                f"The dates of these records are the first day of their {self.source.period}. A week counts "
                "in the month of its Monday."
            )
        yield from self._place_notes()

    def _place_notes(self) -> Iterator[str]:
        dimensions = self.source.counted.dimensions
        places = [
            d for d in map(dimensions.get, self.question.dimensions) if d and d.kind == "place"
        ]
        for place in places:
            prefix = place.column.rpartition("_")[0]
            yield (
                f"{place.name} is that of the released postcode ({prefix}). A postcode with few "
                "households is released as the nearest one that has enough, which may be elsewhere."
            )

    def document(self) -> dict[str, Any]:
        """Return all of it as one document. A count that is not shown is null."""
        topic = self.source.table.topic
        return {
            "title": self.title,
            "marking": self.marking,
            "dataset": topic.dataset,
            "profile": topic.profile,
            "period": self.question.span.label,
            "rows": self.question.rows,
            "columns": self.question.columns,
            "only": dict(self.question.only),
            "counts": [self._record(row) for row in self.table.rows],
            "totals": self._record(self.table.totals),
            "notes": list(self.notes()),
        }

    def _record(self, row: Row) -> dict[str, Any]:
        counts = dict(zip(self.table.columns, row.counts, strict=True))
        return {"row": row.label, "counts": counts, "total": row.total}

    def lines(self) -> Iterator[tuple[str, ...]]:
        """Yield the header, the rows and the totals as texts."""
        yield (self.question.rows, *self.table.columns, self.table.totals.label)
        for row in (*self.table.rows, self.table.totals):
            yield (row.label, *(map(_text, (*row.counts, row.total))))


def print_answer(answer: Answer) -> None:
    """Print a table with its title and caveats."""
    console = Screen()
    console.print(f"{answer.marking}. {answer.title}", soft_wrap=True)
    header, *lines = answer.lines()
    table = Table()
    # The labels are shown whole, however many columns there are.
    table.add_column(header[0], min_width=max(len(line[0]) for line in lines))
    for name in header[1:]:
        table.add_column(name, justify="right")
    for line in lines[:-1]:
        table.add_row(*line)
    table.add_section()
    table.add_row(*lines[-1])
    console.print(table)
    for note in answer.notes():
        console.print(note, soft_wrap=True)


def write_csv(answer: Answer, file: Path) -> None:
    """Write a table to a CSV file of mode 0600: title, caveats, an empty line, and the table.

    No cell is a formula.
    """
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerows([guarded(line)] for line in (answer.marking, answer.title, *answer.notes()))
    writer.writerow([])
    writer.writerows([guarded(cell) for cell in line] for line in answer.lines())
    private_files.write(file, text.getvalue())


def _text(count: int | None) -> str:
    return HIDDEN if count is None else str(count)
