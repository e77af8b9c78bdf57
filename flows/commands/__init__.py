"""What people type: one module per recipe."""
