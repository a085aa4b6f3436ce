"""A simulated BRT, for machines without the real one and tests that need the truth (docs/reference/simulator.md)."""
