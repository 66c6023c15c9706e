"""Redeem promises that points and stock are taken together, once, or neither with the reason."""
