"""The record types have each datafield of guidance 3.2, and each other field is marked as added."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from schemas.catalogue import Catalogue
from schemas.record_type import Status

LISTED: dict[str, Any] = YAML(typ="safe").load(Path(__file__).with_name("minimum_datasets.yaml"))
REFERRAL: dict[str, list[str]] = YAML(typ="safe").load(
    Path(__file__).with_name("marac_referral.yaml")
)
every_dataset = pytest.mark.parametrize("dataset", LISTED)

_SECTION = re.compile(r"^\s*(3\.2\.\d+|3\.3)\s+(?=\S)", re.MULTILINE)
_SLIPS = {"Adderess": "Address", "Addtess": "Address", "FEasting": "Easting"}
_LISTS_BEGIN = re.compile(r"Recommended\s+minimum\s+datasets?")
_LISTS_END = re.compile(
    r"It is important that police forces|Stop and search data are useful|Drug test results for trigger"
)
_MARAC = re.compile(
    r"for the purposes of MARAC should include:(.*?individuals involved\.)", re.DOTALL
)
_FOOTNOTE = re.compile(r"\* Please see the Department of Transport.*?\.htm", re.DOTALL)
# Lines of the lists that are not datafields: headings and remarks.
_REMARKS = (
    "(it is recommended that these data are provided as three separate files):",
    "Datafields on the offence", "Datafields on the offender/accused", "Datafields on the victim",
    "A. lllegal dumping of waste (personalised)",
    "B. lllegal waste processing sites (personalised)",
    "The datafields listed above are recorded by A & E departments when the patient presents him/ herself.",
    ("The data listed below may not be recorded by the A & E department but attempts should be made to "
    "record it to help understand issues associated with assaults:"),
    ("(Large illegal dumps that are recorded separately to small flytipping incidents that are recorded on "
    "FlyCapture by local councils. That dataset is described as personalised because full address/location "
    "information is allowed to be shared.)"),
    # The page break puts the heading of 3.2.5 and of its page between the datafields of 3.2.4.
    "3.2.5 Probation OASys assessments (depersonalised data) 3. Information that should be shared",
    ("Source: Local Probation Trust Type of data: Records on Probation clients, describing the assessment of "
    "their offending in terms of their needs and future risks Recommended minimum dataset:"),
)  # fmt: skip


def test_the_22_datasets_make_25_record_types(catalogue: Catalogue) -> None:
    assert set(catalogue.record_types) - set(REFERRAL) == set(LISTED)
    assert len(LISTED) == 25
    assert {about["section"] for about in LISTED.values()} == {f"3.2.{n}" for n in range(1, 23)}


@every_dataset
def test_no_datafield_of_the_guidance_is_missing(catalogue: Catalogue, dataset: str) -> None:
    record_type = catalogue.record_type(dataset)
    held = {field.doc for field in record_type.fields if not field.marked}
    assert [wording for wording in LISTED[dataset]["fields"] if wording not in held] == []


@every_dataset
def test_no_field_is_invented_without_a_mark(catalogue: Catalogue, dataset: str) -> None:
    listed = set(LISTED[dataset]["fields"])
    fields = catalogue.record_type(dataset).fields
    assert [f.name for f in fields if not f.marked and f.doc not in listed] == []
    assert [f.name for f in fields if f.marked and f.doc in listed] == []


@every_dataset
def test_section_heading_and_table_are_the_guidance_s(catalogue: Catalogue, dataset: str) -> None:
    record_type, listed = catalogue.record_type(dataset), LISTED[dataset]
    assert record_type.guidance == listed["section"]
    assert record_type.information == listed["heading"]
    assert listed["table"] in {"core", "peripheral"}
    if dataset == "hospital-assault":  # "In those areas where these data are recorded" (3.1.2)
        assert record_type.status is Status.CORE_WHERE_RECORDED
    else:
        assert record_type.status == listed["table"]


@pytest.fixture(scope="module")
def guidance(shared_data: Path) -> str:
    text = next((shared_data.parent / "seed").glob("*.txt")).read_text(encoding="utf-8")
    for slip, meant in _SLIPS.items():
        text = text.replace(slip, meant)
    return text


def _lists(text: str) -> dict[str, str]:
    """Return the text of the datafield lists of each section; the lists of 3.2.4 continue in 3.2.5."""
    text = text[text.index("3.2 MINIMUM DATASETS") :].replace("3.2.5 Probation", "@ Probation")
    begins = list(_SECTION.finditer(text))
    found = {}
    for this, following in pairwise(begins):
        section = _FOOTNOTE.sub("", text[this.start() : following.start()])
        section = section.replace("@ Probation", "3.2.5 Probation")
        body = _LISTS_BEGIN.split(section, maxsplit=1)[1]
        found[this.group(1)] = _LISTS_END.split(body, maxsplit=1)[0]
    return found


def _plain(text: str) -> str:
    """Return only letters and digits, without the bullets, dashes and line ends of the typesetting."""
    return re.sub(r"[^a-z0-9]+", "", text.casefold())


def test_a_marac_referral_has_what_the_guidance_lists_and_marks_the_rest(
    catalogue: Catalogue,
) -> None:
    (dataset, listed), *others = REFERRAL.items()
    record_type = catalogue.record_type(dataset)
    assert others == []
    assert record_type.guidance == "3.1.1.1"
    assert {field.doc for field in record_type.fields if not field.marked} == set(listed)


def test_the_fields_of_a_marac_referral_are_those_of_the_text(guidance: str) -> None:
    (items,) = _MARAC.findall(guidance)
    assert _plain(items) == _plain(
        "e name, date of birth and address of the victim, offender and children at risk; and "
        "e personal details that relate to the abuse, including the injuries sustained, frequency of abuse, "
        "whether the victim is pregnant, and other matters of concern that each agency may have information "
        "about in relation to any of the individuals involved."
    )


def test_the_list_is_the_text_s_own_and_leaves_nothing_of_it_out(guidance: str) -> None:
    lists = _lists(guidance)
    assert len(lists) == 21
    for section, text in lists.items():
        sections = {section, "3.2.5"} if section == "3.2.4" else {section}
        listed = [a["fields"] for a in LISTED.values() if a["section"] in sections]
        # The longest first: "Age" is a part of other words.
        wordings = sorted((w for fields in listed for w in (*fields, *_REMARKS)), key=len)
        left = _plain(text)
        for wording in reversed(wordings):
            if wording not in _REMARKS:
                assert _plain(wording) in left, (section, wording)
            left = left.replace(_plain(wording), "|", 1)
        assert re.fullmatch(r"[|eo]*", left), (section, left)
