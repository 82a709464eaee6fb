"""Each control of the server with the edit that removes it, and the tests that must turn red then: `make controls`."""
