"""What goes over a connection: frames, messages, compression; and how it ends."""
