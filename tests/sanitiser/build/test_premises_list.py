"""With registers of premises the names in them come out, and no other."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sanitiser.build.premises_list import PremisesList, build_premises
from sanitiser.build.reference_sources import BadReference
from sanitiser.places.location import NOWHERE, Located
from sanitiser.places.premises import withheld_premises
from sanitiser.policy import Policy
from sanitiser.references import ReferenceKey
from schemas.catalogue import load_catalogue

RATINGS = """FHRSID,BusinessName,BusinessType
1,The Moon Under Water,Pub/bar/nightclub
2,O'Neill’s,Pub/bar/nightclub
3,Rose Cottage,Pub/bar/nightclub
4,Jane Doe Catering,Other catering premises
5,Sea View,Hotel/bed & breakfast/guest house
6,Mrs Jones,Restaurant/Cafe/Canteen
"""
SCHOOLS = (
    '"URN","EstablishmentName","TypeOfEstablishment (name)"\n1,"Millbrook","Community school"\n'
)


@pytest.fixture(scope="module")
def listed(tmp_path_factory: pytest.TempPathFactory) -> PremisesList:
    folder = tmp_path_factory.mktemp("premises")
    (folder / "ratings.csv").write_text(RATINGS, encoding="utf-8")
    with gzip.open(folder / "schools.csv.gz", "wt", encoding="utf-8") as stream:
        stream.write(SCHOOLS)
    built = build_premises(
        folder / "premises.txt", [folder / "ratings.csv", folder / "schools.csv.gz"]
    )
    assert built.kept == {"licensed premises": 2, "school": 1}
    assert built.left_out == {"named like a home": 2, "kind not released": 2}
    return PremisesList.open(folder / "premises.txt")


def test_a_listed_name_comes_out_as_it_is_published(listed: PremisesList) -> None:
    assert listed("the moon  under water") == "The Moon Under Water"
    assert listed("O'NEILL'S") == "O'Neill’s"
    assert listed("Millbrook") == "Millbrook"


@pytest.mark.parametrize(
    "name",
    ["The Crown Inn", "Rose Cottage", "Sea View", "Jane Doe Catering", "Mrs Jones", "Jane Doe Nursery",
     "12 The Moon Under Water", "behind The Moon Under Water", ""],
)  # fmt: skip
def test_what_is_not_listed_does_not(listed: PremisesList, name: str) -> None:
    assert listed(name) is None


@given(st.text(max_size=30))
def test_nothing_but_what_was_published_ever_comes_out(text: str) -> None:
    assert PremisesList(["The Moon Under Water"])(text) in {None, "The Moon Under Water"}


def test_a_release_names_listed_premises_alone(listed: PremisesList) -> None:
    catalogue = load_catalogue()
    record_type = catalogue.record_type("school-exclusion")
    key = ReferenceKey(b"k" * 32)
    record = dict.fromkeys(f.name for f in record_type.fields) | {"record_reference": "R"}
    where = {"school_": Located(NOWHERE, "none", (), ())}
    told = {
        (name, by): policy.release("council", record | {"school_name": name}, where, [])["school_name"]
        for by, treat in (("list", listed), ("none", withheld_premises))
        for policy in [Policy(record_type, "central", key, catalogue.code_lists, premises=treat)]
        for name in ("Millbrook", "Oak Academy")
    }  # fmt: skip
    assert told == {
        ("Millbrook", "list"): "Millbrook",
        ("Oak Academy", "list"): None,
        ("Millbrook", "none"): None,
        ("Oak Academy", "none"): None,
    }


def test_a_register_without_its_columns_is_told_what_is_accepted(tmp_path: Path) -> None:
    file = tmp_path / "x.csv"
    file.write_text("title,type\na,b\n")
    with pytest.raises(BadReference, match=r"x\.csv, line 1: no column name or businessname"):
        build_premises(tmp_path / "out.txt", [file])
    file.write_text("name,type\na\n")
    with pytest.raises(BadReference, match="line 2: 1 cells"):
        build_premises(tmp_path / "out.txt", [file])
    assert not (tmp_path / "out.txt").exists()
