"""One process: who starts and when, what runs before and after, and whether it keeps up."""
