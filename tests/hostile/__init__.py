"""A corpus of hostile requests, as data, and what sends them to a server that lives."""
