import time
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from detection.emerging.facts import Source
from detection.emerging.supplied import SourceSupplies
from detection.emerging.supplies import Supplies, local_day
from detection.emerging.supply import EVALUATION_LIMIT_MS, LOOK_LIMIT_MS
from tests.detection.emerging.building import DAY

_SOURCE = Source("police", "police-incident")
_HOUR = 3_600_000
_DAY_MS = 24 * _HOUR
_MORNING = 8 * _HOUR


def _iso(day: int) -> str:
    return (date(1970, 1, 1) + timedelta(days=day)).isoformat()


def _supply(
    first: int, last: int, supply_id: str = "", *, records: int = 0, complete: bool = True
) -> dict[str, Any]:
    return {
        "supply_id": supply_id or f"{first}-{last}",
        "agency": _SOURCE.agency,
        "dataset": _SOURCE.dataset,
        "period_from": _iso(first),
        "period_to": _iso(last),
        "records": records,
        "complete": complete,
        "claims": None,
    }


def _receipt(supply_id: str | None, received: int, newest: str = "") -> dict[str, Any]:
    return {
        "supply_id": supply_id,
        "agency": _SOURCE.agency,
        "dataset": _SOURCE.dataset,
        "received": received,
        "newest_event": newest,
    }


def _at(day: int) -> int:
    return day * _DAY_MS + _MORNING


def _daily(days: int, delay: int = 1) -> Supplies:
    supplies = Supplies()
    for day in range(DAY - days, DAY):
        supplies.note_supply(_supply(day, day), _at(day + delay))
    return supplies


def test_the_days_of_a_supply_are_covered_and_no_others() -> None:
    supplies = Supplies()
    supplies.note_supply(_supply(DAY - 5, DAY - 3), _at(DAY))
    supplies.note_supply(_supply(DAY - 1, DAY - 1), _at(DAY))
    assert [supplies.covered(_SOURCE, DAY - n) for n in (6, 5, 4, 3, 2, 1, 0)] == [
        *(False, True, True, True),
        *(False, True, False),
    ]
    assert supplies.newest_day(_SOURCE) == DAY - 1
    assert supplies.missing_days(_SOURCE, DAY - 5, DAY - 1) == 1


def test_a_claimed_period_covers_days_without_records() -> None:
    supplies = Supplies()
    claims = {"period_from": _iso(DAY - 9), "period_to": _iso(DAY - 1)}
    supplies.note_supply(_supply(DAY - 5, DAY - 3) | {"claims": claims}, _at(DAY))
    assert supplies.missing_days(_SOURCE, DAY - 9, DAY - 1) == 0


def test_a_period_that_ends_in_the_future_covers_no_day_that_is_to_come() -> None:
    supplies = Supplies()
    supplies.note_supply(_supply(DAY - 1, DAY + 9_000), _at(DAY))
    assert supplies.newest_day(_SOURCE) == DAY


def test_a_supply_that_takes_records_back_covers_nothing() -> None:
    supplies = Supplies()
    supplies.note_supply(_supply(DAY, DAY) | {"erases": True}, _at(DAY))
    assert supplies.newest_day(_SOURCE) is None


def test_records_outside_a_supply_cover_the_day_of_their_newest_event() -> None:
    supplies = Supplies()
    supplies.note_receipt(_receipt(None, 3, _iso(DAY)), _at(DAY))
    assert supplies.covered(_SOURCE, DAY)
    assert not supplies.is_held(_SOURCE, _at(DAY))


def test_a_source_is_held_until_every_record_of_its_supply_is_settled() -> None:
    supplies, now = Supplies(), _at(DAY)
    supplies.note_supply(_supply(DAY, DAY, "s", records=10, complete=False), now)
    assert supplies.is_held(_SOURCE, now)
    supplies.note_receipt(_receipt("s", 10), now + 1)
    assert supplies.is_held(_SOURCE, now + 1)
    supplies.note_supply(_supply(DAY, DAY, "s", records=15), now + 2)
    assert supplies.is_held(_SOURCE, now + 2)
    supplies.note_receipt(_receipt("s", 5), now + 3)
    assert not supplies.is_held(_SOURCE, now + 3)


