"""CSV feeders: a row of variables for each user, or a whole table for everyone."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal

from wavetank.plan.chance import position

_NUMBER = re.compile(r"\s*[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?\s*", re.ASCII)
_EXACT = 2**53


@dataclass(frozen=True, kw_only=True)
class Payload:
    """A table read from a CSV file, and how users take from it.

    `fields` are the names of the columns, from the left; columns beyond them are not kept. A user takes one
    row: the next one (`sequence`, from the first again after the last) or any one (`random`). With `load_all`
    every user gets the whole table instead, in the variable `name`. Made by `read_payload`; can be pickled.
    """

    path: Path
    fields: tuple[str, ...]
    rows: tuple[tuple[object, ...], ...]
    order: Literal["random", "sequence"] = "random"
    skip_header: bool = False
    delimiter: str = ","
    cast: bool = True
    skip_empty_lines: bool = True
    load_all: bool = False
    name: str | None = None

    def variables_for(self, index: int, seed: int) -> dict[str, object]:
        """The variables of the user whose arrival has this index in the whole run, whichever worker it is in.

        `load_all` gives all users of a process the same list: of maps if there are fields, or of lists.
        """
        if self.load_all:
            return {self.name or "": self._table}
        if self.order == "sequence":
            row = self.rows[index % len(self.rows)]
        else:
            row = self.rows[position(len(self.rows), seed, index, self._purpose)]
        return dict(zip(self.fields, row, strict=True))

    @cached_property
    def _table(self) -> list[object]:
        if not self.fields:
            return [list(row) for row in self.rows]
        return [dict(zip(self.fields, row, strict=True)) for row in self.rows]

    @cached_property
    def _purpose(self) -> str:
        # Not the whole path: the machines of a run may keep the same file in different folders.
        return f"payload {self.path.name} {' '.join(self.fields)}"


def read_payload(
    path: Path,
    *,
    fields: Sequence[str] = (),
    order: Literal["random", "sequence"] = "random",
    skip_header: bool = False,
    delimiter: str = ",",
    cast: bool = True,
    skip_empty_lines: bool = True,
    load_all: bool = False,
    name: str | None = None,
) -> Payload:
    """Reads a CSV file (RFC 4180, UTF-8 with or without a byte order mark) as Artillery's csv-parse does.

    `cast` turns what is a number into one, as csv-parse's `cast: true` does: `007` is 7, `1.0` is 1, `1e3` is
    1000, quoted or not; `true` and `false` stay text. Where JavaScript would lose digits, the text stays.

    Raises ValueError, with a sentence for the script's author, if the file cannot be read, is no CSV, has no
    row, or has a row with fewer columns than there are fields.
    """
    _check_delimiter(path, delimiter)
    if load_all and not name:
        raise ValueError(f"{path} is to be loaded as a whole (loadAll): give the variable for it a name (name).")
    if not load_all and not fields:
        raise ValueError(f"{path} has no fields; name the variables that its columns are for (fields).")
    if repeated := {field for field in fields if list(fields).count(field) > 1}:
        raise ValueError(f"{path} has the field {min(repeated)!r} twice; each column needs a name of its own.")
    rows = _read(path, len(fields), delimiter=delimiter, skip_header=skip_header, skip_empty=skip_empty_lines)
    if not rows:
        raise ValueError(f"{path} has no rows; it needs one at least{' below its header' * skip_header}.")
    return Payload(
        path=path,
        fields=tuple(fields),
        rows=tuple(tuple(map(_cast, row)) if cast else tuple(row) for row in rows),
        order=order,
        skip_header=skip_header,
        delimiter=delimiter,
        cast=cast,
        skip_empty_lines=skip_empty_lines,
        load_all=load_all,
        name=name,
    )


def read_header(path: Path, *, delimiter: str = ",") -> tuple[str, ...]:
    """The names in the first line of a CSV file, which name its columns.

    Raises ValueError, with a sentence, if the file cannot be read, is no CSV, or has a column without a name there.
    """
    _check_delimiter(path, delimiter)
    for _, row in _lines(path, delimiter):
        names = tuple(column.strip() for column in row)
        if not all(names):
            raise ValueError(f"Column {names.index('') + 1} of {path} has no name in the first line.")
        if names:
            return names
        break
    raise ValueError(f"The first line of {path} is empty; it has to name the columns.")


def _check_delimiter(path: Path, delimiter: str) -> None:
    if len(delimiter) != 1 or delimiter in '"\r\n':
        raise ValueError(f"The delimiter of {path} is {delimiter!r}; it must be one character, and no quote.")


def _read(path: Path, width: int, *, delimiter: str, skip_header: bool, skip_empty: bool) -> list[list[str]]:
    rows: list[list[str]] = []
    for number, row in _lines(path, delimiter):
        if (number == 1 and skip_header) or (not row and skip_empty):
            continue
        # The csv module gives an empty line no column at all; csv-parse gives it one, which is empty.
        columns = row or [""]
        if len(columns) < width:
            raise ValueError(
                f"Row {number} of {path} has {len(columns)} column{'s' * (len(columns) != 1)}, "
                f"but there are {width} fields."
            )
        rows.append(columns[:width] if width else columns)
    return rows


def _lines(path: Path, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """The rows of a file as they stand in it, each with its number, counted from 1."""
    number = 0
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            for number, row in enumerate(csv.reader(file, delimiter=delimiter, strict=True), 1):
                yield number, row
    except FileNotFoundError:
        raise ValueError(f"There is no file {path}.") from None
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error.strerror or error}.") from error
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} is not UTF-8 ({error.reason}); save it as UTF-8.") from error
    except csv.Error as error:
        raise ValueError(f"Row {number + 1} of {path} is not CSV: {error}.") from error


def _cast(text: str) -> object:
    if _NUMBER.fullmatch(text) is None:
        return text
    number = float(text)
    if number.is_integer() and abs(number) <= _EXACT:
        return int(number)
    # Beyond 2**53 a float has no room for all digits (and inf for none): an id must not change on its way.
    return number if abs(number) < _EXACT else text
