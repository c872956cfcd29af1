"""A mapping: how the columns of one agency's file become the datafields of one record type."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator, model_validator

from connectors.mappings.styles import Style

SAMPLE = datetime(2009, 12, 31, 22, 41, tzinfo=UTC)
_NOT_DECISIVE = {
    "name", "source", "optional", "coding_systems", "explanations", "geocoding", "caveats",
}  # fmt: skip
_SHORTER = {
    "date": "%Y-%m-%d", "month": "%Y-%m", "time": "%H:%M", "timestamp": "%Y-%m-%d %H:%M",
}  # fmt: skip
IDENTITY = "identity"
ISO = "iso"
"""The style of a timestamp in ISO 8601."""

FileFormat = Literal["csv", "xlsx", "json-lines"]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Column(_Strict):
    """What one column gives. A plain field name in the file stands for `{field: name}`.

    `date`, `time` and `month` are styles as `datetime.strptime` takes them; without one, dates and
    times are ISO 8601. A `month` gives its first day to `field` and its last to `until`. A
    `timestamp`, of such a style or ``iso``, gives its date to `field` and its local time to
    `time_field`; an instant that states its offset from UTC becomes local time first. Where
    ``midnight: unknown`` is said, 00:00:00 stands for a time that the supplier does not know.
    """

    field: str
    until: str | None = None
    time_field: str | None = None
    date: str | None = None
    time: str | None = None
    month: str | None = None
    timestamp: str | None = None
    midnight: Literal["known", "unknown"] = "known"
    truthy: tuple[str, ...] = ()
    falsy: tuple[str, ...] = ()
    values: dict[str, str] = {}
    empty: tuple[str, ...] = ()
    whole_number: bool = False

    @model_validator(mode="before")
    @classmethod
    def _plain_name(cls, given: Any) -> Any:
        return {"field": given} if isinstance(given, str) else given

    @field_validator("date", "time", "month", "timestamp")
    @classmethod
    def _is_a_style(cls, style: str | None, info: ValidationInfo) -> str | None:
        if style is not None and (info.field_name, style) != ("timestamp", ISO):
            _try_style(style, str(info.field_name))
        return style

    @model_validator(mode="after")
    def _is_one_thing(self) -> Column:
        given = [name for name in STYLES if getattr(self, name)]
        if len(given) > 1:
            raise ValueError(f"has {' and '.join(given)}; a column has one of {', '.join(STYLES)}")
        if (self.month is None) != (self.until is None):
            raise ValueError("month and until go together: a month is a range with two ends")
        if (self.timestamp is None) != (self.time_field is None):
            raise ValueError("timestamp and time_field go together: it is a date with its time")
        if self.midnight == "unknown" and self.timestamp is None:
            raise ValueError("midnight is said of a timestamp; of a time, say empty: ['00:00']")
        if bool(self.truthy) != bool(self.falsy):
            raise ValueError("truthy and falsy go together: what is neither must not become either")
        return self

    @property
    def targets(self) -> dict[str, str]:
        """The fields it gives a value, by the setting that names them."""
        named = {"field": self.field, "until": self.until, "time_field": self.time_field}
        return {setting: name for setting, name in named.items() if name}


STYLES = ("date", "time", "month", "timestamp", "truthy", "values", "whole_number")
"""What may be done to a cell; the set is closed, one of them a column."""


class Rule(_Strict):
    """One line of the list that decides which rows the dataset asks for; the first that fits rules.

    `when` names columns with the cells that fit, whatever their case; a rule without it fits every
    row. Then the row is `out_of_scope` for a reason, or in scope and `gives` fields their values.
    """

    when: dict[str, tuple[str, ...]] = {}
    gives: dict[str, str] = {}
    out_of_scope: str | None = None

    @model_validator(mode="after")
    def _decides_one_thing(self) -> Rule:
        if self.out_of_scope and self.gives:
            raise ValueError("a row out of scope is given nothing; use gives or out_of_scope")
        return self


class Mapping(_Strict):
    """One mapping file. By `supply-row` a record without reference is named by supply and row.

    Without a `format` the file's suffix tells it. `delimiter`, `encoding` and `quote` are for CSV,
    `sheet` for a workbook, of which the visible sheets of one header are read otherwise.
    """

    name: str
    source: str
    dataset: str
    format: FileFormat | None = None
    sheet: str | None = None
    delimiter: Annotated[str, Field(pattern=r'^[^"\r\n]$')] = ","
    quote: Literal['"', "'", "none"] = '"'
    encoding: str = "utf-8-sig"
    columns: Annotated[dict[str, Column], Field(min_length=1)]
    constants: dict[str, str] = {}
    where: tuple[Rule, ...] = ()
    optional: tuple[str, ...] = ()
    aliases: dict[str, tuple[str, ...]] = {}
    reference: Literal["column", "supply-row"] = "column"
    coding_systems: dict[str, str] = {}
    explanations: dict[str, str] = {}
    geocoding: str = ""
    caveats: tuple[str, ...] = ()

    @field_validator("encoding")
    @classmethod
    def _is_an_encoding(cls, name: str) -> str:
        try:
            "".encode(name)
        except (LookupError, UnicodeError):
            message = f"{name!r} is no text encoding; accepted: utf-8-sig, cp1252, latin-1, utf-16"
            raise ValueError(message) from None
        return name

    @model_validator(mode="after")
    def _is_unambiguous(self) -> Mapping:
        if self.delimiter == self.quote:
            raise ValueError(f"delimiter and quote are both {self.quote!r}; a cell could not end")
        return self

    def content(self, present: Collection[str]) -> str:
        """All that decides what records a file gives that has the columns `present`; canonical.

        Notes are not in it, nor columns that the file lacks or settings left as they are: a
        datafield or setting that a later release adds must not make the same file a new supply.
        """
        columns = {title: c for title, c in self.columns.items() if title in present}
        decisive = self.model_copy(update={"columns": columns})
        return decisive.model_dump_json(exclude=_NOT_DECISIVE, exclude_defaults=True)

    @property
    def is_identity(self) -> bool:
        """Whether it is that of a file whose header has our own names."""
        return self.name == IDENTITY

    @property
    def columns_read(self) -> frozenset[str]:
        """Every column that the mapping looks at, by the name the mapping gives it."""
        return frozenset((*self.columns, *(name for rule in self.where for name in rule.when)))


def _try_style(style: str, what: str) -> None:
    """Refuse a style that reads not all of a date, month or time: the rest would be invented."""
    if what == "timestamp" and "%Z" in style:
        raise ValueError("%Z is a name that differs by place; accepted is an offset, %z, or none")
    try:
        read = Style(style).read(SAMPLE.strftime(style))
    except ValueError as error:
        message = (
            f"{style!r} is no style ({error}); accepted are strptime's, such as %d/%m/%Y or %H:%M"
        )
        raise ValueError(message) from None
    whole = _SHORTER[what]
    if read.strftime(whole) != SAMPLE.strftime(whole):
        raise ValueError(f"{style!r} does not read a whole {what}; it must hold all of {whole}")
