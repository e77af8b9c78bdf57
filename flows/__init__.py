"""How it moves: the dataflow, its settings, and the commands that start it."""
