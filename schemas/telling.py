"""The codes of a list in each release profile: released, merged into another code, or left out."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from schemas.record_type import PROFILES

ALL_TOLD = "told"
LEFT_OUT, MERGED = "left-out", "merged"
_LETTERED = re.compile(r"([0-9]+)[A-Z]")


@dataclass(frozen=True, slots=True)
class Telling:
    """The codes whose rows a profile does not get, and the codes that it gets as another code.

    All other codes are released. A rule for a class also applies to its sub-classes that are not in the list.
    """

    left_out: frozenset[str] = frozenset()
    merged: Mapping[str, str] = field(default_factory=dict)
    listed: frozenset[str] = frozenset()

    def leaves_out(self, code: str) -> bool:
        """Return True if the profile never gets rows with the code, or if the code is unknown."""
        known = self._known(code)
        return known is None or known in self.left_out

    def told(self, code: str) -> str:
        """Return the code that the profile gets for `code`."""
        return self.merged.get(self._known(code) or code, code)

    def _known(self, code: str) -> str | None:
        if code in self.listed:
            return code
        of_class = code.partition("/")[0]
        return of_class if of_class in self.listed else None


def read_tellings(declared: Mapping[str, Any], codes: Mapping[str, Any]) -> dict[str, Telling]:
    """Return the rule of each profile; `declared` must have no `findings`."""
    return {
        profile: Telling(listed=frozenset(codes))
        if rule == ALL_TOLD
        else Telling(
            frozenset(rule.get(LEFT_OUT, ())), dict(rule.get(MERGED, {})), frozenset(codes)
        )
        for profile, rule in declared.items()
    }


def findings(declared: Any, codes: Mapping[str, Any]) -> Iterator[str]:
    """Yield each fault in the `profiles` of a list."""
    if not isinstance(declared, Mapping) or not declared:
        yield (
            "profiles needs an entry for each profile that receives the list: "
            f"{ALL_TOLD}, or a map of {LEFT_OUT} and {MERGED} codes"
        )
        return
    for profile, rule in declared.items():
        if profile not in PROFILES:
            yield f"profiles names {profile!r}; accepted: {', '.join(PROFILES)}"
        elif rule != ALL_TOLD:
            yield from _of_profile(profile, rule, codes)


def _of_profile(profile: str, rule: Any, codes: Mapping[str, Any]) -> Iterator[str]:
    if not isinstance(rule, Mapping) or not rule or set(rule) - {LEFT_OUT, MERGED}:
        yield f"{profile} is {rule!r}; accepted: {ALL_TOLD}, or a map of {LEFT_OUT} and {MERGED}"
        return
    left_out, merged = rule.get(LEFT_OUT, []), rule.get(MERGED, {})
    if not isinstance(left_out, list) or not isinstance(merged, Mapping):
        yield f"{profile}: {LEFT_OUT} must be a list of codes, {MERGED} a map from code to code"
        return
    for code in (*left_out, *merged, *merged.values()):
        if code not in codes:
            yield f"{profile} names {code!r}, which is not a code; quote it if it is a number"
    for code, into in merged.items():
        if code in left_out or into in left_out or into in merged:
            yield f"{profile}: {code!r} is merged into {into!r}; neither may have another rule"
    yield from _open_classes(profile, set(left_out), codes)


def _open_classes(profile: str, left_out: set[str], codes: Mapping[str, Any]) -> Iterator[str]:
    """Yield each released class that contains a left-out code: the class may mean that code."""
    for code in sorted(map(str, left_out)):
        lettered = _LETTERED.fullmatch(code)
        of_class = lettered[1] if lettered else code.partition("/")[0]
        if of_class in codes and of_class not in left_out:
            yield f"{profile}: {of_class!r} is released, but {code!r} within it is {LEFT_OUT}"
