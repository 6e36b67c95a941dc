"""The variables that a user begins with."""

from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from wavetank.engine.user.variables import uuid4_of

_SIXTY_FOUR_BITS = st.integers(0, 2**64 - 1)


@given(_SIXTY_FOUR_BITS, _SIXTY_FOUR_BITS)
def test_a_users_uuid_is_the_random_one_of_its_bits(high: int, low: int) -> None:
    assert uuid4_of(high, low) == str(UUID(int=high << 64 | low, version=4))
