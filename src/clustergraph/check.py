"""What is wrong with a repository: reading, house rules and shapes, as one ordered list of findings."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from clustergraph.assembly import ALIKE_LIMIT, Assembly, assemble, has_too_many_alike, read_rules
from clustergraph.errors import UsageError
from clustergraph.findings import VIOLATION, Finding, in_order, weighing
from clustergraph.queries import internal, load_queries
from clustergraph.repository import Document, Repository
from clustergraph.rules import Known, check_rules
from clustergraph.shapecheck import RULES_FOLDER, shape_findings

FINDINGS_LIMIT = 200  # of the house rules, about one file
_NEED_ALL_FILES = ("H004", "H006")  # what is declared or described may be so in a file that could not be read
_NO_ASSEMBLY = ("H003", "T002")  # naming blank nodes by content can take for ever


class Checked(NamedTuple):
    """The outcome of a check.

    Shape: `assembly` is None where a file could not be read, as a dataset with holes would give false findings, or
           where blank nodes stand that cannot be named in bounded time.
    """

    findings: list[Finding]
    assembly: Assembly | None


def check(repository: Repository) -> Checked:
    """Every finding about every file of a repository.

    Raises: UsageError naming a query of the repository that cannot be read, or that the guard refuses.
    """
    return judged(repository, lambda: _rules_of(repository.root))


def _rules_of(root: Path) -> Mapping[str, str]:
    """The rules of a repository, once its other queries were read as well."""
    load_queries(root / "queries/catalogue")
    for path in sorted((root / "queries/internal").glob("*.rq")):
        internal(path.parent, path.stem)
    return read_rules(root)


def judged(repository: Repository, rules: Callable[[], Mapping[str, str]]) -> Checked:
    """Every finding about every document, with the rules that are loaded where nothing is wrong that comes before.

    Raises: UsageError naming a rule that is none, and what loading them raises.
    """
    findings = [*repository.findings, *house_findings(repository)]
    if repository.findings:
        return Checked(in_order(one for one in findings if one.code not in _NEED_ALL_FILES), None)
    findings += [_alike(one) for one in repository.dataset_documents if has_too_many_alike(one)]
    if any(one.code in _NO_ASSEMBLY for one in findings):
        return Checked(in_order(findings), None)
    assembly = assemble(repository, rules())
    # One broken rule breaks many shapes, most of them about something else: what shapes say of that file comes later.
    broken = {one.path for one in findings}
    findings += [one for one in shape_findings(repository, assembly) if one.path not in broken]
    # What rules make of a mistake is one more mistake, but not one more to mend.
    written = [one for one in findings if one.path != RULES_FOLDER]
    return Checked(in_order(written if weighing(written, VIOLATION) else findings), assembly)


def house_findings(repository: Repository) -> Iterator[Finding]:
    """What the house rules say: of each file the first findings, and one that says so if there are more.

    No more are looked for, as a file can be wrong in a million places.
    """
    known = Known(repository)
    for document in repository.documents:
        found = check_rules(document, known)
        yield from islice(found, FINDINGS_LIMIT)
        for one in islice(found, 1):
            message = {
                "en": f"this file has more than {FINDINGS_LIMIT} findings: correct these, and the others will be shown",
                "it": f"questo file ha più di {FINDINGS_LIMIT} rilievi: corretti questi, si vedranno gli altri",
            }
            yield Finding(one.path, one.code, VIOLATION, message)


def _alike(document: Document) -> Finding:
    message = {
        "en": f"more than {ALIKE_LIMIT} blank nodes are alike: give the things IRIs of their own",
        "it": f"più di {ALIKE_LIMIT} nodi anonimi si somigliano: dare alle cose propri IRI",
    }
    return Finding(str(document.path), "T002", VIOLATION, message)


def only_in(findings: Iterable[Finding], repository: Repository, paths: Sequence[PurePosixPath]) -> list[Finding]:
    """The findings about some files or folders of a repository; all of them if none is named.

    Raises: UsageError for a path that is not there.
    """
    for path in paths:
        if not (repository.root / path).exists():
            message = f"there is no '{path}' in '{repository.root}': name a file or folder of the repository"
            raise UsageError(message)
    return [one for one in findings if not paths or any(PurePosixPath(one.path).is_relative_to(path) for path in paths)]
