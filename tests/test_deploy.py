"""The files under deploy/ name only options, paths and figures that there are."""

import re
from pathlib import Path

import pytest
from fastapi.routing import APIRoute

from clustergraph import sandbox
from clustergraph.cli.publish import publish
from clustergraph.jobs import STREAM_LIMIT_S
from clustergraph.settings import ENVIRONMENT_PREFIX, Settings, described
from clustergraph.web import pages
from clustergraph.web.limits import CONNECTION_LIMIT, ENDING_LIMIT_S, FIXED, IDLE_LIMIT_S

ROOT = Path(__file__).resolve().parents[1]
DEPLOY = ROOT / "deploy"
FILES = sorted(path.name for path in DEPLOY.iterdir())
OPTIONS = {f"--{name.replace('_', '-')}" for name, *_ in described()}
VARIABLES = {"CLUSTERGRAPH_PASSWORD", *(f"{ENVIRONMENT_PREFIX}{name.upper()}" for name, *_ in described())}


def text(name: str) -> str:
    """A file without its comments."""
    lines = (DEPLOY / name).read_text(encoding="utf-8").splitlines()
    return "\n".join(re.sub(r"(?:^|\s)#.*", "", line) for line in lines)


def seconds(name: str, pattern: str) -> list[int]:
    """Each number of seconds that a pattern finds, all of them written as such."""
    return [int(one) for one in re.findall(pattern, text(name))]


def test_these_are_the_files_there_are() -> None:
    of_servers = ["Caddyfile", "Containerfile", "Containerfile.dockerignore", "clustergraph.service", "nginx.conf"]

    assert sorted([*of_servers, "check-pull-request", "gitlab-ci.yml"]) == FILES


def commands() -> dict[str, list[str]]:
    """The words after `serve` in each file that starts the server."""
    unit = re.search(r"ExecStart=((?:.*\\\n)*.*)", text("clustergraph.service"))
    image = re.search(r"ENTRYPOINT \[(.*)\]", text("Containerfile"))
    assert unit is not None
    assert image is not None
    words = {
        "clustergraph.service": re.findall(r"[^\s\\]+", unit[1]),
        "Containerfile": re.findall(r'"(.*?)"', image[1]),
    }
    return {name: found[found.index("serve") + 1 :] for name, found in words.items()}


@pytest.mark.parametrize("name", sorted(commands()))
def test_a_command_has_only_options_of_the_server(name: str) -> None:
    options = [word for word in commands()[name] if word.startswith("-")]

    assert set(options) <= OPTIONS
    assert {"--host", "--port"} <= set(options)


@pytest.mark.parametrize("path", [*(f"deploy/{name}" for name in FILES), "docs/operations.md"])
def test_a_variable_that_is_named_is_one_of_ours(path: str) -> None:
    named = re.findall(r"CLUSTERGRAPH_[A-Z_]+", (ROOT / path).read_text(encoding="utf-8"))

    assert [one for one in named if one not in VARIABLES] == []


def test_every_option_that_the_page_of_operations_names_is_one_of_ours() -> None:
    page = (ROOT / "docs/operations.md").read_text(encoding="utf-8")
    named = re.findall(r"`(--[a-z-]+)", page)

    of_publish = {option for one in publish.params for option in one.opts if option.startswith("--")}
    assert set(named) - OPTIONS - of_publish == {"--volume", "--env"}, "beside those of `docker run`"


@pytest.mark.parametrize("name", ["clustergraph.service", "Containerfile", "nginx.conf", "Caddyfile"])
def test_all_speak_of_the_same_port(name: str) -> None:
    ports = set(re.findall(r"(?:127\.0\.0\.1:|--port\W+|EXPOSE |tcp:)(\d+)", text(name)))

    assert ports == {str(Settings().port)}


def test_the_image_is_made_of_files_that_the_repository_or_make_wheel_gives() -> None:
    copied = re.findall(r"^COPY (?!--from)(\S+)", text("Containerfile"), re.MULTILINE)
    sent = re.findall(r"^!(\S+)", text("Containerfile.dockerignore"), re.MULTILINE)

    assert copied == sent == ["requirements.lock", "build/*.whl"]
    assert (ROOT / "requirements.lock").is_file()
    assert "--wheel-dir build" in (ROOT / "Makefile").read_text(encoding="utf-8")