def test_a_supply_that_never_settles_holds_looks_for_a_day_and_evaluations_for_a_week() -> None:
    supplies, now = Supplies(), _at(DAY)
    supplies.note_supply(_supply(DAY, DAY, records=10), now)
    assert supplies.is_held(_SOURCE, now + LOOK_LIMIT_MS - 1)
    assert not supplies.is_held(_SOURCE, now + LOOK_LIMIT_MS)
    assert supplies.at(now + EVALUATION_LIMIT_MS - 1).held(_SOURCE)
    assert not supplies.at(now + EVALUATION_LIMIT_MS).held(_SOURCE)


def test_one_unfinished_supply_after_another_does_not_hold_a_source_for_good() -> None:
    supplies, hours = Supplies(), range(60 * 24)
    held = []
    for hour in hours:
        now = _at(DAY) + hour * _HOUR
        if hour % 23 == 0:
            supplies.note_supply(
                _supply(DAY, DAY, f"s{hour}", records=10, complete=False), now
            )  # fmt: skip
        held.append((supplies.is_held(_SOURCE, now), supplies.at(now).held(_SOURCE)))
    assert all(looks for looks, _ in held[:36])
    assert not any(looks for looks, _ in held[36:])
    assert sum(evaluations for _, evaluations in held) < len(hours) / 2
    later = now + 2 * LOOK_LIMIT_MS
    supplies.note_supply(_supply(DAY, DAY, "new", records=10, complete=False), later)
    assert supplies.is_held(_SOURCE, later)


def test_a_source_with_many_unfinished_supplies_is_asked_for_in_no_time() -> None:
    supplies, now = Supplies(), _at(DAY)
    for number in range(1_000):
        supplies.note_supply(_supply(DAY, DAY, f"s{number}", records=10, complete=False), now)
    supplies.note_supply(_supply(DAY - 1, DAY + 1, "z", records=0), now + 1)
    began = time.monotonic()
    for _ in range(100):
        supplies.is_held(_SOURCE, now + 2)
    assert time.monotonic() - began < 1


def test_a_later_supply_of_the_same_days_ends_the_hold_of_one_that_was_broken_off() -> None:
    supplies, now = Supplies(), _at(DAY)
    supplies.note_supply(_supply(DAY - 1, DAY, "broken", records=10, complete=False), now)
    supplies.note_supply(_supply(DAY - 1, DAY, "again", records=2), now + _HOUR)
    assert supplies.is_held(_SOURCE, now + _HOUR)
    supplies.note_receipt(_receipt("again", 2), now + _HOUR)
    assert not supplies.is_held(_SOURCE, now + _HOUR)


def test_receipts_of_an_unknown_supply_hold_for_an_hour() -> None:
    supplies, now = Supplies(), _at(DAY)
    supplies.note_receipt(_receipt("s", 1), now)
    assert supplies.is_held(_SOURCE, now + _HOUR - 1)
    assert not supplies.is_held(_SOURCE, now + _HOUR)


def _delay(supplies: Supplies, share: float) -> int:
    """Return the days within which this share of a day usually arrives."""
    delays = supplies.sources[_SOURCE].delays()
    assert delays is not None
    return delays.days_for(share)


def test_the_delay_of_a_daily_supplier_is_learned() -> None:
    assert _delay(_daily(60, delay=1), 0.95) == 1
    assert _delay(_daily(60, delay=3), 0.95) == 3
    assert _daily(60, delay=3).complete_day(_SOURCE, DAY) == DAY - 3


def test_an_unknown_source_has_no_complete_day() -> None:
    assert Supplies().complete_day(_SOURCE, DAY) is None
    assert Supplies().completeness(_SOURCE, [DAY], DAY) is None


def test_a_bulk_upload_of_a_month_does_not_change_the_usual_delay() -> None:
    supplies = _daily(20)
    supplies.note_supply(_supply(DAY - 60, DAY - 21), _at(DAY - 10))
    assert _delay(supplies, 0.95) == 1


