"""Callers that there are not: common names, and numbers that the regulator keeps for drama."""

from __future__ import annotations

from random import Random

from ops.generator.words import FAMILY_NAMES, GIVEN_NAMES

_LETTERS = "ABCDEFGHJKLMNOPRSTUVWXY"


def caller_name(rng: Random) -> str:
    """A given and a family name, each common, put together at random."""
    return f"{rng.choice(GIVEN_NAMES)} {rng.choice(FAMILY_NAMES)}"


def telephone(rng: Random) -> str:
    """A mobile number of the range 07700 900000 to 900999, which Ofcom gives to nobody."""
    return f"07700 900{int(rng.random() * 1000):03}"


def registration_mark(rng: Random) -> str:
    """A mark of the form in use since 2001 with the age identifier 00, which is never issued."""
    return f"W{rng.choice(_LETTERS)}00 {''.join(rng.choice(_LETTERS) for _ in range(3))}"
