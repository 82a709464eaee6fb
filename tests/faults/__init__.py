"""Faults put into real processes: each drill counts what others noticed. Short in `make test`, long in `make soak`."""
