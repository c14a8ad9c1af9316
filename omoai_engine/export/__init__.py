"""Results written out: one module a format, one registry."""
