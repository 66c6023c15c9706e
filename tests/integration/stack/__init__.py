"""The embedded stack and the `jifen` command."""
