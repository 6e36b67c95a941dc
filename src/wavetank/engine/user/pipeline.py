"""Many requests under way on one connection: each reply finds its request by a key, in any order.

Every request ends exactly once: answered, timed out, or lost with the connection. What comes for a request that has
ended already is counted as what it is, a late reply or a duplicate.
"""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter_ns

from wavetank.engine.clock.timers import Timer, Timers
from wavetank.engine.user.pushes import Subscriber
from wavetank.flow.correlation import Correlator, Key
from wavetank.flow.expectation import Message
from wavetank.metrics.recorder import Recorder, Series

REMEMBERED = 65_536
"""So many ended requests are known by their key; a reply to an older one is a push."""

OnEnd = Callable[[Message | None], object]
"""Told how a request ended: by its reply, or without one. Called from the event loop; must not raise."""

_Place = tuple[Correlator, Key]


class _Request:
    __slots__ = ("on_end", "planned_at", "sent_at", "series", "timer")

    def __init__(self, series: Series, planned_at: int, sent_at: int, timer: Timer, on_end: OnEnd | None) -> None:
        self.series = series
        self.planned_at = planned_at
        self.sent_at = sent_at
        self.timer = timer
        self.on_end = on_end


class Pipeline:
    """The requests of one connection that are told apart by a key."""

    def __init__(self, recorder: Recorder, timers: Timers, pushes: Subscriber | None = None) -> None:
        """`pushes` learns the server's clock from replies."""
        self._counts = recorder.counts
        self._traffic = recorder.traffic
        self._timers = timers
        self._pushes = pushes
        self._under_way: dict[_Place, _Request] = {}
        self._ended: dict[_Place, bool] = {}  # True: answered; False: timed out
        self._correlators: dict[Correlator, None] = {}
        self._when_settled: Callable[[], object] | None = None
        self.begun = 0
        self.missing = 0

    @property
    def under_way(self) -> int:
        """How many requests have neither been answered nor timed out."""
        return len(self._under_way)

    def begin(
        self,
        correlator: Correlator,
        key: Key,
        series: Series,
        *,
        planned_at: int,
        sent_at: int,
        timeout_ns: int,
        on_end: OnEnd | None = None,
    ) -> None:
        """A request was sent. One of the same key that is still under way is given up: no reply tells them apart."""
        place = (correlator, key)
        if place in self._under_way:
            self._give_up(place)
        self._correlators[correlator] = None
        self._ended.pop(place, None)
        timer = self._timers.at(sent_at + timeout_ns, lambda: self._expire(place))
        self._under_way[place] = _Request(series, planned_at, sent_at, timer, on_end)
        self._traffic.requests += 1
        self.begun += 1

    def receive(self, message: Message, received_at: int) -> bool:
        """Whether the message is a reply to one of the requests, in time, late, or once more."""
        for correlator in self._correlators:
            key = correlator.of_reply(message)
            if key is None:
                continue
            place = (correlator, key)
            request = self._under_way.pop(place, None)
            if request is not None:
                request.timer.cancel()
                request.series.replied(request.planned_at, request.sent_at, received_at)
                if self._pushes is not None:
                    self._pushes.compare_clocks(message, request.sent_at, received_at)
                self._end(place, answered=True)
                if request.on_end is not None:
                    request.on_end(message)
                return True
            answered = self._ended.get(place)
            if answered is not None:
                self._counts["websocket.replies_duplicated" if answered else "websocket.replies_late"] += 1
                if not answered:
                    self._ended[place] = True  # whatever comes after the late one is a duplicate
                return True
        return False

    def call_when_settled(self, callback: Callable[[], object]) -> None:
        """Call back once, as soon as nothing is under way; at once if that is now."""
        self._when_settled = callback
        self._tell_if_settled()

    def forget_callback(self) -> None:
        """Take `call_when_settled` back."""
        self._when_settled = None

    def lose(self) -> None:
        """The connection is gone: what is under way is lost with it."""
        for place in tuple(self._under_way):
            self._give_up(place)

    def _expire(self, place: _Place) -> None:
        request = self._under_way.get(place)
        if request is not None and perf_counter_ns() >= request.timer.due_ns:
            self._counts["websocket.reply_timeouts"] += 1
            self._give_up(place)

    def _give_up(self, place: _Place) -> None:
        request = self._under_way.pop(place)
        request.timer.cancel()
        self._counts["websocket.replies_lost"] += 1
        self.missing += 1
        self._end(place, answered=False)
        if request.on_end is not None:
            request.on_end(None)

    def _end(self, place: _Place, *, answered: bool) -> None:
        if len(self._ended) >= REMEMBERED:
            del self._ended[next(iter(self._ended))]
        self._ended[place] = answered
        self._tell_if_settled()

    def _tell_if_settled(self) -> None:
        callback = self._when_settled
        if callback is not None and not self._under_way:
            self._when_settled = None
            callback()
