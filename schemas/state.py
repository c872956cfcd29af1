"""The kinds of state that workers keep."""

from __future__ import annotations

from typing import Literal

RENEWAL_DAYS = 28
"""Age in days from which an entry of the workers' state is written again when it is used."""

StateKind = Literal["withdrawals", "dates-ages", "combinations"]
"""Kinds of state: releases that may be withdrawn, dates for steady ages of a case, seen combinations."""
