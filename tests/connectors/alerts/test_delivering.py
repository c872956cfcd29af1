"""Each alert is delivered once where that was recorded, and no failure stops or hides another alert."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
import trustme
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.alerts.deliveries import DEAD_LETTERED, DELIVERED, Delivery, newest
from connectors.alerts.delivering import Deliverer, Patience, deliver
from connectors.alerts.picture import Change
from connectors.alerts.posting import Answer, posting
from connectors.alerts.webhook import Parcel, parcel_of
from connectors.errors import AlertError, UnavailableError
from connectors.received import Received
from tests.connectors.alerts.https_server import Receiver, Reply, trusting
from tests.connectors.alerts.messages import HOUR, NOW, ONE, TWO, ListFeed, received, withdrawn

QUICK = Patience(first_s=0.001, longest_s=0.002, give_up_s=30.0)
HASTY = Patience(first_s=0.001, longest_s=0.002, give_up_s=0.0)
PASSING, FINAL, DONE = Answer(503, "server-error"), Answer(400, "refused"), Answer(204)


class Desk:
    """The two edges: the receiver's answers by alert, and the topic of deliveries."""

    def __init__(self, **answers: list[Answer]) -> None:
        self.answers = answers
        self.posted: list[Parcel] = []
        self.log: list[Received] = []
        self.refusals = 0

    async def post(self, parcel: Parcel) -> Answer:
        self.posted.append(parcel)
        left = self.answers.get(f"a{parcel.alert}", [])
        return left.pop(0) if left else DONE

    def record(self, delivery: Delivery) -> None:
        if self.refusals:
            self.refusals -= 1
            raise AlertError("deliveries: no answer from the broker")
        self.log.append(Received(delivery.alert, delivery._asdict(), NOW))

    @property
    def recorded(self) -> dict[str, Delivery]:
        return newest(self.log)

    @property
    def ids(self) -> list[str]:
        return [parcel.id for parcel in self.posted]

    def run(self, *messages: Received, patience: Patience = QUICK) -> None:
        """Deliver what the topic of alerts has, beginning with the records of earlier runs."""

        async def run() -> None:
            deliverer = Deliverer(self.post, self.record, patience)
            feeds = ListFeed(list(messages)), ListFeed(list(self.log))
            await deliver(*feeds, deliverer, until_done=True)

        asyncio.run(run())


def answers(alert: str, *given: Answer) -> dict[str, list[Answer]]:
    return {f"a{alert}": list(given)}


def test_each_alert_is_delivered_and_recorded_with_its_version() -> None:
    desk = Desk()
    desk.run(received(ONE, version=3), received(TWO))
    found = {name: (d.version, d.state, d.attempts) for name, d in desk.recorded.items()}
    assert found == {ONE: (3, DELIVERED, 1), TWO: (1, DELIVERED, 1)}


def test_only_the_newest_version_of_an_alert_is_sent() -> None:
    desk = Desk()
    desk.run(received(version=1), received(version=2), received(version=3))
    assert [parcel.version for parcel in desk.posted] == [3]


def test_after_a_restart_nothing_is_sent_again_whose_delivery_was_recorded() -> None:
    desk = Desk(**answers(TWO, FINAL))
    messages = received(ONE), received(TWO), withdrawn("f" * 16)
    desk.run(*messages)
    sent = len(desk.posted)
    desk.run(*messages)
    assert (sent, len(desk.posted)) == (3, 3)


def test_a_message_that_was_sent_but_not_recorded_is_sent_again_under_the_same_id() -> None:
    desk = Desk()
    desk.run(received())
    desk.log.clear()
    desk.run(received())
    assert len(desk.ids) == 2
    assert len(set(desk.ids)) == 1


def test_a_failure_that_may_pass_is_tried_again_until_the_message_is_accepted() -> None:
    desk = Desk(**answers(ONE, PASSING, Answer(reason="unreachable"), Answer(429, "busy")))
    desk.run(received())
    assert len(set(desk.ids)) == 1
    assert desk.recorded[ONE].attempts == 4
    assert desk.recorded[ONE].state == DELIVERED


def test_a_refusal_is_dead_lettered_at_once_with_its_reason() -> None:
    desk = Desk(**answers(ONE, FINAL))
    desk.run(received())
    dead = desk.recorded[ONE]
    assert (dead.state, dead.attempts, dead.status, dead.reason) == (
        DEAD_LETTERED, 1, 400, "refused",
    )  # fmt: skip


def test_a_message_is_dead_lettered_when_the_time_is_up() -> None:
    desk = Desk(**answers(ONE, *[PASSING] * 9))
    desk.run(received(), patience=HASTY)
    assert desk.recorded[ONE].is_dead
    assert desk.recorded[ONE].reason == "server-error"


def test_an_alert_that_is_refused_delays_no_other() -> None:
    desk = Desk(**answers(ONE, *[PASSING] * 50))
    desk.run(received(ONE), received(TWO))
    assert desk.ids.index(parcel_id(received(TWO))) < 10


def test_a_withdrawal_is_delivered_also_of_an_alert_that_was_dead_lettered() -> None:
    desk = Desk(**answers(TWO, FINAL))
    desk.run(received(ONE), received(TWO))
    desk.run(received(ONE), received(TWO), withdrawn(ONE), withdrawn(TWO))
    assert {d.version for d in desk.recorded.values()} == {0}
    assert [parcel.version for parcel in desk.posted] == [1, 1, 0, 0]


