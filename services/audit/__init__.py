"""Reads the whole ledger again and again, and says whether it is true."""
