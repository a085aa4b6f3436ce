"""The interfaces, a module a subject."""
