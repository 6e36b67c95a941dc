from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wavetank.execution.fleets.channel import HEAD_LENGTH, Word, packed, read_message, unpacked_head

messages = st.lists(st.tuples(st.sampled_from(Word), st.binary(max_size=300)))


@given(messages, st.integers(1, 40))
def test_what_is_packed_is_read_again_however_the_pipe_cuts_it(sent: list[tuple[Word, bytes]], at_most: int) -> None:
    pipe = io.BytesIO(b"".join(packed(word, body) for word, body in sent))
    assert [read_message(lambda length: pipe.read(min(length, at_most))) for _ in sent] == sent
    with pytest.raises(EOFError):
        read_message(pipe.read)


@given(st.sampled_from(Word), st.binary(min_size=1, max_size=50), st.integers(1, 20))
def test_a_message_that_is_cut_off_is_the_end_of_the_pipe(word: Word, body: bytes, missing: int) -> None:
    message = packed(word, body)
    with pytest.raises(EOFError):
        read_message(io.BytesIO(message[: max(0, len(message) - missing)]).read)


def test_an_unknown_word_is_refused() -> None:
    with pytest.raises(ValueError, match="77"):
        unpacked_head(packed(Word.STOP)[: HEAD_LENGTH - 1] + bytes([77]))
