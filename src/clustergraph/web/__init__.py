"""The HTTP tier: routes, pages and errors. Never loads an engine or an RDF library; asks a Runner."""
