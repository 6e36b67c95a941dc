"""CSV files that the users of a Python scenario take rows from: `csv("users.csv")`."""

from __future__ import annotations

import inspect
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from wavetank.plan.payload import Payload, read_header, read_payload

_ORDERS = ("sequence", "random")


@dataclass(frozen=True)
class Feeder:
    """A table from which each user takes one row. Made by `csv`; can be pickled."""

    payload: Payload

    @property
    def fields(self) -> tuple[str, ...]:
        """The names of the columns, from the left."""
        return self.payload.fields

    def row(self, index: int, seed: int) -> dict[str, object]:
        """The row of the user whose arrival has this index in the whole run, by the names of the columns.

        It depends on nothing else, so that all workers of a run deal out one order between them. In a `sequence` the
        first row comes again after the last; `random` rows depend on the run's seed, too.
        """
        return self.payload.variables_for(index, seed)

    def __len__(self) -> int:
        return len(self.payload.rows)


def csv(
    path: str | os.PathLike[str],
    *,
    order: Literal["sequence", "random"] = "sequence",
    fields: Sequence[str] | None = None,
    delimiter: str = ",",
    cast: bool = True,
) -> Feeder:
    """Reads a CSV file (RFC 4180, UTF-8) for `user.feed`, which gives each user a row of it as a dict.

    The first line names the columns, unless `fields` does: then every line is a row. A relative path starts at the
    file of the module that calls this, not at the current folder. Rows are dealt out in a `sequence` over the whole
    run, however many workers there are, and from the first again after the last; or at `random`, by the run's seed.
    With `cast`, what is a number becomes one, unless it would lose digits.

    Raises ValueError, with a sentence, if the file cannot be read, is no CSV, or has no row.

        users = csv("users.csv")

        @scenario
        async def login(user: User) -> None:
            row = user.feed(users)  # {"name": "ann", "password": "one"}
    """
    if order not in _ORDERS:
        raise ValueError(f"{order!r} is not an order of rows: it is 'sequence' or 'random'.")
    if isinstance(fields, str):
        raise ValueError(f"The fields of {os.fspath(path)} are {fields!r}; give a list of names.")
    frame = inspect.currentframe()
    place = _folder_of(None if frame is None or frame.f_back is None else frame.f_back.f_globals.get("__file__"))
    file = place / path
    return Feeder(
        read_payload(
            file,
            fields=read_header(file, delimiter=delimiter) if fields is None else fields,
            order=order,
            skip_header=fields is None,
            delimiter=delimiter,
            cast=cast,
        )
    )


def _folder_of(module_file: object) -> Path:
    """Where relative paths start; in an interactive session, which has no file, at the current folder."""
    return Path(module_file).parent if isinstance(module_file, str) else Path()
