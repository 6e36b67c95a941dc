"""What a user does, step by step: plain frozen data, as read from a script.

A field called a *template* holds the text or the value as written, `{{ … }}` and all; `plan.template` compiles
it. Every step knows the place in the script that it came from, so that a failure can name it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from wavetank.errors import Where


@dataclass(frozen=True, slots=True, kw_only=True)
class JsonSelector:
    """Values found by a JSONPath in a message that is JSON. Without `multiple`, the first one counts."""

    path: str
    multiple: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class RegexpSelector:
    """The text found by a regular expression (Python syntax) in a text message.

    `group` is a number or a name; 0 is the whole match. `flags` are the letters of JavaScript (`i`, `m`, `s`, `u`,
    `g`, `y`), where the last three have no meaning here.
    """

    pattern: str
    flags: str = ""
    group: int | str = 0


Selector = JsonSelector | RegexpSelector


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """The message is the one waited for if what `selector` finds equals `value` (a template, compared by type)."""

    selector: Selector
    value: object
    strict: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Capture:
    """What `selector` finds is kept in the user's variable `variable`."""

    selector: Selector
    variable: str
    strict: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Expect:
    """Which message is the reply: the first one that satisfies every `match` and every `capture`.

    A selector that is not strict is taken if it is there and ignored if not. `timeout_s` of None: the plan's.
    """

    matches: tuple[Match, ...] = ()
    captures: tuple[Capture, ...] = ()
    timeout_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Connect:
    """Opens the user's connection. A user who has one already closes it first.

    `url` (a template) may be relative; None is the plan's target. `headers` and `subprotocols` are added to those of
    the plan's connection options; `options` replaces these options where the step brings its own. `function` names a
    function of the processor that may change the request.
    """

    where: Where
    url: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    subprotocols: tuple[str, ...] = ()
    options: ConnectionOptions | None = None
    function: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Correlation:
    """How the reply is told among many under way: by a key, found by a JSONPath in the message sent and in the reply.

    `timeout_s` of None: the plan's.
    """

    sent: str
    received: str
    timeout_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Send:
    """Sends one message.

    With `expect` the step waits for the reply. With `correlation` it does not: the user goes on, and the reply is
    known by its key whenever it comes.

    `payload` is a template. `encoding`: `text` sends it as text; `json` sends a map or list as JSON text; `base64`
    and `file` send a binary message, from base64 text or from the bytes of a file (a path, already resolved).
    """

    where: Where
    payload: object
    encoding: Literal["text", "json", "base64", "file"]
    name: str
    expect: Expect | None = None
    correlation: Correlation | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Settle:
    """Waits until each request sent with a correlation is answered or has timed out."""

    where: Where


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """Waits, without sending, for a message that satisfies `expect`."""

    where: Where
    name: str
    expect: Expect


@dataclass(frozen=True, slots=True, kw_only=True)
class Think:
    """Does nothing for a while: seconds, or a template of a duration. `jitter`: ± this share (0.2) or seconds."""

    where: Where
    duration: float | str
    jitter: float = 0.0
    jitter_is_share: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Loop:
    """Repeats `steps`: `count` times ($loopCount from `first`), `over` a list, `while_true`, or until arrivals end.

    `count` of a range "a-b" is already turned into first = a and count = b - a. `count` or `over` may be templates.
    `over` names a variable, or is the list itself.
    """

    where: Where
    steps: tuple[Step, ...]
    count: int | str | None = None
    first: int = 0
    over: str | tuple[object, ...] | None = None
    while_true: str | None = None
    value_name: str = "$loopCount"
    element_name: str = "$loopElement"


@dataclass(frozen=True, slots=True, kw_only=True)
class Function:
    """Calls a function of the processor: `f(context, events)`."""

    where: Where
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Log:
    """Writes a line (a template) to the run's log."""

    where: Where
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ping:
    """Sends a ping control frame and waits for its pong; measured as a reply named `name`."""

    where: Where
    name: str = "ping-frame"
    timeout_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Close:
    """Closes the connection with a code and a reason (a template), and waits for the server's answer."""

    where: Where
    code: int = 1000
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendezvous:
    """Waits until every user of the run has come to this step, or has ended."""

    where: Where


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """Repeats `steps` `count` times, begun every `interval_s` on a schedule that the replies do not move.

    A send in it is planned at its place in the schedule, whenever it really happens.
    """

    where: Where
    steps: tuple[Step, ...]
    count: int
    interval_s: float


def every_step(steps: Iterable[Step]) -> Iterator[Step]:
    """All steps in reading order: those of a loop after the loop itself."""
    for step in steps:
        yield step
        if isinstance(step, Loop | Pace):
            yield from every_step(step.steps)


Step = Connect | Send | Settle | Wait | Think | Loop | Function | Log | Ping | Close | Rendezvous | Pace

WEBSOCKET_STEPS = (Connect, Send, Settle, Wait, Ping, Close)
"""The steps that need the user's connection, or make it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deflate:
    """What to offer for permessage-deflate (RFC 7692). None for window bits: the extension's default of 15."""

    client_no_context_takeover: bool = False
    server_no_context_takeover: bool = False
    client_max_window_bits: int | None = None
    server_max_window_bits: int | None = None
    threshold_bytes: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionOptions:
    """How connections are made. Header values are templates; `ca`, `cert`, `key` are paths, already resolved.

    `local_addresses`: addresses and CIDR ranges of this machine to connect from, in turn; none: the system chooses.
    """

    subprotocols: tuple[str, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    origin: str | None = None
    proxy: str | None = None
    handshake_timeout_s: float = 10.0
    close_timeout_s: float = 5.0
    max_redirects: int = 0
    verify: bool = True
    ca: Path | None = None
    cert: Path | None = None
    key: Path | None = None
    passphrase: str | None = None
    server_name: str | None = None
    deflate: Deflate | None = None
    local_addresses: tuple[str, ...] = ()
    max_message_bytes: int = 2**20
