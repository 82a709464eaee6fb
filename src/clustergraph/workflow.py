"""One check as somebody asks for it: of some files, beside a baseline, with context, and mended if they want.

Puts together what check, mending, baselines, changes and contexts do. Knows nothing of a terminal.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final, NamedTuple

from clustergraph.baselines import Baseline, Compared, baseline_text, compared, may_be_recorded, read_baseline
from clustergraph.changes import changed_paths
from clustergraph.checking import Checked, check, is_in, only_in, sources_of
from clustergraph.contexts import beside, with_context
from clustergraph.errors import UsageError
from clustergraph.files import inside, repository_of
from clustergraph.findings import VIOLATION, Coverage, Finding, Suppressed, weighing
from clustergraph.mending import Choice, Look, Reader, difference, mended, write_texts, write_whole
from clustergraph.outputs import Sources
from clustergraph.repository import Repository, read_repository

Remark = Mapping[str, str]
"""A sentence by language that is said beside the findings."""

_REMARKS: Final[dict[str, Remark]] = {
    "shapes": {
        "en": "The shapes were not looked at, as a file could not be read or has blank nodes.",
        "it": "Le forme non sono state esaminate: un file non si può leggere o ha nodi anonimi.",
    },
    "suppressed": {"en": "Suppressed by comments: {}.", "it": "Soppressi da commenti: {}."},
    "known": {"en": "Known from the baseline: {}.", "it": "Già noti dalla baseline: {}."},
    "elsewhere": {"en": "In other files, not shown: {}.", "it": "In altri file, non mostrati: {}."},
    "stale": {
        "en": "In the baseline, and there no more: {}. Write it anew with --write-baseline.",
        "it": "Nella baseline, e non più presenti: {}. Riscriverla con --write-baseline.",
    },
    "gone": {"en": "  {}", "it": "  {}"},
    "mended": {"en": "Files mended: {}.", "it": "File corretti: {}."},
    "mendable": {"en": "Files that --fix would mend: {}.", "it": "File che --fix correggerebbe: {}."},
    "left": {
        "en": "'{}' was left as it is: it is a link or behind one, or has just changed.",
        "it": "«{}» è rimasto com'è: è un collegamento o vi sta dietro, o è appena cambiato.",
    },
}


@dataclass(frozen=True)
class Asked:
    """What is asked for.

    Shape: `paths` are files and folders of the repository at `root`, all of it if there are none; `ref` is a state of
           git from which files must differ, empty for where the work left the main branch, None for any file; `base` is
           a repository to take ontology, shapes and queries from, None for that at `root`.
    """

    root: Path
    paths: Sequence[PurePosixPath] = ()
    ref: str | None = None
    contexts: Sequence[Path] = ()
    baseline: Path | None = None
    is_recording: bool = False
    is_fixing: bool = False
    is_unsafe: bool = False
    is_showing: bool = False
    fail_on: str = VIOLATION
    base: Path | None = None


class Outcome(NamedTuple):
    """What came of it.

    Shape: `difference` is empty unless it was asked for; `suppressed` are findings about the files asked for.
    """

    findings: list[Finding]
    remarks: list[Remark]
    difference: str
    fails: bool
    sources: Sources
    coverage: Coverage | None
    suppressed: Sequence[Suppressed]


class _Seen(NamedTuple):
    """A repository and what is wrong with it."""

    repository: Repository
    checked: Checked


def run(asked: Asked) -> Outcome:
    """The findings asked for, and what else is to be said; files are written if that was asked for.

    Raises: UsageError for options that do not go together, and for what is not there.
    """
    _refuse_what_does_not_go_together(asked)
    read_with = _reader(asked)
    before = read_with({})
    only_in([], before, asked.paths)  # a path that is not there is said before the work, not after
    changed = None if asked.ref is None else changed_paths(asked.root, asked.ref)
    remarks: list[Remark] = []
    shown = ""
    # A baseline that is yet to be written is none.
    known = {} if asked.is_recording or asked.baseline is None else read_baseline(asked.baseline)
    look = _look(asked, known)
    if asked.is_fixing or asked.is_showing:

        def chosen(repository: Repository, checked: Checked) -> list[Finding]:
            own = [one for one in checked.findings if _is_asked_for(one, asked, changed)]
            return compared(own, repository, known).new

        seen, shown = _mended(asked, (read_with, look), chosen, remarks)
    else:
        seen = _Seen(before, look(before))
    if asked.is_recording and asked.baseline is not None:
        _write(asked.baseline, baseline_text(seen.checked.findings, seen.repository))
    found = _compared(asked, seen, changed)
    suppressed = [one for one in seen.checked.suppressed if _is_asked_for(one.finding, asked, changed)]
    remarks += _remarks(seen, found, len(suppressed), is_changed_only=changed is not None)
    fails = bool(shown or weighing(found.new, asked.fail_on))
    sources = sources_of(seen.repository, [*found.new, *(one.finding for one in suppressed)])
    return Outcome(found.new, remarks, shown, fails, sources, seen.checked.coverage, suppressed)


def check_files(*paths: str | Path, root: Path | None = None) -> list[Finding]:
    """What is wrong with files and folders of a repository, all of it if none is named: `clustergraph.check`.

    Shape:  as `clustergraph check` prints it, in order; `root` is the repository, by default the one you stand in.
    Raises: UsageError for what is not there.
    """
    folder = root or repository_of(Path.cwd())
    return run(Asked(folder, [inside(Path(path), folder) for path in paths])).findings


def _refuse_what_does_not_go_together(asked: Asked) -> None:
    if asked.is_unsafe and not (asked.is_fixing or asked.is_showing):
        message = "--unsafe-fixes mends nothing by itself: give --fix or --diff too"
        italian = "--unsafe-fixes da solo non corregge nulla: aggiungere --fix o --diff"
        raise UsageError(message, italian)
    if asked.base and (asked.is_fixing or asked.is_showing):
        message = "--base judges and mends nothing, as not all that it reads is yours: leave out --fix and --diff"
        italian = "--base giudica e non corregge, perché non tutto ciò che legge è vostro: togliere --fix e --diff"
        raise UsageError(message, italian)
    if asked.is_recording and asked.baseline is None:
        message = "--write-baseline does not know where to: name a file with --baseline"
        italian = "--write-baseline non sa dove scrivere: indicare un file con --baseline"
        raise UsageError(message, italian)
    if asked.is_recording and (asked.paths or asked.ref is not None or asked.is_showing):
        message = "--write-baseline records the whole repository as it is: leave out paths, --changed-only and --diff"
        italian = "--write-baseline registra l'intero repository com'è: togliere i percorsi, --changed-only e --diff"
        raise UsageError(message, italian)


def _reader(asked: Asked) -> Reader:
    """Reads the repository with some texts in the place of files; the context is read once."""
    root, data = (asked.base, asked.root) if asked.base else (asked.root, None)
    context = with_context(Repository(root, (), ()), asked.contexts).context
    return lambda drafts: beside(read_repository(root, data=data, drafts=drafts), context)


def _look(asked: Asked, known: Baseline) -> Look:
    """Checks so that what the baseline knows, or is to know, hides nothing that is new."""

    def left(findings: Sequence[Finding], repository: Repository) -> list[Finding]:
        if asked.is_recording:
            return [one for one in findings if not may_be_recorded(one)]
        return compared(findings, repository, known).new

    return check if asked.baseline is None else lambda repository: check(repository, left)


def _is_asked_for(one: Finding, asked: Asked, changed: frozenset[PurePosixPath] | None) -> bool:
    return is_in(one, asked.paths) and (changed is None or PurePosixPath(one.path) in changed)


def _mended(asked: Asked, ways: tuple[Reader, Look], chosen: Choice, remarks: list[Remark]) -> tuple[_Seen, str]:
    """The repository as it is after mending, or as it is before if the difference is only to be shown."""
    read_with, look = ways
    result = mended(read_with, chosen, is_unsafe=asked.is_unsafe, look=look)
    if asked.is_showing:
        remarks.append(_said("mendable", len(result.texts)))
        return _Seen(result.repository, result.checked), difference(result.texts)
    left = write_texts(asked.root, result.texts)
    remarks.append(_said("mended", len(result.texts) - len(left)))
    remarks += [_said("left", path) for path in left]
    if not left:
        return _Seen(result.repository, result.checked), ""
    repository = read_with({})
    return _Seen(repository, look(repository)), ""


def _write(file: Path, text: str) -> None:
    try:
        write_whole(file, text)
    except OSError as exc:
        message = f"the baseline '{file}' cannot be written: {exc.strerror}"
        raise UsageError(message, f"la baseline '{file}' non si può scrivere: {exc.strerror}") from exc


def _compared(asked: Asked, seen: _Seen, changed: frozenset[PurePosixPath] | None) -> Compared:
    baseline = read_baseline(asked.baseline) if asked.baseline else {}
    # Whatever was asked for: of files that were not judged to the end, silence says nothing.
    causes = {path for one, path in seen.checked.withheld if _is_asked_for(one, asked, changed)}
    findings = [
        one
        for one in seen.checked.findings
        if _is_asked_for(one, asked, changed)
        or one.code.startswith(seen.checked.hindering)
        or (one.path in causes and one.severity == VIOLATION)
    ]
    found = compared(findings, seen.repository, baseline)
    # What was not asked for or not looked at may still be there.
    is_whole = seen.checked.assembly is not None and not asked.paths and changed is None
    return found if is_whole else found._replace(stale=[])


def _remarks(seen: _Seen, found: Compared, suppressed: int, *, is_changed_only: bool) -> list[Remark]:
    elsewhere = len(seen.checked.findings) - len(found.new) - len(found.known)
    counted = {
        "suppressed": suppressed,
        "known": len(found.known),
        "elsewhere": elsewhere * is_changed_only,
        "stale": len(found.stale),
    }
    shapes = [_REMARKS["shapes"]] if seen.checked.assembly is None else []
    gone = [_said("gone", f"{one.path}: {one.code} {one.message}") for one in found.stale]
    return [*shapes, *(_said(name, count) for name, count in counted.items() if count), *gone]


def _said(name: str, value: object) -> Remark:
    return {language: sentence.format(value) for language, sentence in _REMARKS[name].items()}
