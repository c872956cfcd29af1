from __future__ import annotations

import gzip
import json
import lzma
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.errors import SourceError
from connectors.sources import json_lines_file
from connectors.sources.json_lines_file import DEEPEST, JsonLinesFile
from connectors.sources.table import LONGEST_ROW, Row, Unreadable

Write = Callable[..., Path]


def rows(path: Path) -> tuple[tuple[str, ...], list[Row | Unreadable]]:
    with JsonLinesFile(path) as source:
        return source.header, list(source)


def reason(write: Write, line: str | bytes) -> str:
    """Return the reason why `line`, between two readable ones, is unreadable."""
    content = line if isinstance(line, bytes) else line.encode()
    header, found = rows(write(b'{"a": 1}\n' + content + b'\n{"a": 3}\n', "x.jsonl"))
    assert header == ("a",)
    assert (found[0], found[2]) == (Row(1, 1, ["1"]), Row(3, 3, ["3"]))
    assert isinstance(found[1], Unreadable)
    assert (found[1].number, found[1].line) == (2, 2)
    return found[1].reason


def test_objects_become_rows_under_the_union_of_their_keys(write_csv: Write) -> None:
    path = write_csv(
        '{"id": "r1", "location": {"street": {"name": "High St"}, "lat": 51.50}}\r\n'
        "\n"
        '{"id": "r2", "flag": true, "location": {"lat": null}}'
    )
    assert rows(path) == (
        ("id", "location.street.name", "location.lat", "flag"),
        [Row(1, 1, ["r1", "High St", "51.50", ""]), Row(2, 3, ["r2", "", "", "true"])],
    )


def test_numbers_keep_the_text_they_are_given_in(write_csv: Write) -> None:
    texts = ["0.10", "-0", "1E5", "12345678901234567890.0", "9" * 5_000]
    path = write_csv("".join(f'{{"n": {text}}}\n' for text in texts))
    assert [row[2] for row in rows(path)[1]] == [[text] for text in texts]


def test_a_byte_order_mark_and_compression_do_not_matter(write_csv: Write) -> None:
    plain = '{"é": "£"}\n'.encode()
    paths = [
        write_csv(plain, "a.jsonl"),
        write_csv(b"\xef\xbb\xbf" + plain, "b.jsonl"),
        write_csv(gzip.compress(plain), "a.jsonl.gz"),
        write_csv(lzma.compress(plain), "a.jsonl.xz"),
    ]
    assert [rows(path) for path in paths] == [(("é",), [Row(1, 1, ["£"])])] * 4


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("[1, 2]", "not a JSON object"),
        ("secret", "not JSON from character 1"),
        ('{"a": "secret}', "not JSON from character 7"),
        ('{"a": 1} {"a": 2}', "not JSON from character 10"),
        ('{"a": ["secret"]}', "a list"),
        ('{"a": {"b": []}}', "a list"),
        ('{"a": "secret", "a": 2}', "the same key twice"),
        ('{"a": {"b": 1, "b": 2}}', "the same key twice"),
        ('{"a.b": 1, "a": {"b": 2}}', "the same key twice"),
        ('{"a": NaN}', "NaN"),
        ('{"a": -Infinity}', "Infinity"),
        ('{"a": "\\ud800"}', "half a character"),
        ('{"\\udfff": 1}', "half a character"),
        (b'{"a": "caf\xe9"}', "not text in utf-8"),
        ('{"a":' * 40_000, "nested deeper"),
        ('{"a":' * (DEEPEST + 1) + "1" + "}" * (DEEPEST + 1), "nested deeper"),
        ("[" * 100_000, "nested deeper"),
        ('{"a": "' + "x" * LONGEST_ROW + '"}', f"more than {LONGEST_ROW}"),
    ],
)
def test_a_line_that_is_no_row_is_told_without_its_content_and_the_rest_is_read(
    write_csv: Write, line: str | bytes, says: str
) -> None:
    told = reason(write_csv, line)
    assert says in told
    assert "secret" not in told


def test_a_list_where_the_mapping_does_not_read_leaves_the_row_whole(write_csv: Write) -> None:
    path = write_csv('{"a": 1, "tags": ["x"]}\n{"A": ["x"]}')
    with JsonLinesFile(path, {"a"}) as source:
        assert source.header == ("a",)
        row, unreadable = source
    assert row == Row(1, 1, ["1"])
    assert isinstance(unreadable, Unreadable)


