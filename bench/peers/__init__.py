"""The tools that Wavetank is measured beside, each given the same `Work` and its own recommended settings.

Each is installed into a folder that git ignores, from its own package registry, and skipped with a line where that
cannot be done.
"""

from __future__ import annotations

from bench.peers.artillery import Artillery
from bench.peers.k6 import K6
from bench.peers.locust import Locust
from bench.peers.peer import Peer

PEERS: tuple[Peer, ...] = (Locust(), Artillery(), K6())
"""All of them, in the order in which tables name them."""
