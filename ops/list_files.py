"""The files of the reference lists, in a run directory or as options of a command name them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Self, TypeVar

from isp.keys.protected_places import ProtectedStore
from ops.embedded.layout import Layout
from ops.reference import GAZETTEER_FOLDER, PREMISES_FILE, STREETS_FOLDER
from ops.settings import SettingsError
from sanitiser.build.folders import restore_folder
from sanitiser.build.premises_list import PremisesList
from sanitiser.places.gazetteer import Gazetteer
from sanitiser.places.premises import withheld_premises
from sanitiser.places.streets import StreetList
from sanitiser.protected.listed import NO_PLACES
from sanitiser.reference_lists import ReferenceLists

_List = TypeVar("_List")


@dataclass(frozen=True, slots=True)
class ListFiles:
    """The files of each reference list, as `ipu reference` wrote them; None without such a list.

    `protected` has the files of the protected places whether or not there is a list, so that a new one is
    noticed.
    """

    gazetteer: Path | None = None
    premises: Path | None = None
    streets: Path | None = None
    protected: ProtectedStore | None = None

    @classmethod
    def of(cls, data: Path, secrets: Path) -> Self:
        """Return the lists that a run directory has now; `secrets` is the folder of its keys."""
        gazetteer, premises = data / GAZETTEER_FOLDER, data / PREMISES_FILE
        streets = data / STREETS_FOLDER
        # Without this, a worker would run without a list whose build crashed.
        for folder in (gazetteer, streets):
            restore_folder(folder)
        return cls(
            gazetteer if gazetteer.is_dir() else None,
            premises if premises.is_file() else None,
            streets if streets.is_dir() else None,
            ProtectedStore.of(data, secrets),
        )

    @classmethod
    def given(
        cls,
        gazetteer: Path | None,
        premises: Path | None,
        streets: Path | None,
        protected: Path | None,
        protected_key: Path | None,
    ) -> Self:
        """Return the lists of a command's options. The default key is where a run directory has it."""
        store = None
        if protected is not None:
            beside = ProtectedStore.of(protected.parent, Layout(protected.parent).secrets.folder)
            store = ProtectedStore(protected, protected_key or beside.key_file)
        return cls(gazetteer, premises, streets, store)

    def open(self) -> ReferenceLists:
        """Open the lists.

        Raises:
            SecretError: the list of protected places or its key is missing or damaged.
            SettingsError: another list is damaged, or is no such list.
        """
        return ReferenceLists(
            _opened(Gazetteer.open, self.gazetteer, "gazetteer"),
            _opened(PremisesList.open, self.premises, "premises") or withheld_premises,
            _opened(StreetList.open, self.streets, "streets"),
            (self.protected and self.protected.read()) or NO_PLACES,
        )

    def public(self) -> Iterator[Path]:
        """Yield each file of the lists that is not encrypted, in a fixed order."""
        for folder in (self.gazetteer, self.streets):
            yield from sorted(folder.glob("*")) if folder else ()
        if self.premises:
            yield self.premises


def _opened(open_: Callable[[Path], _List], path: Path | None, kind: str) -> _List | None:
    if path is None:
        return None
    try:
        return open_(path)
    except (OSError, EOFError, ValueError) as error:
        message = f"{path}: damaged, or no list that `ipu reference {kind}` wrote"
        raise SettingsError(f"{message} ({type(error).__name__})") from error