def test_objects_as_deep_as_is_accepted_are_read(write_csv: Write) -> None:
    path = write_csv('{"a":' * DEEPEST + "1" + "}" * DEEPEST)
    assert rows(path) == ((".".join("a" * DEEPEST),), [Row(1, 1, ["1"])])


def test_different_keys_without_end_are_refused(
    write_csv: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(json_lines_file, "MOST_KEYS", 3)
    lines = [json.dumps({f"k{n}": 1}) for n in range(5)]
    assert len(rows(write_csv("\n".join(lines[:3])))[0]) == 3
    with pytest.raises(SourceError, match=r"given\.csv:4: .*more than 3 different keys"):
        rows(write_csv("\n".join(lines)))


def test_long_keys_without_end_are_refused(write_csv: Write) -> None:
    lines = [json.dumps({f"{n}" * 90_000: 1}) for n in range(3)]
    with pytest.raises(SourceError, match=f"csv:3: .*{LONGEST_ROW} characters of them"):
        rows(write_csv("\n".join(lines)))


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "no line has a key"),
        (b"\n{}\n", "no line has a key"),
        (b'[\n{"a": 1},\n]\n', "line 1: not JSON from"),
        ('{"a": 1}'.encode("utf-16"), "line 1: bytes that are not text in utf-8"),
    ],
)
def test_a_file_without_objects_is_refused(write_csv: Write, content: bytes, says: str) -> None:
    with pytest.raises(SourceError, match=f"{says}.*one JSON object per line"):
        rows(write_csv(content))


@pytest.mark.parametrize(("name", "compress"), [("c.gz", gzip.compress), ("c.xz", lzma.compress)])
def test_a_compressed_file_cut_short_is_refused(
    write_csv: Write, name: str, compress: Callable[[bytes], bytes]
) -> None:
    whole = compress(b"".join(b'{"a": %d}\n' % (n * n) for n in range(9_999)))
    with pytest.raises(SourceError, match="damaged"):
        rows(write_csv(whole[: len(whole) // 2], name))


def test_damage_before_the_first_line_is_of_line_1(write_csv: Write) -> None:
    with pytest.raises(SourceError, match=r"c\.gz:1: the file is damaged"):
        rows(write_csv(b'{"a": 1}\n', "c.gz"))


def test_a_file_that_gains_a_key_while_it_is_read_is_refused(write_csv: Write) -> None:
    path = write_csv('{"a": 1}\n')
    with JsonLinesFile(path) as source:
        path.write_text('{"b": 1}\n')
        with pytest.raises(SourceError, match="changed while it was read"):
            list(source)


def test_progress_ends_at_the_size_of_the_file(write_csv: Write) -> None:
    with JsonLinesFile(write_csv(b'{"a": 1}\n' * 9_999)) as source:
        assert sum(1 for _ in source) == 9_999
        assert source.consumed == source.size


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=12,
)


@settings(deadline=None)
@given(st.lists(JSON | st.dictionaries(st.text(), JSON), max_size=5), st.booleans())
def test_any_json_line_is_a_row_or_unreadable(
    tmp_path_factory: pytest.TempPathFactory,
    values: list[object],
    ascii_only: bool,
) -> None:
    path = tmp_path_factory.mktemp("any") / "any.jsonl"
    lines = ['{"a": 1}', *(json.dumps(value, ensure_ascii=ascii_only) for value in values)]
    path.write_text("\n".join(lines), encoding="utf-8", newline="")
    header, found = rows(path)
    assert [row.number for row in found] == list(range(1, len(lines) + 1))
    for row in found:
        if isinstance(row, Row):
            assert len(row.cells) == len(header)
            "".join(row.cells).encode()


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_are_rows_or_unreadable(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    path = tmp_path_factory.mktemp("any") / "any.jsonl"
    path.write_bytes(b'{"a": 1}\n' + content)
    _, found = rows(path)
    assert found[0][:2] == (1, 1)


@settings(deadline=None)
@given(st.dictionaries(st.text(st.characters(codec="utf-8", exclude_characters=".")), st.text(
    st.characters(codec="utf-8")), min_size=1))  # fmt: skip
def test_texts_come_back_as_they_were_written(
    tmp_path_factory: pytest.TempPathFactory, given_object: dict[str, str]
) -> None:
    path = tmp_path_factory.mktemp("any") / "any.jsonl"
    path.write_text(json.dumps(given_object, ensure_ascii=False), encoding="utf-8", newline="")
    header, found = rows(path)
    assert dict(zip(header, found[0][2], strict=True)) == given_object
