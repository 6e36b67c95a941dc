from __future__ import annotations

import pickle
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from wavetank.plan.payload import Payload, read_payload


def read(tmp_path: Path, text: str | bytes, **options: Any) -> Payload:
    path = tmp_path / "users.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_payload(path, **{"fields": ["name", "age"], **options})


def test_rows_become_variables_under_the_names_of_the_fields(tmp_path: Path) -> None:
    payload = read(tmp_path, "Ada,36\nGrace,85\n", order="sequence")
    assert payload.variables_for(0, 0) == {"name": "Ada", "age": 36}
    assert payload.variables_for(1, 0) == {"name": "Grace", "age": 85}


def test_a_sequence_goes_by_the_arrival_in_the_whole_run_and_wraps(tmp_path: Path) -> None:
    payload = read(tmp_path, "a,0\nb,1\nc,2\n", order="sequence")
    assert [payload.variables_for(index, 9)["age"] for index in range(7)] == [0, 1, 2, 0, 1, 2, 0]


def test_random_rows_belong_to_seed_and_user_and_each_row_has_its_turn(tmp_path: Path) -> None:
    payload = read(tmp_path, "".join(f"n{row},{row}\n" for row in range(10)))
    drawn = [payload.variables_for(index, 1) for index in range(5000)]
    assert drawn == [payload.variables_for(index, 1) for index in range(5000)]
    assert drawn != [payload.variables_for(index, 2) for index in range(5000)]
    counts = Counter(row["name"] for row in drawn)
    assert len(counts) == 10
    assert min(counts.values()) > 400


def test_two_files_are_drawn_from_independently(tmp_path: Path) -> None:
    text = "".join(f"{row}\n" for row in range(100))
    payloads = []
    for name in ("one.csv", "two.csv"):
        (tmp_path / name).write_text(text)
        payloads.append(read_payload(tmp_path / name, fields=["row"]))
    same = sum(payloads[0].variables_for(index, 1) == payloads[1].variables_for(index, 1) for index in range(1000))
    assert same < 40


def test_the_folder_of_a_file_does_not_change_what_is_drawn(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    here = read(tmp_path, "a,1\nb,2\nc,3\n")
    there = read(tmp_path / "other", "a,1\nb,2\nc,3\n")
    assert [here.variables_for(index, 1) for index in range(50)] == [
        there.variables_for(index, 1) for index in range(50)
    ]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("7", 7),
        ("-3", -3),
        ("+4", 4),
        ("007", 7),
        ("1.0", 1),
        ("1.5", 1.5),
        (".5", 0.5),
        ("1e3", 1000),
        (" 12 ", 12),
        ("9007199254740992", 2**53),
        ("12345678901234567890", "12345678901234567890"),
        ("1e999", "1e999"),
        ("true", "true"),
        ("", ""),
        ("1,5", "1,5"),
        ("0x1F", "0x1F"),
        ("Infinity", "Infinity"),
        ("nan", "nan"),
        ("1_000", "1_000"),
        ("٣", "٣"),
    ],
)
def test_numbers_are_cast_as_csv_parse_casts_them_and_never_lose_digits(
    tmp_path: Path, text: str, value: object
) -> None:
    row = read(tmp_path, f'"{text}",x\n').variables_for(0, 0)
    assert row["name"] == value
    assert type(row["name"]) is type(value)
    assert read(tmp_path, f'"{text}",x\n', cast=False).variables_for(0, 0)["name"] == text


def test_quotes_line_ends_and_a_byte_order_mark_are_understood(tmp_path: Path) -> None:
    payload = read(tmp_path, b'\xef\xbb\xbf"Ada, ""the first""",1\r\n"two\nlines",2\r\n')
    assert payload.rows == (('Ada, "the first"', 1), ("two\nlines", 2))


def test_the_header_the_empty_lines_and_further_columns_are_left_out(tmp_path: Path) -> None:
    payload = read(tmp_path, "name;age;more\n\nAda;36;x\n\n", skip_header=True, delimiter=";")
    assert payload.rows == (("Ada", 36),)


def test_an_empty_line_that_is_kept_is_an_empty_value(tmp_path: Path) -> None:
    assert read(tmp_path, "a\n\nb\n", fields=["name"], skip_empty_lines=False).rows == (("a",), ("",), ("b",))
    with pytest.raises(ValueError, match=r"Row 2 of .* has 1 column, but there are 2 fields"):
        read(tmp_path, "a,b\n\n", skip_empty_lines=False)


def test_a_table_loaded_as_a_whole_is_the_same_list_for_every_user(tmp_path: Path) -> None:
    payload = read(tmp_path, "Ada,36\nGrace,85\n", load_all=True, name="people")
    first = payload.variables_for(0, 0)
    assert first == {"people": [{"name": "Ada", "age": 36}, {"name": "Grace", "age": 85}]}
    assert payload.variables_for(1, 0)["people"] is first["people"]
    without_fields = read(tmp_path, "Ada,36\nGrace\n", fields=[], load_all=True, name="people")
    assert without_fields.variables_for(0, 0) == {"people": [["Ada", 36], ["Grace"]]}


def test_a_payload_travels_to_another_process(tmp_path: Path) -> None:
    payload = read(tmp_path, "a,1\nb,2\n")
    payload.variables_for(0, 0)
    copy = pickle.loads(pickle.dumps(payload))
    assert copy == payload
    assert [copy.variables_for(index, 3) for index in range(20)] == [
        payload.variables_for(index, 3) for index in range(20)
    ]


@pytest.mark.parametrize(
    ("text", "options", "message"),
    [
        ("Ada,36\nGrace\n", {}, r"Row 2 of .*users\.csv has 1 column, but there are 2 fields"),
        ("name,age\nAda\n", {"skip_header": True}, "Row 2 of"),
        ("", {}, "has no rows; it needs one at least"),
        ("\n\n", {}, "has no rows"),
        ("name,age\n", {"skip_header": True}, "has no rows; it needs one at least below its header"),
        ("a,b\n\xff".encode("latin-1"), {}, "is not UTF-8"),
        ('Ada,"36"x\n', {}, "Row 1 of .* is not CSV"),
        ('a,1\nAda,"36\n', {}, "Row 2 of .* is not CSV"),
        ("a,b", {"delimiter": ""}, "must be one character"),
        ("a,b", {"delimiter": "||"}, "must be one character"),
        ("a,b", {"delimiter": '"'}, "must be one character"),
        ("a,b", {"load_all": True}, "give the variable for it a name"),
        ("a,b", {"fields": []}, "has no fields"),
        ("a,b", {"fields": ["x", "x"]}, "the field 'x' twice"),
    ],
)
def test_a_file_that_cannot_feed_anybody_is_refused_with_its_place(
    tmp_path: Path, text: str | bytes, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        read(tmp_path, text, **options)


def test_a_missing_file_and_a_folder_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"There is no file .*nowhere\.csv"):
        read_payload(tmp_path / "nowhere.csv", fields=["a"])
    with pytest.raises(ValueError, match="cannot be read"):
        read_payload(tmp_path, fields=["a"])