def test_the_first_upload_of_all_history_does_not_change_the_usual_delay() -> None:
    supplies = Supplies()
    supplies.note_supply(_supply(DAY - 2_000, DAY - 5), _at(DAY - 4))
    for day in range(DAY - 4, DAY):
        supplies.note_supply(_supply(day, day), _at(day + 1))
    assert _delay(supplies, 0.95) == 1


def test_a_supplier_that_is_closed_at_weekends_has_a_longer_delay() -> None:
    supplies = Supplies()
    for monday in range(DAY - 70, DAY, 7):
        supplies.note_supply(_supply(monday - 3, monday - 1), _at(monday))
        for day in range(monday, monday + 4):
            supplies.note_supply(_supply(day, day), _at(day + 1))
    assert _delay(supplies, 0.7) == 1
    assert _delay(supplies, 0.95) == 3


def test_a_monthly_supplier_has_a_delay_of_a_month() -> None:
    supplies = Supplies()
    for end in range(DAY - 150, DAY, 30):
        supplies.note_supply(_supply(end - 29, end), _at(end + 1))
    assert _delay(supplies, 0.95) == 29


def test_records_that_arrive_late_make_a_young_day_incomplete() -> None:
    supplies = _daily(60)
    for day in range(DAY - 60, DAY):
        for delay, records in ((1, 6), (3, 4)):
            for _ in range(records):
                supplies.note_record(_SOURCE, day, _at(day + delay))
    young, old = (supplies.completeness(_SOURCE, [DAY - n], DAY) for n in (1, 5))
    assert young is not None
    assert 0.55 < young < 0.65
    assert old == 1.0
    assert supplies.complete_day(_SOURCE, DAY) == DAY - 3


def test_days_without_a_supply_are_not_complete() -> None:
    supplies = _daily(60)
    assert supplies.completeness(_SOURCE, [DAY - 1, DAY], DAY + 5) == 0.5


def test_a_day_is_local() -> None:
    summer = local_day(1_783_000_000_000) * _DAY_MS
    assert local_day(summer + 23 * _HOUR) == local_day(summer) + 1


_NOTES = st.lists(
    st.one_of(
        st.builds(
            lambda first, length, name, records, complete, day: (
                "supply",
                _supply(
                    DAY + first, DAY + first + length, name, records=records, complete=complete
                ),
                _at(DAY + day),
            ),
            st.integers(-40, 0),
            st.integers(0, 40),
            st.sampled_from("abcdef"),
            st.integers(0, 5),
            st.booleans(),
            st.integers(0, 5),
        ),
        st.builds(
            lambda name, received, day: ("receipt", _receipt(name, received), _at(DAY + day)),
            st.sampled_from("abcdef"),
            st.integers(1, 3),
            st.integers(0, 5),
        ),
    ),
    max_size=30,
)


def _all(notes: Sequence[tuple[str, dict[str, Any], int]]) -> Supplies:
    supplies = Supplies()
    take: dict[str, Callable[[dict[str, Any], int], Source]] = {
        "supply": supplies.note_supply,
        "receipt": supplies.note_receipt,
    }
    for kind, message, at_ms in notes:
        take[kind](message, at_ms)
    return supplies


@given(_NOTES, st.randoms())
def test_the_order_of_messages_and_receipts_does_not_matter(
    notes: list[tuple[str, dict[str, Any], int]], random: object
) -> None:
    # Two messages about one supply do not have one instant.
    notes = [(kind, message, at_ms + index) for index, (kind, message, at_ms) in enumerate(notes)]
    shuffled = list(notes)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert _all(shuffled) == _all(notes)


@given(_NOTES)
def test_what_is_known_is_restored_from_its_bytes(
    notes: list[tuple[str, dict[str, Any], int]],
) -> None:
    for source in _all(notes).sources.values():
        assert SourceSupplies.from_bytes(source.to_bytes()) == source


def test_the_memory_is_bounded() -> None:
    supplies = _daily(5_000)
    source = supplies.sources[_SOURCE]
    assert len(source.to_bytes()) < 10_000
    assert len(source.supplies) < 20
