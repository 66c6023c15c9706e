"""Every route of every service, asked for things nobody would think of."""
