from __future__ import annotations

import pytest

from wavetank.plan.urls import join_url


@pytest.mark.parametrize(
    ("target", "url", "joined"),
    [
        ("ws://h:1", "", "ws://h:1"),
        ("ws://h:1/base", "", "ws://h:1/base"),
        ("ws://h:1/base", "/ws", "ws://h:1/ws"),
        ("ws://h:1/base", "ws?x=1", "ws://h:1/ws?x=1"),
        ("wss://h", "/ws", "wss://h/ws"),
        ("http://h", "/ws", "ws://h/ws"),
        ("https://h", "", "wss://h"),
        ("ws://h", "wss://other/path", "wss://other/path"),
        ("ws://[::1]:8000", "/ws", "ws://[::1]:8000/ws"),
        ("ws://user:pw@h", "/ws", "ws://user:pw@h/ws"),
    ],
)
def test_a_url_is_joined_to_the_host_of_the_target(target: str, url: str, joined: str) -> None:
    assert join_url(target, url) == joined


@pytest.mark.parametrize(
    ("target", "url", "words"),
    [
        ("ftp://h", "", "begins with ws:// or wss://"),
        ("localhost:8000", "", "write ws://localhost:8000"),
        ("/ws", "", "write ws://ws"),
        ("ws://", "", "names no host"),
        ("ws://h:99999", "", "a number from 0 to 65535"),
        ("ws://h", "/ws#part", "fragment"),
    ],
)
def test_what_is_no_websocket_url_is_told_what_is_wrong(target: str, url: str, words: str) -> None:
    with pytest.raises(ValueError, match=r".+") as error:
        join_url(target, url)
    assert words in str(error.value)
