from __future__ import annotations

import pytest

from wavetank.report.labels import close_code_label, error_label


@pytest.mark.parametrize(
    ("kind", "label"),
    [
        ("connect_timeout", "Connection timeout"),
        ("connect_refused", "Connection refused"),
        ("connect_reset", "Connection reset"),
        ("connect_failed", "Connection failed"),
        ("connection_lost", "Connection lost"),
        ("closed_by_server", "Closed by server"),
        ("reply_timeout", "Reply timeout"),
        ("handshake_timeout", "Handshake timeout"),
        ("handshake_closed", "Closed during the handshake"),
        ("handshake_invalid", "Invalid handshake"),
        ("http_403", "HTTP 403"),
        ("http_error", "Http error"),
        ("invalid_utf8", "Invalid UTF-8"),
        ("message_too_big", "Message too big"),
        ("protocol_error", "Protocol error"),
        ("dns_failed", "DNS lookup failed"),
        ("tls_failed", "TLS failed"),
        ("proxy_failed", "Proxy failed"),
        ("function_failed", "Function failed"),
        ("undefined_variable", "Undefined variable"),
        ("bad_url", "Invalid URL"),
        ("not_json", "Not JSON"),
        ("no_free_port", "No free local port"),
        ("too_many_open_files", "Too many open files"),
        ("host_unreachable", "Host unreachable"),
        ("other", "Other errors"),
        ("my_own_kind", "My own kind"),
        ("Über_fehler", "Über fehler"),
        ("_", "Unnamed"),
        ("KeyError at my_scenario.py:12", "KeyError at my_scenario.py:12"),
    ],
)
def test_every_kind_of_error_has_a_label_for_people(kind: str, label: str) -> None:
    assert error_label(kind) == label


@pytest.mark.parametrize(
    ("code", "label"),
    [("1000", "normal closure"), ("1006", "no close frame"), ("4321", "private use"), ("77", "unknown")],
)
def test_close_codes_say_what_they_mean(code: str, label: str) -> None:
    assert close_code_label(code) == label
