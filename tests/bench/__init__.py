"""Figures: ours beside a floor and a naive rival, in one run on one machine, as ratios."""
