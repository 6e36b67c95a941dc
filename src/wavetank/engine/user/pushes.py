"""Measuring pushes: how long each took, and what each subscriber missed, got twice or got too late."""

from __future__ import annotations

from wavetank.engine.clock.wallclock import WallClock
from wavetank.flow.expectation import Message
from wavetank.flow.pushes import Channel, PushReader
from wavetank.metrics.clock import ClockOffset
from wavetank.metrics.recorder import Recorder
from wavetank.metrics.sequences import Fate, SequenceWatch
from wavetank.plan.pushes import PushRules

CHANNELS = 1000
"""So many channels are followed on each connection; pushes of others are counted as `push.unmeasured`."""


class PushMeter:
    """What the subscribers of one worker share."""

    __slots__ = ("clock", "corrected_ns", "counts", "push_time_ns", "reader", "recorder")

    def __init__(self, rules: PushRules, recorder: Recorder, clock: WallClock) -> None:
        self.reader = PushReader(rules)
        self.clock = clock
        self.recorder = recorder
        self.counts = recorder.counts
        self.push_time_ns = recorder.samples("websocket.push_time")
        self.corrected_ns = recorder.samples("websocket.push_time.corrected")

    def subscriber(self) -> Subscriber:
        """For a new connection."""
        return Subscriber(self)


class Subscriber:
    """What one connection is told by the server without having asked."""

    __slots__ = ("_channels", "_meter")

    def __init__(self, meter: PushMeter) -> None:
        self._meter = meter
        self._channels: dict[Channel, SequenceWatch] = {}

    def receive(self, message: Message, received_at: int) -> None:
        """Measure the message if it is a push."""
        meter = self._meter
        counts = meter.counts
        try:
            push = meter.reader.read(message)
        except Exception:  # whatever a JSONPath makes of a strange message must not reach the loop
            counts["push.unmeasured"] += 1
            return
        if push is None:
            return
        counts["push.received"] += 1
        channel, sequence, made_at, whole = push
        if made_at is not None:
            self._time(meter.clock.at(received_at) - made_at)
        if sequence is not None:
            whole = self._follow(channel, sequence) and whole
        if not whole:
            counts["push.unmeasured"] += 1

    def compare_clocks(self, reply: Message, sent_at: int, received_at: int) -> None:
        """Learn the server's clock from a reply, if it tells the server's time and came faster than any before."""
        meter = self._meter
        known = meter.recorder.clock_offset
        if known is not None and received_at - sent_at >= known.round_trip_ns:
            return
        try:
            server_time = meter.reader.server_time(reply)
        except Exception:  # as above
            return
        if server_time is not None:
            sent, received = meter.clock.at(sent_at), meter.clock.at(received_at)
            meter.recorder.clock_offset = ClockOffset.of(sent_at=sent, received_at=received, server_time=server_time)

    def _time(self, push_time_ns: int) -> None:
        meter = self._meter
        if push_time_ns < 0:
            meter.counts["push.before_sent"] += 1
        meter.push_time_ns.append(max(0, push_time_ns))
        offset = meter.recorder.clock_offset
        if offset is not None:
            meter.corrected_ns.append(max(0, push_time_ns + offset.offset_ns))

    def _follow(self, channel: Channel, sequence: int) -> bool:
        """Whether the channel is one of those that are followed."""
        watch = self._channels.get(channel)
        if watch is None:
            if len(self._channels) >= CHANNELS:
                return False
            self._channels[channel] = SequenceWatch(sequence)
            return True
        counts = self._meter.counts
        missing = watch.missing
        fate = watch.see(sequence)
        if watch.missing != missing:
            counts["push.lost"] += watch.missing - missing
        if fate is Fate.LATE:
            counts["push.out_of_order"] += 1
        elif fate is Fate.REPEATED:
            counts["push.duplicated"] += 1
        return True
