from __future__ import annotations

import os

import pytest

from wavetank.execution.fleets.channel import Word, read_message
from wavetank.execution.fleets.outbox import Outbox


def test_everything_that_was_put_is_in_the_pipe_in_its_order_before_close_returns() -> None:
    reading, writing = os.pipe()
    outbox = Outbox(writing)
    bodies = [b"%d" % number for number in range(1000)]
    for body in bodies:
        outbox.put(Word.LOG, body)
    outbox.close()
    with os.fdopen(reading, "rb") as pipe:
        assert [read_message(pipe.read) for _ in bodies] == [(Word.LOG, body) for body in bodies]
        assert pipe.read() == b""


def test_a_pipe_that_nobody_reads_any_more_is_no_reason_to_wait_or_to_fail() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    outbox = Outbox(writing)
    outbox.put(Word.SNAPSHOT, b"x" * 1_000_000)
    outbox.put(Word.ENDED)
    outbox.close()
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(writing)
