"""A simulated BRT, for use without the real one and for tests that need the truth (docs/reference/simulator.md)."""
