"""`make hundred-thousand`: 100,000 users open at once, each exchanging a message every 4 s for two minutes."""
