"""Parser of the annotation `domestic`, closed by default: each name must be a field of the declared kind."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from schemas.record_type import BIRTH, Condition, DomesticRule, Field, RecordType, SchemaError

EVENT, PART, REFERRAL = "event", "part", "referral"
"""Kinds of records: a domestic event, a person of a crime that may be domestic, a referral to a MARAC."""

TYPES: Final = ("domestic-incident", "domestic-crime", "assault-at-home")
"""Types of domestic events; a record that is no event has the type ""."""

ROLES: Final[Mapping[str, frozenset[str]]] = {
    "victim": frozenset({"victim", "patient"}),
    "suspect": frozenset({"suspect", "offender"}),
    "child": frozenset({"child"}),
}
"""The people whom the fields of each role may be about."""

RISK_PARTS: Final = {"tool": "text", "grade": "text", "date": "date", "grader": "text"}
CONTACT_PARTS: Final = {
    "number": "text", "times": "text", "no_voicemail": "flag", "no_letter": "flag",
}  # fmt: skip
_NAMES: Final = {
    "kind", "type", "when", "places", "people", "references", "join", "incident", "day", "weapon", "order",
    "children", "children_count", "schools", "risk", "contact", "withdrawn",
}  # fmt: skip
_CONDITION_NAMES: Final = {"flag", "codes", "same_place"}


def parse_domestic(declared: Any, record_type: RecordType, source: str) -> DomesticRule:
    """Read the annotation `domestic` of a record type.

    Raises:
        SchemaError: it is wrong; the text has `source`, the name, the value and the accepted values.
    """
    reader = _Reader(record_type, f"{source}: domestic")
    reader.known(declared, _NAMES)
    rule = DomesticRule(
        kind=reader.one_of("kind", declared.get("kind"), (EVENT, PART, REFERRAL)),
        type=reader.one_of("type", declared.get("type", ""), (*TYPES, "")),
        when=tuple(reader.condition(one) for one in reader.listed("when", declared)),
        places=tuple(reader.place("places", one) for one in reader.listed("places", declared)),
        people={r: reader.people(r, p) for r, p in reader.mapped("people", declared)},
        references={r: reader.person(r, f) for r, f in reader.mapped("references", declared)},
        join=reader.joined("join", declared.get("join")),
        incident=reader.joined("incident", declared.get("incident")),
        day=reader.optional("day", declared, "date"),
        weapon=reader.optional("weapon", declared, "flag"),
        order=reader.optional("order", declared, "flag"),
        children=reader.optional("children", declared, "flag"),
        children_count=reader.optional("children_count", declared, "count"),
        schools=tuple(
            reader.name("schools", f, "text") for f in reader.listed("schools", declared)
        ),
        risk=reader.prefix("risk", declared, RISK_PARTS),
        contact=reader.prefix("contact", declared, CONTACT_PARTS),
        withdrawn=reader.optional("withdrawn", declared, "flag"),
    )
    _check_kind(rule, record_type, reader)
    return rule


class _Reader:
    """Reads the values of the annotation, and refuses each that is not of the record type."""

    def __init__(self, record_type: RecordType, where: str) -> None:
        self._where = where
        self._type = record_type
        self._fields = {f.name: f for f in record_type.fields}

    def refuse(self, what: str, value: Any, accepted: Iterable[str]) -> SchemaError:
        shown = ", ".join(repr(one) for one in accepted) or "none"
        return SchemaError(f"{self._where}: {what} is {value!r}; accepted: {shown}")

    def known(self, declared: Any, names: set[str], what: str = "the annotation") -> None:
        """Refuse all but a mapping with some of `names`."""
        if not isinstance(declared, Mapping) or not declared:
            raise self.refuse(what, declared, sorted(names))
        for name in sorted(set(declared) - names):
            raise self.refuse(f"a name in {what}", name, sorted(names))

    def listed(self, what: str, declared: Mapping[str, Any]) -> Sequence[Any]:
        value = declared.get(what, [])
        if not isinstance(value, list):
            raise self.refuse(what, value, ["a list"])
        return value

    def mapped(self, what: str, declared: Mapping[str, Any]) -> Iterable[tuple[str, Any]]:
        value = declared.get(what, {})
        if not isinstance(value, Mapping):
            raise self.refuse(what, value, ["a map by role"])
        return ((self.one_of(f"a role of {what}", r, ROLES), v) for r, v in value.items())

    def one_of(self, what: str, value: Any, accepted: Iterable[str]) -> str:
        if not isinstance(value, str) or value not in set(accepted):
            raise self.refuse(what, value, accepted)
        return value

    def name(self, what: str, value: Any, kind: str) -> str:
        """Return the name of a field of this kind."""
        return self._field(what, value, (f for f in self._fields.values() if f.kind == kind)).name

    def optional(self, what: str, declared: Mapping[str, Any], kind: str) -> str | None:
        value = declared.get(what)
        return None if value is None else self.name(what, value, kind)

    def joined(self, what: str, value: Any) -> str | None:
        """Return a field with the reference of a crime or incident, or None if `value` is None."""
        if value is None:
            return None
        fields = (f for f in self._fields.values() if f.join and not f.about)
        return self._field(
            what, value, (f for f in fields if what != "incident" or f.join == "incident")
        ).name

    def person(self, role: str, value: Any) -> str:
        """Return a field with the reference of a person of this role."""
        of_role = (f for f in self._fields.values() if f.join and f.about in ROLES[role])
        return self._field(f"references of {role}", value, of_role).name

    def place(self, what: str, value: Any) -> str:
        """Return the prefix of a place with an address and a postcode."""
        full = (
            p for p in self._type.places if {f"{p}address", f"{p}postcode"} <= set(self._fields)
        )
        return self.one_of(what, value, tuple(full))

    def people(self, role: str, value: Any) -> tuple[str, ...]:
        """Return prefixes of a name and a date of birth, which are about one person of this role."""
        if not isinstance(value, list):
            raise self.refuse(f"people of {role}", value, ["a list of prefixes"])
        accepted = [p for p in map(_before_birth, self._type.births) if self._names(p, role)]
        return tuple(self.one_of(f"people of {role}", prefix, accepted) for prefix in value)

    def prefix(
        self, what: str, declared: Mapping[str, Any], parts: Mapping[str, str]
    ) -> str | None:
        """Return the prefix of all fields of `parts`, or None if the annotation has none."""
        value = declared.get(what)
        if value is None:
            return None
        for part, kind in parts.items():
            self.name(what, f"{value}{part}", kind)
        return str(value)

    def condition(self, declared: Any) -> Condition:
        self.known(declared, _CONDITION_NAMES, "when")
        codes = declared.get("codes", {})
        if not isinstance(codes, Mapping) or not all(map(_is_list_of_codes, codes.values())):
            raise self.refuse("codes", codes, ["a map from coded fields to lists of codes"])
        coded = [f for f in self._fields.values() if f.code_list]
        return Condition(
            flag=self.optional("flag", declared, "flag"),
            codes={self._field("codes", f, coded).name: frozenset(c) for f, c in codes.items()},
            same_place=self._same_place(declared.get("same_place")),
        )

    def _same_place(self, value: Any) -> tuple[str, str] | None:
        if value is None:
            return None
        match value:
            case [first, second] if first != second:
                return self.place("same_place", first), self.place("same_place", second)
        raise self.refuse("same_place", value, ["two different prefixes of places"])

    def _names(self, prefix: str, role: str) -> bool:
        name, birth = self._fields.get(f"{prefix}name"), self._fields[f"{prefix}{BIRTH}"]
        return name is not None and name.about == birth.about and name.about in ROLES[role]

    def _field(self, what: str, value: Any, accepted: Iterable[Field]) -> Field:
        names = [f.name for f in accepted]
        return self._fields[self.one_of(what, value, names)]


def _is_list_of_codes(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(c, str) for c in value)


def _before_birth(name: str) -> str:
    return name.removesuffix(BIRTH)


def _check_kind(rule: DomesticRule, record_type: RecordType, reader: _Reader) -> None:
    """Check that an event has a type and a date, a part a join, and a referral its day."""
    if (rule.type != "") != (rule.kind == EVENT):
        raise reader.refuse("type", rule.type, TYPES if rule.kind == EVENT else [""])
    if (rule.day is not None) != (rule.kind == REFERRAL):
        raise reader.refuse("day", rule.day, ["a date, for a referral alone"])
    if rule.withdrawn is not None and rule.kind != REFERRAL:
        raise reader.refuse("withdrawn", rule.withdrawn, ["a flag, for a referral alone"])
    if rule.kind == EVENT and not (record_type.events and rule.when):
        raise reader.refuse("when", rule.when, ["conditions, for a type with the date of an event"])
    if rule.kind == PART and not (rule.join and rule.people):
        raise reader.refuse("join", rule.join, ["the join of a crime, for a part with people"])
