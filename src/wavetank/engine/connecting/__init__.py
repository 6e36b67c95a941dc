"""From a URL to an open connection: each part is timed, each failure has a name."""
