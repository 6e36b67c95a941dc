"""`csv`: rows for users, the same ones whichever worker carries them."""

from __future__ import annotations

import pickle
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from wavetank.plan.arrivals import Share, arrivals
from wavetank.plan.phases import Count
from wavetank.plan.python.feeder import Feeder, csv

USERS = "name,age\nann,36\nbob,7\ncleo,85\n"


def feeder(folder: Path, text: str = USERS, **options: Any) -> Feeder:
    (folder / "users.csv").write_text(text, encoding="utf-8")
    return csv(folder / "users.csv", **options)


def test_the_first_line_names_the_columns(tmp_path: Path) -> None:
    users = feeder(tmp_path)
    assert users.fields == ("name", "age")
    assert len(users) == 3
    assert [users.row(index, 1) for index in range(4)] == [
        {"name": "ann", "age": 36},
        {"name": "bob", "age": 7},
        {"name": "cleo", "age": 85},
        {"name": "ann", "age": 36},
    ]


def test_with_fields_every_line_is_a_row(tmp_path: Path) -> None:
    users = feeder(tmp_path, "ann;036\nbob;7\n", fields=["who", "code"], delimiter=";", cast=False)
    assert [users.row(index, 1) for index in range(2)] == [{"who": "ann", "code": "036"}, {"who": "bob", "code": "7"}]


def test_a_header_has_its_spaces_and_byte_order_mark_taken_off(tmp_path: Path) -> None:
    assert feeder(tmp_path, "\ufeff name , age\nann,1\n").fields == ("name", "age")


@pytest.mark.parametrize("order", ["sequence", "random"])
@pytest.mark.parametrize("workers", [2, 3])
def test_workers_deal_out_one_order_between_them(tmp_path: Path, order: str, workers: int) -> None:
    users = feeder(tmp_path, order=order)
    phases = [Count(name="", duration_s=1, count=50)]

    def drawn(share: Share) -> dict[int, object]:
        copy = pickle.loads(pickle.dumps(users))  # as a worker in another process has it
        return {arrival.index: copy.row(arrival.index, 9) for arrival in arrivals(phases, share)}

    together: dict[int, object] = {}
    for index in range(workers):
        together |= drawn(Share(index, workers))
    assert together == drawn(Share())


def test_a_row_is_the_users_own_and_may_be_changed(tmp_path: Path) -> None:
    users = feeder(tmp_path)
    users.row(0, 1)["name"] = "changed"
    assert users.row(0, 1)["name"] == "ann"


def test_random_rows_depend_on_the_seed_and_each_has_its_turn(tmp_path: Path) -> None:
    users = feeder(tmp_path, order="random")
    drawn = [users.row(index, 1)["name"] for index in range(3000)]
    assert drawn != [users.row(index, 2)["name"] for index in range(3000)]
    assert min(Counter(drawn).values()) > 800
    sequence = feeder(tmp_path)
    assert [sequence.row(index, 1) for index in range(9)] == [sequence.row(index, 2) for index in range(9)]


def test_a_relative_path_starts_at_the_file_that_asks_for_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "load" / "data").mkdir(parents=True)
    (tmp_path / "load" / "data" / "users.csv").write_text(USERS, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    code = compile("users = csv('data/users.csv')", "scenario.py", "exec")
    module: dict[str, Any] = {"csv": csv, "__file__": str(tmp_path / "load" / "scenario.py")}
    exec(code, module)
    assert len(module["users"]) == 3

    with pytest.raises(ValueError, match=r"There is no file data.users\.csv\."):
        exec(code, {"csv": csv})  # an interactive session has no file: there it is the current folder


@pytest.mark.parametrize(
    ("text", "options", "message"),
    [
        (USERS, {"order": "shuffled"}, "'shuffled' is not an order of rows: it is 'sequence' or 'random'"),
        (USERS, {"fields": "name"}, "give a list of names"),
        (USERS, {"fields": ["a", "b", "c"]}, "Row 1 of .* has 2 columns, but there are 3 fields"),
        (USERS, {"delimiter": "||"}, "must be one character"),
        ("", {}, r"The first line of .*users\.csv is empty; it has to name the columns"),
        ("\nann,1\n", {}, "The first line of .* is empty"),
        ("name,\nann,1\n", {}, "Column 2 of .* has no name in the first line"),
        ("name,name\nann,1\n", {}, "the field 'name' twice"),
        ("name,age\n", {}, "has no rows; it needs one at least below its header"),
        ("name,age\nann\n", {}, "Row 2 of .* has 1 column, but there are 2 fields"),
        ('"name\n', {}, "Row 1 of .* is not CSV"),
    ],
)
def test_what_cannot_feed_anybody_is_refused_with_a_sentence(
    tmp_path: Path, text: str, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        feeder(tmp_path, text, **options)


def test_a_missing_file_is_named() -> None:
    with pytest.raises(ValueError, match=r"There is no file .*nowhere\.csv"):
        csv("nowhere.csv")
