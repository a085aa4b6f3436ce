"""brt-watch: the black box of Rio de Janeiro's BRT."""

__version__ = "0.1.0"
