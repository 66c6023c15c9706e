"""Balances in files, as other systems write them."""
