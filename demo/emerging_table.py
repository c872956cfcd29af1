"""Print what the demo saw of a spate of fights, and what each line proves."""

from __future__ import annotations

from collections.abc import Iterator

from rich.panel import Panel
from rich.table import Table

from demo.emerging import NOT_READY, RECIPIENT, SECOND, SpateSeen
from demo.generator.spate import A_DAY
from demo.tables import empty_table
from ops.desk.problems import once_in, where


def emerging_table(seen: SpateSeen) -> Table:
    """Return the table of the steps."""
    table = empty_table("An emerging problem (invented fights), and what each line proves")
    table.add_column("step", no_wrap=True)
    table.add_column("what was seen", overflow="fold", ratio=5)
    table.add_column("what it proves", overflow="fold", ratio=4)
    for row in _rows(seen):
        table.add_row(*row)
    return table


def in_words(seen: SpateSeen) -> Panel:
    """Return the last finding as the council reads it."""
    title = "The council's finding, after the last fight"
    return Panel(seen.grown.message["words"], title=title, title_align="left")


def _rows(seen: SpateSeen) -> Iterator[tuple[str, str, str]]:
    found, grown = seen.found, seen.grown
    yield (
        "before",
        f"the police supplied {seen.history:,} incidents of the half year before",
        "what is expected comes from ordinary supplies",
    )
    if not seen.is_ready:
        yield (
            "not ready",
            f"{NOT_READY}; the fights were planted nevertheless",
            "nothing; the machine is slow or busy, and a finding may come later than it would",
        )
    yield (
        "planted",
        (
            f"{seen.planted} fights near one place in {len(A_DAY)} days ({', '.join(map(str, A_DAY))}), "
            f"the first on {seen.first_day:%d %B}"
        ),
        "records of the last days, one after another",
    )
    yield (
        "found",
        (
            f"on day {seen.day_number} ({seen.found_day:%d %B}), with record {seen.tipping}, "
            f"{seen.seconds:.1f} s after it was published: {found.what}, {where(found)}"
        ),
        "each record is counted at once, and its surroundings are looked at",
    )
    yield (
        "how sure",
        (
            f"{found.observed} against {found.expected:.2f} expected; chance alone gives one as strong "
            f"once in {once_in(found)}, over all {found.message['series_tested']} series"
            f"{'; provisional' if found.provisional else ''}"
        ),
        "a finding says how often it is wrong; a look between evaluations says that it is one",
    )
    yield (
        "grew",
        (
            f"version {grown.version}: {grown.observed} cases, {seen.grown_planted} of the {seen.planted} "
            "planted ones among them"
        ),
        "the same cluster stays one problem, published again when a case joins",
    )
    yield (
        "denied to",
        f"{seen.denied} of {seen.asked} other partners",
        f"the broker gives the {RECIPIENT}'s findings to nobody else",
    )
    yield "second group", *_of_second_group(seen)


def _of_second_group(seen: SpateSeen) -> tuple[str, str]:
    if not seen.second_records:
        return f"the {SECOND} partner could read none of the fights in time", "nothing in this run"
    return (
        (
            f"the {SECOND} partner can read {seen.second_records} of the fights, of "
            f"{_counted(seen.second_weeks, 'week')} and {_counted(seen.second_sectors, 'postcode sector')}; "
            f"{seen.second_finer} have a day, an hour, a street or a whole postcode"
        ),
        "weeks and sectors show no day and no home; the protocol makes no findings of them",
    )


def _counted(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
