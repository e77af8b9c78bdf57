"""Pure decoders, one per vendor format: frames to batches, records or rejects."""
