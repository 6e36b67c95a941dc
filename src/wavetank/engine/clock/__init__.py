"""Instants: what is due and when, and what leaves in the same turn of the loop."""