def test_an_alert_that_is_raised_again_with_version_1_is_delivered_again() -> None:
    desk = Desk()
    desk.run(received())
    desk.run(received(), withdrawn(), received(made=NOW + HOUR))
    assert [parcel.version for parcel in desk.posted] == [1, 1]
    assert len(set(desk.ids)) == 2


def test_what_the_broker_does_not_record_at_once_is_recorded_later_and_not_sent_again() -> None:
    desk = Desk()
    desk.refusals = 3
    desk.run(received())
    assert len(desk.posted) == 1
    assert desk.recorded[ONE].state == DELIVERED


def test_an_alert_that_cannot_be_read_is_logged_by_its_id_and_stops_no_other(
    caplog: pytest.LogCaptureFixture,
) -> None:
    desk = Desk()
    desk.run(Received(ONE, None, NOW, is_readable=False), received(TWO))
    assert [parcel.alert for parcel in desk.posted] == [TWO]
    assert ONE in caplog.text


def parcel_id(one: Received) -> str:
    parcel = parcel_of(Change.of(one))
    assert parcel is not None
    return parcel.id


async def until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not is_so():
            await asyncio.sleep(0.001)


def following(desk: Desk, steps: Callable[[ListFeed, ListFeed, Deliverer], Any]) -> None:
    """Deliver while `steps` changes the two topics."""

    async def run() -> None:
        alerts, deliveries = ListFeed([]), ListFeed([])
        slow = Patience(first_s=20.0, longest_s=20.0, give_up_s=60.0)
        deliverer = Deliverer(desk.post, desk.record, slow)
        task = asyncio.create_task(deliver(alerts, deliveries, deliverer))
        try:
            await steps(alerts, deliveries, deliverer)
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    asyncio.run(run())


def test_a_newer_version_does_not_wait_for_the_next_attempt_of_the_older_one() -> None:
    desk = Desk(**answers(ONE, PASSING))

    async def steps(alerts: ListFeed, _deliveries: ListFeed, _deliverer: Deliverer) -> None:
        alerts.put(received(version=1))
        await until(lambda: len(desk.posted) == 1)
        alerts.put(received(version=2))
        await until(lambda: ONE in desk.recorded)

    following(desk, steps)
    assert [parcel.version for parcel in desk.posted] == [1, 2]
    assert desk.recorded[ONE].version == 2


def test_a_dead_lettered_alert_is_sent_again_when_its_record_is_deleted() -> None:
    desk = Desk(**answers(ONE, FINAL))

    async def steps(alerts: ListFeed, deliveries: ListFeed, deliverer: Deliverer) -> None:
        alerts.put(received())
        await until(lambda: ONE in desk.recorded and deliverer.in_flight == 0)
        deliveries.put(*desk.log, Received(ONE, None, NOW))
        await until(lambda: len(desk.posted) == 2)
        await until(lambda: desk.recorded[ONE].state == DELIVERED)

    following(desk, steps)
    assert len(set(desk.ids)) == 1


def test_an_error_of_a_feed_ends_the_delivery() -> None:
    class Broken(ListFeed):
        def advance(self, seconds: float) -> list[Received]:
            raise UnavailableError("away")

    async def run() -> None:
        desk = Desk()
        await deliver(Broken(), ListFeed([]), Deliverer(desk.post, desk.record, QUICK))

    with pytest.raises(UnavailableError):
        asyncio.run(run())


def test_a_fault_of_the_program_ends_the_delivery_and_is_not_retried() -> None:
    class Faulty(Desk):
        async def post(self, parcel: Parcel) -> Answer:
            raise ZeroDivisionError

    desk = Faulty()
    with pytest.raises(ZeroDivisionError):
        desk.run(received())


STEPS = st.lists(st.tuples(st.sampled_from([ONE, TWO]), st.booleans(), st.booleans()), max_size=8)


@given(STEPS)
@settings(max_examples=40, deadline=None)
def test_after_any_history_and_restarts_the_last_state_of_each_alert_was_delivered(
    steps: list[tuple[str, bool, bool]],
) -> None:
    desk, messages = Desk(), []
    for at, (name, is_alert, restarts) in enumerate(steps):
        made = NOW + at * HOUR
        messages.append(received(name, made=made) if is_alert else withdrawn(name, made))
        if restarts:
            desk.run(*messages)
    desk.run(*messages)
    wanted = {one.key: parcel_id(one) for one in messages}
    assert {name: [p.id for p in desk.posted if p.alert == name][-1] for name in wanted} == wanted
    assert len(set(desk.ids)) == len(desk.ids)


def test_alerts_reach_a_real_receiver_through_failures_once_each(
    receiver: Receiver, authority: trustme.CA
) -> None:
    receiver.replies = [Reply(503), Reply(429, (("retry-after", "0"),)), Reply(500)]
    desk = Desk()

    async def run() -> None:
        async with posting(receiver.endpoint(trusting(authority))) as poster:
            deliverer = Deliverer(poster.post, desk.record, QUICK)
            alerts = ListFeed([received(ONE), received(TWO), withdrawn("f" * 16)])
            await deliver(alerts, ListFeed([]), deliverer, until_done=True)

    asyncio.run(run())
    assert {d.state for d in desk.recorded.values()} == {DELIVERED}
    assert len(receiver.ids) == 6
    assert len(set(receiver.ids)) == 3
    kinds = sorted({body["type"] for body in receiver.bodies})
    assert kinds == ["alert.published", "alert.withdrawn"]
