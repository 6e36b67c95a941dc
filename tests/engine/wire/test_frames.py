"""What a client sends, read by another library."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st
from websockets.frames import Frame, Opcode
from websockets.streams import StreamReader

from wavetank.engine.wire.frames import BINARY, CLOSE, PING, PONG, TEXT, encoded


def read(data: bytes) -> Frame:
    """The frame, as a server reads it: masked frames are asked for."""
    reader = StreamReader()
    reader.feed_data(data)
    parsing = Frame.parse(reader.read_exact, mask=True)
    try:
        next(parsing)
    except StopIteration as done:
        frame: Frame = done.value
    assert next(reader.read_to_eof(2**20), b"") is None  # nothing is left over
    return frame


@given(st.sampled_from([TEXT, BINARY, CLOSE, PING, PONG]), st.binary(max_size=125))
@example(TEXT, b"x" * 126)
@example(BINARY, b"x" * 65_535)
@example(BINARY, b"x" * 65_536)
def test_a_server_reads_what_was_sent(opcode: int, payload: bytes) -> None:
    frame = read(encoded(opcode, payload))

    assert (frame.opcode, frame.data, frame.fin) == (Opcode(opcode), payload, True)


@given(st.sampled_from([TEXT, BINARY]), st.binary(max_size=300))
def test_a_compressed_message_differs_by_its_first_reserved_bit_alone(opcode: int, payload: bytes) -> None:
    data = bytearray(encoded(opcode, payload, True))
    assert data[0] == 0x80 | 0x40 | opcode
    data[0] &= ~0x40

    assert read(bytes(data)).data == payload


@given(st.binary(min_size=1, max_size=200))
def test_every_frame_has_a_mask_of_its_own(payload: bytes) -> None:
    masks = {encoded(TEXT, payload)[2 if len(payload) < 126 else 4 :][:4] for _ in range(8)}

    assert len(masks) > 1
