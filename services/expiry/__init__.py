"""Expiry promises that points past their date go, once, and that members are told in time, once."""
