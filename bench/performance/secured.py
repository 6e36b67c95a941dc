"""Messages through TLS, and deflated."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

import trustme
from bench.accuracy.table import table
from bench.peers.peer import Peer
from bench.performance.figures import Surroundings, median_and_spread, ratio, rest
from bench.performance.lengths import Lengths
from bench.performance.native import PLAIN, Channel, NativeClient
from bench.performance.ours import WavetankScript
from bench.performance.page import Section
from bench.performance.placement import apart
from bench.performance.rounds import Say, Trial, installed, run_rounds
from bench.performance.sections import connect_us, per_cpu_s


def secured_section(lengths: Lengths, rounds: int, say: Say, only: Sequence[str]) -> Section:
    """The dense work and the connects, over each channel."""
    surroundings = Surroundings()
    with tempfile.TemporaryDirectory(prefix="wavetank-bench-") as folder:
        channels = (PLAIN, _secure(Path(folder)), Channel("deflate", deflate=True))
        tools: list[tuple[Channel, Peer]] = [
            (channel, tool)
            for channel in channels
            for tool in (NativeClient(channel), WavetankScript(channel))
            if not only or any(part.lower() in tool.name.lower() for part in only)
        ]
        there, missing = installed((tool for _, tool in tools), say)
        placement, works = apart(), {"messages": lengths.dense(), "connects": lengths.handshakes()}
        trials = {
            (tool.name, channel.name, kind): Trial(
                f"{tool.name}, {channel.name}, {kind}", tool, work, placement, channel
            )
            for channel, tool in tools
            if tool.name in there
            for kind, work in works.items()
        }
        rows = dict(zip(trials, run_rounds(trials.values(), rounds, say), strict=True))
    limit = NativeClient().name
    body = []
    for (name, channel, kind), row in rows.items():
        connects = rows[name, channel, "connects"]
        if kind != "messages" or not (row.rounds and connects.rounds):
            continue
        body.append(
            (
                name,
                channel,
                median_and_spread(row, per_cpu_s, ",.0f"),
                ratio(row, rows.get((name, PLAIN.name, kind)), per_cpu_s),
                ratio(row, rows.get((limit, channel, kind)), per_cpu_s),
                median_and_spread(connects, connect_us, ",.0f"),
                ratio(connects, rows.get((limit, channel, "connects")), connect_us),
            )
        )
    head = (
        "tool",
        "channel",
        "round trips per CPU second",
        "of its own, plain",
        "of the limit",
        "CPU per connect, µs",
        "of the limit",
    )
    return Section(
        f"""\
## TLS and deflate

The dense work again, {works["messages"].connections} connections with one message each under way at any time; and
{works["connects"].connections:,} connections that are opened as fast as that goes. TLS is OpenSSL's in the server and
in the client in C; deflate is zlib's there, each message compressed for itself.

{table(head, body, right=range(2, len(head)))}

{rest(list(rows.values()), missing)}

{surroundings.text([version for _, version in there.values()], "secured", rounds)}"""
    )


def _secure(folder: Path) -> Channel:
    """TLS with a certificate of our own for 127.0.0.1."""
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    issued = trustme.CA().issue_cert("127.0.0.1", "localhost")
    certificate.write_bytes(b"".join(blob.bytes() for blob in issued.cert_chain_pems))
    issued.private_key_pem.write_to_path(str(key))
    return Channel("TLS", certificate, key)
