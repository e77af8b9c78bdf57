"""What it means: pure functions and states from records to records. No engine, no input or output, no clock."""
