"""A virtual user and its connections: what it sends, what it waits for, and what is measured of it."""
