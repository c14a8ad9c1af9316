"""Recognisers: one contract, one home for each engine."""
