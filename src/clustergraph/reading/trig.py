"""TriG into triples with the place of each word: Turtle, of which parts stand in graphs.

Source: RDF 1.1 TriG, section 2.
"""

from clustergraph.reading.turtle import TurtleReader
from clustergraph.reading.words import Word


class TrigReader(TurtleReader):
    """One text, from its beginning to its end."""

    def _is_subject(self, end: int) -> bool:
        at, self._at = self._at, end
        is_name = self._look().text == "{"
        self._at = at
        return not is_name

    def _triples(self, word: Word) -> None:
        if word.text == "}" and self._in_graph:
            self._in_graph = False
            self._parsed.graphs.append((len(self._parsed.triples), ""))
        elif word.text == "{":
            self._open("", word)
        elif word.text.lower() == "graph":
            before, name = len(self._parsed.triples), self._take()
            graph = self._subject(name)
            if name.text == "(" or len(self._parsed.triples) > before:
                self._refuse("the name of a graph", name)
            self._open(graph, self._sign("{"))
        else:
            super()._triples(word)

    def _opens(self, name: str) -> bool:
        is_graph = self._look().text == "{"
        if is_graph:
            self._open(name, self._take())
        return is_graph

    def _open(self, graph: str, word: Word) -> None:
        if self._in_graph:
            self._refuse("'}'", word)
        self._in_graph = True
        self._parsed.graphs.append((len(self._parsed.triples), graph))
