"""The files that a deployment starts from."""