def test_the_page_installs_for_systemd_what_the_image_holds_where_the_unit_looks_for_it() -> None:
    page = (ROOT / "docs/operations.md").read_text(encoding="utf-8")
    (section,) = re.findall(r"## systemd\n(.*?)\n## ", page, re.DOTALL)
    told = re.findall(r"^    (.*)", section, re.MULTILINE)
    image = re.findall(r"&& (.*? pip install .*?)(?: \\)?$", text("Containerfile"), re.MULTILINE)
    unit = re.search(r"ExecStart=(\S+) serve (\S+)", text("clustergraph.service"))
    assert unit is not None

    installs = [one.replace("--no-cache-dir ", "").replace("/tmp/*.whl", "build/*.whl") for one in image]  # noqa: S108
    assert [one for one in told if "pip install" in one] == [one.replace("/tmp/", "") for one in installs]  # noqa: S108
    assert f"{unit[1]} build --out {unit[2]}" in told


def test_the_image_is_named_with_a_tag_and_runs_as_nobody_in_particular() -> None:
    images = re.findall(r"^FROM (\S+)", text("Containerfile"), re.MULTILINE)
    installed = re.findall(r"pip install (.*)", text("Containerfile"))

    assert len(set(images)) == 1
    assert re.fullmatch(r"python:3\.\d+-slim-\w+", images[0])
    assert re.findall(r"^USER (.*)", text("Containerfile"), re.MULTILINE) == ["65532:65532"]
    assert all("--require-hashes" in one or "--no-deps --no-index" in one for one in installed)


def test_the_health_of_the_container_is_asked_at_a_path_that_there_is() -> None:
    paths = [route.path for route in pages.router.routes if isinstance(route, APIRoute)]
    (asked,) = re.findall(r"http://127\.0\.0\.1:8000(/[\w/]+)", text("Containerfile"))

    assert asked in paths


def test_the_unit_leaves_the_server_time_to_end_and_workers_room_to_die() -> None:
    unit = text("clustergraph.service")
    values = dict(re.findall(r"^(\w+)=(.*)$", unit, re.MULTILINE))

    assert int(values["TimeoutStopSec"].removesuffix("s")) > ENDING_LIMIT_S
    assert (
        int(values["MemoryMax"].removesuffix("G")) << 30 > (2 + Settings().own_workers) * Settings().memory_limit_bytes
    )
    assert int(values["LimitNOFILE"]) > CONNECTION_LIMIT
    assert (values["OOMPolicy"], values["KillMode"], values["Restart"]) == ("continue", "mixed", "always")
    assert values["ExecReload"] == "/bin/kill -HUP $MAINPID", "which makes the server look for a new build"
    assert "WatchdogSec" not in values, "the server sends no sign of life to systemd"


def test_the_unit_may_write_where_it_is_told_to() -> None:
    words = commands()["clustergraph.service"]
    values = dict(re.findall(r"^(\w+)=(.*)$", text("clustergraph.service"), re.MULTILINE))
    log, stores = Path(words[words.index("--query-log") + 1]), words[words.index("--store-dir") + 1]

    assert f"/var/log/{values['LogsDirectory']}" == str(log.parent)
    assert f"/var/cache/{values['CacheDirectory']}" == stores


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("nginx.conf", "proxy_set_header X-Forwarded-For $remote_addr;"),
        ("nginx.conf", "proxy_http_version 1.1;"),
        ("nginx.conf", "proxy_buffering off;"),
        ("Caddyfile", "header_up X-Forwarded-For {remote_host}"),
        ("Caddyfile", "versions 1.1"),
        ("Caddyfile", "flush_interval -1"),
    ],
)
def test_a_proxy_says_itself_who_asks_and_passes_streams_on(name: str, line: str) -> None:
    assert line in [one.strip() for one in text(name).splitlines()]
    assert "proxy_add_x_forwarded_for" not in text(name)


