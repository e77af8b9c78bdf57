"""What you see: a terminal screen that reads the feed and nothing else."""
