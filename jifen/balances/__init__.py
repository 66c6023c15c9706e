"""Balances that members had in another system: a CSV's rows, told to earn."""
