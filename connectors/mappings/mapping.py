"""Define a mapping: how columns of an agency's file become datafields of one record type."""

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
    """The target of one column. A plain field name in the file means `{field: name}`.

    `date`, `time` and `month` are styles of `datetime.strptime`; without one, dates and times are
    ISO 8601. A `month` gives its first day to `field` and its last to `until`. A `timestamp`, in
    such a style or ``iso``, gives its date to `field` and its local time to `time_field`; a time
    with an offset from UTC is converted to local time first. With ``midnight: unknown``, 00:00:00
    means that the supplier does not know the time.
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
            raise ValueError("month and until go together: a month has a first and a last day")
        if (self.timestamp is None) != (self.time_field is None):
            raise ValueError(
                "timestamp and time_field go together: a timestamp is a date and a time"
            )
        if self.midnight == "unknown" and self.timestamp is None:
            raise ValueError("midnight is for a timestamp; for a time, use empty: ['00:00']")
        if bool(self.truthy) != bool(self.falsy):
            raise ValueError("truthy and falsy go together: other cells must become neither")
        return self

    @property
    def targets(self) -> dict[str, str]:
        """Return the fields that the column fills, by the setting that names them."""
        named = {"field": self.field, "until": self.until, "time_field": self.time_field}
        return {setting: name for setting, name in named.items() if name}


STYLES = ("date", "time", "month", "timestamp", "truthy", "values", "whole_number")
"""The settings that convert a cell; a column has at most one of them."""


class RowRule(_Strict):
    """One rule of the list that decides which rows are in scope; the first matching rule applies.

    `when` names columns with the accepted cells, in any case; a rule without it matches every row.
    The row is then `out_of_scope` for a reason, or in scope, and `gives` sets fields to values.
    """

    when: dict[str, tuple[str, ...]] = {}
    gives: dict[str, str] = {}
    out_of_scope: str | None = None

    @model_validator(mode="after")
    def _decides_one_thing(self) -> RowRule:
        if self.out_of_scope and self.gives:
            raise ValueError("a row out of scope gets no values; use either gives or out_of_scope")
        return self


class Mapping(_Strict):
    """One mapping file. With `supply-row`, a record without a reference is named by supply and row.

    Without `format`, the file's suffix decides. `delimiter`, `encoding` and `quote` are for CSV.
    `sheet` is for a workbook; without it the visible sheets with the first one's header are read.
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
    where: tuple[RowRule, ...] = ()
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
            message = (
                f"{name!r} is not a text encoding; accepted: utf-8-sig, cp1252, latin-1, utf-16"
            )
            raise ValueError(message) from None
        return name

    @model_validator(mode="after")
    def _is_unambiguous(self) -> Mapping:
        if self.delimiter == self.quote:
            raise ValueError(f"delimiter and quote are both {self.quote!r}; a cell could not end")
        return self

    def content(self, present: Collection[str]) -> str:
        """Return the settings that decide which records a file gives, as canonical JSON.

        `present` are the columns of the file. Notes, columns that the file lacks and settings with
        default values are left out: a datafield or setting of a later release must not make the
        same file a new supply.
        """
        columns = {title: c for title, c in self.columns.items() if title in present}
        decisive = self.model_copy(update={"columns": columns})
        return decisive.model_dump_json(exclude=_NOT_DECISIVE, exclude_defaults=True)

    @property
    def is_identity(self) -> bool:
        """Return True if this is the mapping for a header with ipu's field names."""
        return self.name == IDENTITY

    @property
    def columns_read(self) -> frozenset[str]:
        """Return every column that the mapping reads, by its name in the mapping."""
        return frozenset((*self.columns, *(name for rule in self.where for name in rule.when)))


def _try_style(style: str, what: str) -> None:
    """Refuse a style that does not read all of a date, month or time: the rest would be invented."""
    if what == "timestamp" and "%Z" in style:
        raise ValueError(
            "%Z is a time zone's name, which is ambiguous; accepted: an offset (%z), or none"
        )
    try:
        read = Style(style).read(SAMPLE.strftime(style))
    except ValueError as error:
        message = f"{style!r} is not a style ({error}); accepted: a strptime style, such as %d/%m/%Y or %H:%M"
        raise ValueError(message) from None
    whole = _SHORTER[what]
    if read.strftime(whole) != SAMPLE.strftime(whole):
        raise ValueError(f"{style!r} does not read a whole {what}; it must have all of {whole}")
