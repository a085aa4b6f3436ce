"""A simulated BRT, for machines without the real one and for tests that need to know the truth (docs/simulator.md)."""
