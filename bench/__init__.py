"""The side-by-side benchmark: our server and its peers on one machine, on the same data, in the same run.

Knows the server only from outside, as a process that listens. Run it with `python -m bench`.
"""
