"""The kinds of state that workers keep."""

from __future__ import annotations

from typing import Literal

RENEWAL_DAYS = 28
"""How old an entry of the workers' state may be when it is used without being written again."""

StateKind = Literal["withdrawals", "dates-ages", "combinations"]
"""What workers remember: what may have to be taken back, dates of cases with steady ages, combinations."""
