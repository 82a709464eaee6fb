"""RDF text into triples with their places: Turtle, TriG, N-Triples, N-Quads. Knows no files, no shapes, no engine."""