@pytest.mark.parametrize(
    ("name", "idle", "longest"),
    [
        ("nginx.conf", r"(?m)^    keepalive_timeout (\d+)s;", r"proxy_read_timeout (\d+)s;"),
        ("Caddyfile", r"keepalive (\d+)s", r"write (\d+)s"),
    ],
)
def test_a_proxy_lets_connections_go_before_we_do_and_answers_not_before_they_end(
    name: str, idle: str, longest: str
) -> None:
    assert [one < IDLE_LIMIT_S for one in seconds(name, idle)] == [True]
    assert [one > STREAM_LIMIT_S for one in seconds(name, longest)] == [True]


@pytest.mark.parametrize(
    ("name", "patterns"),
    [
        ("nginx.conf", {"head_time": r"client_header_timeout (\d+)s", "body_time": r"client_body_timeout (\d+)s"}),
        ("Caddyfile", {"head_time": r"read_header (\d+)s", "body_time": r"read_body (\d+)s"}),
    ],
)
def test_a_proxy_waits_no_longer_for_a_request_than_we_do(name: str, patterns: dict[str, str]) -> None:
    limits = {one.name: one.value for one in FIXED}

    assert {limit: seconds(name, pattern) for limit, pattern in patterns.items()} == {
        limit: [int(limits[limit])] for limit in patterns
    }


@pytest.mark.parametrize("name", ["nginx.conf", "Caddyfile"])
def test_a_proxy_opens_fewer_connections_than_we_hold(name: str) -> None:
    (most,) = seconds(name, r"(?:max_conns=|max_conns_per_host )(\d+)")

    assert most < CONNECTION_LIMIT


def test_the_pages_that_a_file_refers_to_have_the_section_that_it_names() -> None:
    page = (ROOT / "docs/operations.md").read_text(encoding="utf-8")
    named = [
        section
        for name in FILES
        for section in re.findall(r'docs/operations\.md, "([\w ]+)"', (DEPLOY / name).read_text(encoding="utf-8"))
    ]

    assert [one for one in named if f"\n## {one}\n" not in page] == []
    assert len(named) == 4


def test_the_folder_and_each_of_its_files_are_written_of() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    pages = ("docs/operations.md", "docs/contributing-tools.md")
    page = "".join((ROOT / name).read_text(encoding="utf-8") for name in pages)

    assert "| `deploy/` |" in readme
    assert [name for name in FILES if f"deploy/{name}" not in page and not name.endswith("ignore")] == []


WATCHED = [
    pytest.param("nginx.conf", r"^ +error_log \S+ crit;$", id="nginx logs no request that failed"),
    pytest.param("nginx.conf", r"^ +access_log off;$", id="nginx logs no request"),
    pytest.param("Caddyfile", r"^\t\texclude http\.handlers\.reverse_proxy http\.log\.error$", id="Caddy logs neither"),
    pytest.param("Caddyfile", r"^\t\t\tcompression off$", id="Caddy asks for no coding of its own"),
]


@pytest.mark.parametrize(("name", "line"), WATCHED)
def test_a_proxy_tells_nobody_who_asked_what_and_changes_no_coding(name: str, line: str) -> None:
    lines = [one.rstrip() for one in text(name).splitlines()]

    assert len([one for one in lines if re.search(line, one)]) == 1


def test_the_unit_speaks_to_nobody_but_this_machine() -> None:
    values = dict(re.findall(r"^(\w+)=(.*)$", text("clustergraph.service"), re.MULTILINE))

    assert (values["IPAddressDeny"], values["IPAddressAllow"]) == ("any", "localhost")


def test_the_unit_lets_through_each_call_by_which_workers_confine_themselves() -> None:
    """By name, as what @system-service holds differs between versions: 252 lacks all of them."""
    lines = re.findall(r"^SystemCallFilter=(.*)$", text("clustergraph.service"), re.MULTILINE)

    assert lines[:2] == ["@system-service", "~@privileged"]
    assert set(sandbox.CALLS) == {one for line in lines[2:] for one in line.split()}
    assert "~" not in "".join(lines[2:])


def test_the_sandbox_asks_the_kernel_for_nothing_that_its_table_does_not_name() -> None:
    source = (ROOT / "src/clustergraph/sandbox.py").read_text(encoding="utf-8")

    assert re.findall(r"\.syscall\((.{8})", source) == ["CALLS[na"]
    assert set(re.findall(r"CDLL\(None\)\.(\w+)", source)) == {"prctl"}
