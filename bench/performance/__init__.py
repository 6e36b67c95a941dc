"""What a user costs: Wavetank beside its peers and beside the physical limit, a client in C (`bench/native/`)."""
