"""What people type and import: the command, the embedded stack, the demonstration."""
