"""One engine reads and validates one text, once: `python validate_once.py ENGINE DATA SHAPES` tells as JSON.

Stands alone, as it runs in the environment of that engine. Times are without the start of Python and its imports.
"""

import importlib
import json
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any


def _ours(data: str, shapes: str) -> Callable[[], tuple[float, int]]:
    from clustergraph.reading import read  # noqa: PLC0415  # each environment has one of these
    from clustergraph.shacl import Index, validate  # noqa: PLC0415
    from clustergraph.shacl.messages import said  # noqa: PLC0415
    from clustergraph.shacl.places import spots  # noqa: PLC0415
    from clustergraph.terms import compact  # noqa: PLC0415

    def run() -> tuple[float, int]:
        texts = [read(Path(path).read_text(encoding="utf-8")) for path in (data, shapes)]
        read_at = time.perf_counter()
        graph, rules = Index(texts[:1]), Index(texts[1:])
        report = validate(rules, graph)
        assert not any(text.faults for text in texts), texts[0].faults
        assert not report.faults, report.faults
        for result in report.results:  # each with its place and its sentences, as a finding has them
            said(result, rules, compact)
            for spot in spots(graph, result):
                graph.texts[0].place_of(*graph.text_of(spot.number)[1:], spot.part)
        return read_at, len(report.results)

    return run


def _over_rdflib(name: str) -> Callable[[str, str], Callable[[], tuple[float, int]]]:
    def made(data: str, shapes: str) -> Callable[[], tuple[float, int]]:
        rdflib, engine = importlib.import_module("rdflib"), importlib.import_module(name)
        options: dict[str, Any] = {"inference": "none", "advanced": False} if name == "pyshacl" else {}

        def run() -> tuple[float, int]:
            graphs = [rdflib.Graph().parse(path, format="turtle") for path in (data, shapes)]
            read_at = time.perf_counter()
            if name == "pyshacl":
                options["inplace"] = True
            _, report, _ = engine.validate(graphs[0], shacl_graph=graphs[1], **options)
            return read_at, sum(1 for _ in report.objects(None, rdflib.SH.result))

        return run

    return made


def _turbo_paths(data: str, shapes: str) -> Callable[[], tuple[float, int]]:
    rdflib, engine = importlib.import_module("rdflib"), importlib.import_module("pyshacl_turbo")

    def run() -> tuple[float, int]:
        read_at = time.perf_counter()
        _, report, _ = engine.validate(data, shacl_graph=shapes)
        return read_at, sum(1 for _ in report.objects(None, rdflib.SH.result))

    return run


def _pyrudof(data: str, shapes: str) -> Callable[[], tuple[float, int]]:
    engine = importlib.import_module("pyrudof")

    def run() -> tuple[float, int]:
        rudof = engine.Rudof(engine.RudofConfig())
        rudof.read_data(Path(data), engine.RDFFormat.Turtle)
        rudof.read_shacl(Path(shapes), engine.ShaclFormat.Turtle)
        read_at = time.perf_counter()
        return read_at, len(rudof.validate_shacl(mode=engine.ShaclValidationMode.Native))

    return run


ENGINES = {
    "clustergraph": _ours,
    "pyshacl": _over_rdflib("pyshacl"),
    "pyshacl-turbo": _over_rdflib("pyshacl_turbo"),
    "pyshacl-turbo, from files": _turbo_paths,
    "pyrudof": _pyrudof,
}


def _peak_bytes() -> int:
    with Path("/proc/self/status").open(encoding="ascii") as lines:  # of this program alone, unlike getrusage
        own = next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))
    return 1024 * own


def main() -> None:
    """Runs one engine once."""
    name, data, shapes = sys.argv[1:]
    run = ENGINES[name](data, shapes)
    before = time.perf_counter()
    read_at, results = run()
    ended = time.perf_counter()
    children = 1024 * resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    json.dump(
        {
            "read_s": read_at - before,
            "validate_s": ended - read_at,
            "peak_bytes": _peak_bytes(),
            "child_peak_bytes": children,
            "results": results,
        },
        sys.stdout,
    )


if __name__ == "__main__":
    main()
