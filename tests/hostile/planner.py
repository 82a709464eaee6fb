"""T2: more patterns than a planner can put in order in time."""

from collections.abc import Callable, Iterator
from typing import Final

from hostile.case import Case, by_post, case

TOO_MANY: Final = (201, 250, 500, 1_200)

SHAPES: Final[dict[str, Callable[[int], str]]] = {
    "chain": lambda n: "".join(f"?v{i} ?p{i} ?v{i + 1} . " for i in range(n)),
    "star": lambda n: "".join(f"?s ?p{i} ?o{i} . " for i in range(n)),
    "apart": lambda n: "".join(f"?s{i} ?p{i} ?o{i} . " for i in range(n)),
    "commas": lambda n: "?s ?p " + " , ".join(f"?o{i}" for i in range(n)),
    "semicolons": lambda n: "?s " + " ; ".join(f"?p{i} ?o{i}" for i in range(n)),
    "path": lambda n: f"?s {'/'.join(['?p' if n < 0 else 'cg:p'] * n)} ?o",
    "collection": lambda n: f"?s ?p ({' 1' * n})",
    "blank nodes": lambda n: f"?s ?p {', '.join(['[]'] * n)}",
    "optional": lambda n: "".join(f"OPTIONAL {{ ?s ?p{i} ?o{i} }} " for i in range(n)),
    "union": lambda n: " UNION ".join(f"{{ ?s ?p{i} ?o{i} }}" for i in range(n)),
}


def cases() -> Iterator[Case]:
    """Every shape over the limit, and the shapes just below it."""
    for name, shape in SHAPES.items():
        for number in TOO_MANY:
            query = f"ASK {{ {shape(number)} }}"
            yield case("T2", f"{number} patterns: {name}", by_post(query), 413, problem="query-too-large")
        yield case(
            "T2",
            f"90 patterns: {name}",
            by_post(f"ASK {{ {shape(90)} }}", ("timeout", "0.4")),
            200,
            503,
            504,
            why="allowed; the engine may or may not find an order in time",
        )
    for number in (50, 100):
        ring = "".join(f"?v{i} ?p{i} ?v{(i * 7 + 1) % number} . " for i in range(number))
        yield case(
            "T2",
            f"a web of {number} patterns",
            by_post(f"SELECT * {{ {ring} }}", ("timeout", "0.4")),
            503,
            504,
            200,
            why="allowed; the engine may or may not find an order in time",
        )
