"""Connections without TLS, straight on the system's sockets: polling, the upgrade, frames."""
