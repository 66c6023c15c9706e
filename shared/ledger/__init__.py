"""The only door to points: lots, entries, the hash chain and the database that checks them."""
