"""What is wrong with a repository: reading, house rules and shapes, as one ordered list of findings."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import Final, NamedTuple, TypeAlias

from clustergraph.assembly import ALIKE_LIMIT, Assembly, assemble, has_too_many_alike, read_rules
from clustergraph.files import not_in
from clustergraph.findings import VIOLATION, Coverage, Finding, Suppressed, in_order, weighing
from clustergraph.fixes import with_fixes
from clustergraph.outputs import Sources
from clustergraph.queries import internal, load_queries
from clustergraph.reading.parsed import TYPE
from clustergraph.repository import Document, Repository
from clustergraph.rules import Known, check_rules
from clustergraph.rules.namespaces import meant_things
from clustergraph.shacl import QueryTime
from clustergraph.shapecheck import RULES_FOLDER, judged
from clustergraph.suppressions import Suppressions

FINDINGS_LIMIT = 200  # of the house rules, about one file
NEED_ALL_FILES = ("H004", "H006", "H011")  # what they miss may stand in a file that could not be read
_OF_TWO_FILES = ("H012",)  # shown for the one and for the other
_OF_ONE_WORD = ("H006", "H013", "H014")  # wrong where they stand, and the file is right all the same
_NOT_AS_PUBLISHED = ("H002",)  # such literals keep queries of shapes from being asked
_UNASKED = "S007"
OF_FINISHED_FILES = ("H010", "H011")  # what else is to be written, not what is wrong with what stands there
_NO_ASSEMBLY = ("H003", "T002")  # naming blank nodes by content can take for ever
_HINDERING: Final = ("T", "S", *_NO_ASSEMBLY)  # families of codes, and codes

Left: TypeAlias = Callable[[Sequence[Finding], Repository], Sequence[Finding]]
"""What a baseline leaves of findings."""


class Checked(NamedTuple):
    """The outcome of a check.

    Shape: `assembly` is None where a file could not be read, as a dataset with holes would give false findings, or
           where blank nodes stand that cannot be named in bounded time; so is `coverage`, as no shape was asked then.
           `suppressed` are the findings that comments in the files suppress, which are none of `findings`. What begins
           with one of `hindering` keeps shapes from being asked, so that others may be missing. `withheld` are findings
           that wait until violations of another file are mended, each with the path of that.
    """

    findings: list[Finding]
    assembly: Assembly | None
    coverage: Coverage | None = None
    suppressed: tuple[Suppressed, ...] = ()
    hindering: tuple[str, ...] = _HINDERING
    withheld: tuple[tuple[Finding, str], ...] = ()


def _all(findings: Sequence[Finding], _: Repository) -> Sequence[Finding]:
    return findings


def check(repository: Repository, left: Left = _all) -> Checked:
    """Every finding about every file of a repository, each with the ways to mend it that are known.

    Shape:  what is not `left` is among them, and keeps no other finding from being shown.
    Raises: UsageError naming a query of the repository that cannot be read, or that the guard refuses.
    """
    checked = check_with(repository, lambda: _rules_of(repository.root), left=left)
    return checked._replace(findings=with_fixes(checked.findings, repository))


def _rules_of(root: Path) -> Mapping[str, str]:
    """The rules of a repository, once its other queries were read as well."""
    load_queries(root / "queries/catalogue")
    for path in sorted((root / "queries/internal").glob("*.rq")):
        internal(path.parent, path.stem)
    return read_rules(root)


def check_with(
    repository: Repository,
    rules: Callable[[], Mapping[str, str]],
    query_time: QueryTime | None = None,
    left: Left = _all,
) -> Checked:
    """Every finding about every document, with the rules that are loaded where nothing is wrong that comes before.

    Shape:  `query_time` is what the queries of shapes may take; `left` as in `check`.
    Raises: UsageError naming a rule that is none, and what loading them raises.
    """
    comments = Suppressions(repository)
    found = _found(repository, comments, rules, query_time, left)
    unseen = {one.path for one in weighing(found.findings, VIOLATION) if not one.code.startswith("C")}
    findings = in_order([*found.findings, *comments.findings(is_unused=found.assembly is not None, unseen=unseen)])
    suppressed = {id(one.finding): one for one in comments.suppressed}
    return found._replace(
        findings=_without_what_is_lacking(findings, left(findings, repository)),
        suppressed=tuple(suppressed[id(one)] for one in in_order(one.finding for one in suppressed.values())),
    )


def _found(
    repository: Repository,
    comments: Suppressions,
    rules: Callable[[], Mapping[str, str]],
    query_time: QueryTime | None,
    left: Left,
) -> Checked:
    findings = [*repository.findings, *comments.kept(house_findings(repository))]
    if repository.findings:
        return Checked([one for one in findings if one.code not in NEED_ALL_FILES], None)
    findings += [_alike(one) for one in repository.dataset_documents if has_too_many_alike(one)]
    if any(one.code in _NO_ASSEMBLY for one in findings):
        return Checked(findings, None)
    assembly = assemble(repository, rules())
    # One broken rule breaks many shapes, most of them about something else: what shapes say of that file comes later.
    # What a baseline knows is passed over, so it must not stand before what is new.
    wrong = weighing(left(in_order(findings), repository), VIOLATION)
    broken = {one.path for one in wrong if one.code not in _OF_ONE_WORD} | {str(one.path) for one in repository.context}
    said = judged(repository, assembly, query_time)
    house = {one.code for one in findings}
    is_unasked = bool(house & {*_NOT_AS_PUBLISHED}) and any(one.code == _UNASKED for one in said.findings)
    told = {(one.path, one.at) for one in wrong}
    news = [one for one in said.findings if (one.path, one.at) not in told]
    told_now, withheld = _apart(broken, news, repository)
    findings += comments.kept(told_now)
    held = {one.path for one in news} & {one.path for one in wrong} & broken
    # What rules make of a mistake is one more mistake, but not one more to mend.
    written = [one for one in findings if one.path != RULES_FOLDER and not (is_unasked and one.code == _UNASKED)]
    shown = written if weighing(left(in_order(written), repository), VIOLATION) else findings
    hindering = (*_HINDERING, *(_NOT_AS_PUBLISHED if is_unasked else ()))
    coverage = said.coverage._replace(held=len(held))
    return Checked(shown, assembly, coverage, hindering=hindering, withheld=tuple(withheld))


def _apart(
    passed_over: Set[str], findings: Iterable[Finding], repository: Repository
) -> tuple[list[Finding], list[tuple[Finding, str]]]:
    """The findings about other files than those passed over, without and with those about things described there.

    Shape: each of the latter with the path of the file that describes the thing.
    """
    described = {
        thing: str(one.path)
        for one in repository.documents
        if str(one.path) in passed_over
        for thing in (*meant_things([one]), *(subject for subject, about, _ in one.parsed.triples if about == TYPE))
    }
    kept, withheld = [], []
    for one in findings:
        if one.path in passed_over:
            continue
        spoken_of = (one.origin.value, one.origin.focus) if one.origin else ()
        if cause := next((described[thing] for thing in spoken_of if thing in described), ""):
            withheld.append((one, cause))
        else:
            kept.append(one)
    return kept, withheld


def ordered(findings: Iterable[Finding]) -> list[Finding]:
    """Findings in order, without what a file lacks as long as something in it is wrong."""
    found = in_order(findings)
    return _without_what_is_lacking(found, found)


def _without_what_is_lacking(findings: Sequence[Finding], wrong: Iterable[Finding]) -> list[Finding]:
    broken = {one.path for one in wrong if one.severity == VIOLATION or one.code in _OF_TWO_FILES}
    return [one for one in findings if one.code not in OF_FINISHED_FILES or one.path not in broken]


def house_findings(repository: Repository) -> Iterator[Finding]:
    """What the house rules say: of each file the first findings, and one that says so if there are more.

    No more are looked for, as a file can be wrong in a million places.
    """
    known = Known(repository)
    for document in repository.documents:
        yield from findings_of(document, known)


def findings_of(document: Document, known: Known) -> Iterator[Finding]:
    """What the house rules say of one file."""
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


def sources_of(repository: Repository, findings: Iterable[Finding]) -> Sources:
    """The texts that findings speak of, as far as they can be had: those of files that could not be read, too."""
    texts = {str(one.path): one.parsed.text for one in repository.documents}
    for path in {one.path for one in findings if one.at is not None} - texts.keys():
        if (text := repository.text(PurePosixPath(path))) is not None:
            texts[path] = text
    return Sources(texts)


def only_in(findings: Iterable[Finding], repository: Repository, paths: Sequence[PurePosixPath]) -> list[Finding]:
    """The findings about some files or folders of a repository; all of them if none is named.

    Raises: UsageError for a path that is not there.
    """
    for path in paths:
        home = repository.home(path)
        if not (home / path).exists():
            raise not_in(home, path)
    return [one for one in findings if is_in(one, paths)]


def is_in(one: Finding, paths: Sequence[PurePosixPath]) -> bool:
    """Whether a finding is about one of some files or folders; it is if none is named."""
    return not paths or any(PurePosixPath(file).is_relative_to(path) for path in paths for file in _files(one))


def _files(one: Finding) -> list[str]:
    return [one.path, *(other.path for other in one.related if one.code in _OF_TWO_FILES)]
