"""Made-up files of every dataset: shaped as declared, spelled as suppliers spell, repeatable."""

from __future__ import annotations

from datetime import date, timedelta
from math import dist
from pathlib import Path

import pytest

from demo.generator.csv_files import write_csv
from demo.generator.datasets import GENERATORS, SHARES, SMALLEST, shared_out
from demo.generator.records import typed
from schemas.catalogue import Catalogue, load_catalogue
from schemas.coded_text import TextReader
from schemas.derive import intake_schema
from schemas.wire import decoder, encoder
from tests.demo.generated import POSTCODES, sample, trouble, usable

every_dataset = pytest.mark.parametrize("dataset", GENERATORS)
PROPERTY_M = 40


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return load_catalogue()


def test_every_dataset_of_the_catalogue_has_a_generator(catalogue: Catalogue) -> None:
    assert set(GENERATORS) == set(catalogue.record_types)


def test_the_shares_make_a_whole_in_which_police_records_are_most() -> None:
    assert set(SHARES) == set(GENERATORS)
    assert sum(SHARES.values()) == pytest.approx(1)
    most = sorted(SHARES, key=SHARES.__getitem__, reverse=True)[:2]
    assert set(most) == {"police-incident", "police-crime-offence"}


def test_records_are_shared_out_among_the_datasets_that_are_asked_for() -> None:
    assert sum(shared_out(SMALLEST).values()) <= SMALLEST
    assert shared_out(100, ["fire-incident"]) == {"fire-incident": 100}
    assert min(shared_out(10).values()) == 1
    with pytest.raises(KeyError, match="no-such"):
        shared_out(10, ["no-such"])


@every_dataset
def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(
    dataset: str, tmp_path: Path
) -> None:
    files = [tmp_path / name for name in ("a.csv", "b.csv", "c.csv")]
    for path, seed in zip(files, (1, 1, 2), strict=True):
        assert write_csv(path, GENERATORS[dataset](60, seed, POSTCODES)) == 60
    first, second, other = (path.read_bytes() for path in files)
    assert first == second != other


@every_dataset
def test_more_rows_begin_with_the_fewer(dataset: str) -> None:
    assert tuple(GENERATORS[dataset](40, 7, POSTCODES)) == sample(dataset)[:40]


@every_dataset
def test_rows_have_declared_fields_alone_in_their_order_and_all_the_same(
    dataset: str, catalogue: Catalogue
) -> None:
    declared = [field.name for field in catalogue.record_type(dataset).fields]
    rows = sample(dataset)
    assert list(rows[0]) == [name for name in declared if name in rows[0]]
    assert set(catalogue.record_type(dataset).required) <= set(rows[0])
    assert {tuple(row) for row in rows} == {tuple(rows[0])}


@every_dataset
def test_every_datafield_of_the_guidance_is_filled_in_some_rows(
    dataset: str, catalogue: Catalogue
) -> None:
    filled = {name for row in sample(dataset) for name, value in row.items() if value}
    wanted = {f.name for f in catalogue.record_type(dataset).fields if not f.marked}
    assert wanted <= filled


@every_dataset
def test_a_few_records_in_a_hundred_have_trouble(dataset: str) -> None:
    troubled = sum(trouble(row) is not None for row in sample(dataset))
    assert 0.02 < troubled / len(sample(dataset)) < 0.07


@every_dataset
def test_coded_cells_are_spelled_as_the_lists_accept(dataset: str, catalogue: Catalogue) -> None:
    for field in catalogue.record_type(dataset).fields:
        cells = [value for row in sample(dataset) if (value := row.get(field.name, ""))]
        if field.code_list and cells:
            codes = catalogue.code_lists[field.code_list]
            refused = {value for value in cells if codes.code(value) is None}
            assert refused <= {"XQ-17"}, field.name
            assert sum(value != "XQ-17" for value in cells) > 0.95 * len(cells)


@every_dataset
def test_texts_that_are_coded_hold_words_of_their_lists(dataset: str, catalogue: Catalogue) -> None:
    for field in catalogue.record_type(dataset).fields:
        lists = {t.code_list for t in field.treatments.values() if t.action == "coded-text"}
        for name in filter(None, lists):
            read = TextReader(catalogue.code_lists[name])
            texts = {value for row in sample(dataset) if (value := row.get(field.name, ""))}
            unknown = [text for text in texts if not read(text).codes]
            assert unknown == [], field.name


@every_dataset
def test_no_record_is_dated_ahead_unless_its_field_may_be(
    dataset: str, catalogue: Catalogue
) -> None:
    latest = (date.today() - timedelta(days=14)).isoformat()
    for field in catalogue.record_type(dataset).fields:
        if field.kind == "date" and not field.future:
            assert max(row.get(field.name, "") for row in sample(dataset)) < latest


@every_dataset
def test_what_lies_somewhere_lies_at_its_postcode(dataset: str, catalogue: Catalogue) -> None:
    points = {point.postcode: point[1:] for point in POSTCODES}
    for prefix in catalogue.record_type(dataset).places:
        names = [f"{prefix}{part}" for part in ("postcode", "easting", "northing")]
        placed = [
            (row[names[0]], float(row[names[1]]), float(row[names[2]]))
            for row in filter(usable, sample(dataset))
            if all(row.get(name) for name in names)
        ]
        far = [place for place in placed if dist(points[place[0]], place[1:]) > PROPERTY_M]
        assert len(far) <= 0.02 * len(placed)


@every_dataset
def test_typed_records_pass_through_the_intake_schema(dataset: str, catalogue: Catalogue) -> None:
    record_type = catalogue.record_type(dataset)
    schema = intake_schema(record_type)
    encode, decode = encoder(schema, 1), decoder(schema)
    for record in typed(sample(dataset)[:300], record_type):
        read = decode(encode(record))
        plain = {k: v[1] if isinstance(v, tuple) else v for k, v in record.items()}
        assert {name: read[name] for name in record} == plain
