"""The information hub in a protocol: what it stores, and when its parties get their copies."""

from __future__ import annotations

from datetime import time
from typing import Annotated

from pydantic import Field

from schemas.formats import Signed


class Hub(Signed):
    """The settings of the information hub (guidance 4.4).

    The hub stores the depersonalised releases, each for its retention. With `personal` it also stores the
    personal releases, apart from the others. A copy for each party is written at the local times `copies`:
    it has what the party may read on the broker, and no more.
    """

    personal: bool = False
    copies: Annotated[tuple[time, ...], Field(min_length=1, max_length=96)] = (time(6),)
