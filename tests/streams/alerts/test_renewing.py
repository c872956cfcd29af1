"""After a change of the protocol the alerts that exist follow the new one, each event once."""

from __future__ import annotations

from datetime import timedelta

from isp.agreement.protocol import Protocol
from streams.alerts.time_found import AT_ONCE
from tests.streams.alerts.desk import NAMES, Desk, home, protocol, settings, victim


def under(desk: Desk, agreed: Protocol) -> None:
    """Go on with the state of this desk under another protocol."""
    desk.protocol = agreed
    desk.alerter = desk.built()
    desk.due()


def without_fire(*, depersonalised: bool = False) -> Protocol:
    council, _, *others = settings()["recipients"]
    fire = {"party": "fire", "depersonalised": depersonalised}
    return protocol(recipients=[council, fire, *others])


def test_an_alert_that_the_new_protocol_does_not_allow_is_withdrawn(desk: Desk) -> None:
    desk.send(desk.fact())
    assert len(desk.alerts("fire")) == 1
    under(desk, without_fire())
    assert desk.alerts("fire") == []
    assert len(desk.versions("council")) == 1


def test_every_event_is_decided_again_however_many_there_are(desk: Desk) -> None:
    number = 2 * AT_ONCE + 3
    facts = [
        desk.fact(
            f"r{i}", ago=timedelta(hours=i + 1), people=[victim(f"Jane {'Roe' + 'e' * i}")],
            households=[home(f"{i + 1} Acacia Avenue")],
        )
        for i in range(number)
    ]  # fmt: skip
    desk.send(*facts)
    assert len(desk.alerts("fire")) == number
    under(desk, without_fire())
    assert desk.alerts("fire") == []


def test_under_the_same_protocol_nothing_is_written_again(desk: Desk) -> None:
    desk.send(desk.fact())
    under(desk, desk.protocol)
    written = len(desk.outputs)
    under(desk, desk.protocol)
    assert len(desk.outputs) == written


def test_a_process_that_takes_over_in_the_middle_continues(desk: Desk) -> None:
    desk.send(*(
        desk.fact(f"r{i}", people=[victim(f"Jane {'Roe' + 'e' * i}")],
                  households=[home(f"{i + 1} Acacia Avenue")])
        for i in range(AT_ONCE + 1)
    ))  # fmt: skip
    desk.protocol = without_fire()
    desk.alerter = desk.built()
    first = next(iter(desk.alerter.due()))
    desk.alerter.committed(first)
    desk.outputs += first.outputs
    assert len(desk.alerts("fire")) == 1
    under(desk, desk.protocol)
    assert desk.alerts("fire") == []
    assert len(desk.sent(NAMES.alerts("fire"))) == 2 * (AT_ONCE + 1)
