"""Mall promises that a member sees the ledger as it is, and changes nothing."""
