"""Controls over what strangers send to be judged: what is read, where, and for how long."""

from typing import Final

from .control import Control, of

JUDGING: Final[tuple[Control, ...]] = (
    *of(
        "src/clustergraph/judge.py",
        "test_judge.py",
        (
            "a judge is left nothing but its socket",
            "T7",
            'harden(Source(lambda: None, 0, confined=confined), parent, limits["memory_limit_bytes"])',
            "str(confined)",
            "test_a_judge_has_no_file_no_network_no_other_process_and_bounded_memory",
        ),
        (
            "triples of a submission",
            "T3",
            "if triples > TRIPLES_LIMIT:",
            "if triples < 0:",
            "test_more_triples_than_are_judged_are_refused",
        ),
        (
            "a fault of a judge stays inside",
            "T27",
            'sandbox.complain(f"judge: {type(exc).__name__}")',
            'sandbox.complain(f"judge: {exc}")',
            "test_a_fault_of_ours_is_told_without_its_words",
        ),
    ),
    *of(
        "src/clustergraph/sandbox.py",
        "test_judge.py",
        (
            "a fault is told where nothing can be written",
            "T27",
            "contextlib.suppress(OSError)",
            "contextlib.nullcontext()",
            "test_a_fault_of_ours_is_told_as_such_where_standard_error_is_a_file",
        ),
    ),
    *of(
        "src/clustergraph/judges.py",
        "test_web_validation.py",
        (
            "time of a submission",
            "T3",
            "asyncio.timeout(TIME_LIMIT_S)",
            "asyncio.timeout(None)",
            "test_what_never_ends_is_stopped_and_disturbs_nobody",
        ),
        (
            "a long submission makes way",
            "T36",
            "self._clock.reschedule(asyncio.get_running_loop().time())",
            "pass",
            "test_judges.py::test_the_longest_submission_of_who_has_most_makes_way_for_another_client",
        ),
        (
            "who has long submissions takes no place that is kept for short ones",
            "T36",
            "self._shared.took_long(self)",
            "pass",
            "test_judges.py::test_the_longest_submission_of_who_has_most_makes_way_for_another_client",
            "test_judges.py::test_who_has_long_submissions_cannot_have_the_place_that_is_kept_for_others",
        ),
        (
            "a judge is killed, not asked",
            "T3",
            "signal.pidfd_send_signal(fork.handle, signal.SIGKILL)",
            "pass",
            "test_the_process_of_a_client_that_goes_away_is_gone",
        ),
    ),
    *of(
        "src/clustergraph/submissions.py",
        "test_submissions.py",
        (
            "paths of submissions",
            "T25",
            "not _PATH.fullmatch(name)",
            "not _PATH.match(name)",
            "test_what_can_be_no_path_of_a_repository_is_refused",
        ),
        (
            "length of paths of submissions",
            "T16",
            "len(name) > PATH_LIMIT or ",
            "",
            "test_what_can_be_no_path_of_a_repository_is_refused",
        ),
        (
            "files of a submission",
            "T3",
            "if len(named) > FILES_LIMIT:",
            "if len(named) < 0:",
            "test_json_that_is_none_or_has_another_shape_is_refused",
        ),
        (
            "fields of a multipart form",
            "T13",
            "_FIELDS + 2)",
            "-1)",
            "test_a_form_that_cannot_be_read_is_refused",
        ),
        (
            "head of a field of a multipart form",
            "T13",
            "if len(lines) > _PART_HEAD_BYTES:",
            "if len(lines) < 0:",
            "test_a_form_that_cannot_be_read_is_refused",
        ),
        (
            "charsets of parameters of a multipart form",
            "T13",
            'for name, _ in found if "*" in name',
            'for name, _ in found if "**" in name',
            "test_a_parameter_that_names_a_charset_is_refused_unread",
        ),
    ),
    *of(
        "src/clustergraph/verdicts.py",
        "test_judge.py",
        (
            "frames hold nothing that does not print",
            "T17",
            'return printable(text.replace("\\t", "  "))',
            "return text",
            "test_what_does_not_print_is_escaped_in_the_frames_of_a_page",
        ),
    ),
    *of(
        "src/clustergraph/web/validation.py",
        "test_web_validation.py",
        (
            "bytes of a submission",
            "T16",
            "read_body(request, BODY_LIMIT_BYTES,",
            "read_body(request, 1 << 30,",
            "test_wrong_use_is_told_as_a_problem",
        ),
        (
            "submissions that cannot be read use up a budget",
            "T36",
            "desk.budgets.bad(client, time.monotonic())",
            "pass",
            "test_a_client_that_has_had_its_share_is_refused_before_anything_is_read",
        ),
        (
            "a submission is given up with its client",
            "T3",
            "await until_disconnected(request, judging)",
            "await judging",
            "test_the_judge_of_a_request_ends_when_its_client_goes_away",
        ),
    ),
    *of(
        "src/clustergraph/shacl/asking.py",
        "hostile/test_hostile_files.py",
        (
            "queries of shapes: no file, no network",
            "T9",
            "        sandbox.confine()",
            "        pass",
            "test_the_process_that_answers_is_confined",
        ),
        (
            "queries of shapes: time in place",
            "T9",
            "if limit_s <= 0:",
            "if False:",
            "test_queries_in_place_make_no_process_and_take_no_longer_than_they_may",
        ),
    ),
)
