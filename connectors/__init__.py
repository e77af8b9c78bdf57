"""The outside world: the tape, the feeds that fill it, the decoders, and where results go."""
