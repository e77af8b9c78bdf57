"""What happened: recorded sessions, and the generator of the bundled one."""
