"""k survives change: no releases of a chain of indexes tell together of fewer than k households."""

from __future__ import annotations

import tempfile
from collections import defaultdict
from itertools import combinations
from pathlib import Path
from typing import NamedTuple

from hypothesis import event, given, settings
from hypothesis import strategies as st

from sanitiser.build.index_change import Indexed
from sanitiser.build.reference import build_index, table_of
from sanitiser.build.successor import ChangeRefused, build_successor
from sanitiser.places.postcode_store import load_columns
from sanitiser.places.postcodes import PostcodeIndex

LETTERS = "ABDEFGHJLNPQRSTUWXYZ"
MOST = 12


class Step(NamedTuple):
    """What one index of a chain is built of: postcodes, counts (-1: unknown), districts, k, limit."""

    held: tuple[bool, ...]
    counts: tuple[int, ...]
    districts: tuple[int, ...]
    k: int
    limit_m: int


class Released(NamedTuple):
    """What an index released: by postcode another one, a district, or None, and its counts and k."""

    told: dict[str, str | None]
    counts: dict[str, int]
    k: int


def postcode(number: int) -> str:
    return f"BA1 1A{LETTERS[number]}"


def indexed(folder: Path) -> Indexed:
    metadata, columns = load_columns(folder)
    return Indexed(columns, metadata.k, metadata.districts)


def released(folder: Path) -> Released:
    """Read by look-ups, as a worker does."""
    index = PostcodeIndex.open(folder)
    told: dict[str, str | None] = {}
    counts: dict[str, int] = {}
    for text in map(postcode, range(MOST)):
        place, found = index.release(text), index.find(text)
        if place is not None and found is not None:
            told[text] = place.postcode or place.district
            counts[text] = found.households or 0
    return Released(told, counts, index.metadata.k)


@st.composite
def chains(draw: st.DrawFn) -> tuple[list[tuple[int, int]], list[Step]]:
    size = draw(st.integers(2, MOST))
    points = draw(
        st.lists(st.tuples(st.integers(0, 8), st.integers(0, 3)), min_size=size, max_size=size)
    )
    few_or_many = st.sampled_from([-1, 0, 1, 2, 3, 4, 5, 8, 12])
    same_districts = draw(st.lists(st.integers(0, 1), min_size=size, max_size=size))
    moving = draw(st.booleans())
    steps = []
    for _ in range(draw(st.integers(2, 5))):
        lists = st.lists(few_or_many, min_size=size, max_size=size)
        held = st.lists(st.sampled_from([True, True, True, False]), min_size=size, max_size=size)
        present = draw(held) if draw(st.booleans()) else [True] * size
        if not any(present):
            present[0] = True
        districts = (
            draw(st.lists(st.integers(0, 1), min_size=size, max_size=size))
            if moving
            else same_districts
        )
        steps.append(
            Step(
                tuple(present), tuple(draw(lists)), tuple(districts),
                draw(st.sampled_from([4, 4, 5, 8])), draw(st.sampled_from([1, 3, 20])),
            )
        )  # fmt: skip
    return points, steps


def build(folder: Path, points: list[tuple[int, int]], step: Step, old: Path | None) -> None:
    rows = [
        (postcode(number), *points[number], f"E{step.districts[number]}")
        for number in range(len(points))
        if step.held[number]
    ]
    households = folder.with_suffix(".csv")
    lines = [
        f"{postcode(number)},{count}\n" for number, count in enumerate(step.counts) if count >= 0
    ]
    households.write_text("".join(["postcode,households\n", *lines]))
    table = table_of(rows, "test", "1")
    if old is None:
        build_index(folder, table, households, k=step.k, limit_m=step.limit_m)
    else:
        build_successor(folder, table, households, old, k=step.k, limit_m=step.limit_m)


def groups(releases: list[Released], universe: set[str]) -> dict[tuple[str | None, ...], set[str]]:
    found: dict[tuple[str | None, ...], set[str]] = defaultdict(set)
    for text in universe:
        found[tuple(one.told.get(text) for one in releases)].add(text)
    return found


def is_enough(group: set[str], one: Released) -> bool:
    return sum(one.counts.get(text, 0) for text in group) >= one.k


def check_all_intersections(chain: list[Released]) -> None:
    universe = {text for one in chain for text in one.told}
    wholes = [
        group
        for one in chain
        for (told,), group in groups([one], universe).items()
        if told and told.startswith("E")
    ]
    for size in range(1, len(chain) + 1):
        for some in combinations(chain, size):
            for told, group in groups(list(some), universe).items():
                if not any(told):
                    continue
                assert any(is_enough(group, one) for one in chain) or any(
                    group >= whole for whole in wholes
                ), (told, group, chain)


@settings(max_examples=2000)
@given(chains())
def test_any_releases_of_any_chain_tell_of_k_households_by_the_counts_of_one_of_its_indexes(
    world: tuple[list[tuple[int, int]], list[Step]],
) -> None:
    points, steps = world
    with tempfile.TemporaryDirectory() as name:
        old: Path | None = None
        chain: list[Released] = []
        for number, step in enumerate(steps):
            folder = Path(name) / f"index{number}"
            try:
                build(folder, points, step, old)
            except ChangeRefused:
                event("refused")
                # Where a postcode has k, there is always a choice, unless districts are drawn anew.
                large = any(
                    c >= step.k for c, here in zip(step.counts, step.held, strict=True) if here
                )
                assert not large or len({each.districts for each in steps}) > 1
                assert not folder.exists()
                continue
            chain.append(released(folder))
            old = folder
        check_all_intersections(chain)
