from __future__ import annotations

import os
import re
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from adapter import config, loading
from adapter.config.settings import (
    LogSettings,
    RobotSettings,
    ServerSettings,
    SourceSettings,
    StorageSettings,
)
from adapter.core.matchers import parse_matchers
from adapter.core.rewriting import LinkRules
from adapter.core.routes import Route, RouteSettings
from adapter.core.severity import DEFAULT_SCALE, LEVELS
from adapter.core.time_intervals import Range, TimeInterval
from adapter.errors import ConfigError, Problem
from adapter.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from adapter.config.settings import Settings

    Write = Callable[..., Path]

EXAMPLE: Final = Path(__file__).parents[2] / "config.example.yml"

MINIMAL: Final = """\
robots:
  ops:
    access_token: ${DINGTALK_TOKEN}     # or webhook: the whole URL copied from DingTalk
    secret: ${DINGTALK_SECRET}
route:
  robots: [ops]
"""

ROUTE: Final = "route: {robots: [ops]}\n"


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write the main file and others, which only their owner can read; return the main one."""

    def files(main: str, others: Mapping[str, str] | None = None) -> Path:
        for name, text in {"config.yml": main, **(others or {})}.items():
            path = tmp_path / name
            path.parent.mkdir(exist_ok=True)
            path.write_text(text)
            path.chmod(0o600)
        return tmp_path / "config.yml"

    return files


def read(path: Path, environ: Mapping[str, str] | None = None) -> Settings:
    return config.load(path, environ=environ or {})


def problems(path: Path) -> tuple[Problem, ...]:
    with pytest.raises(ConfigError) as caught:
        read(path)
    return caught.value.problems


def test_the_minimal_configuration_is_complete(write: Write) -> None:
    path = write(MINIMAL)
    settings = read(path, {"DINGTALK_TOKEN": "token", "DINGTALK_SECRET": "SECret"})
    assert settings.robots == {
        "ops": RobotSettings(
            name="ops",
            access_token=Secret("token"),
            secret=Secret("SECret"),
            defaults=RouteSettings(),
        )
    }
    assert settings.route == Route(settings=RouteSettings(robots=("ops",)))
    assert settings.server == ServerSettings()
    assert settings.log == LogSettings()
    assert settings.storage == StorageSettings(path=path.parent / "data/adapter.db")
    assert settings.template_directory == path.parent / "templates"
    assert settings.sources == {}
    assert settings.files == (path,)


def test_the_defaults_are_the_documented_ones(write: Write) -> None:
    settings = read(write("robots: {ops: {access_token: abc}}\n" + ROUTE))
    robot = settings.robots["ops"]
    server = settings.server
    assert (server.host, server.port, server.threads) == ("0.0.0.0", 8060, 16)
    assert (server.max_body, server.high_water) == (10 * 1024 * 1024, 200_000)
    assert server.dedup_window == timedelta(minutes=3)
    assert not server.auth.required
    assert (settings.log.format, settings.log.level) == ("json", "info")
    assert settings.storage.retention == timedelta(days=30)
    assert (robot.timeout, robot.api_url) == (timedelta(seconds=5), "https://oapi.dingtalk.com")
    assert (robot.secret, robot.keyword, robot.proxy) == (None, "", None)


def test_the_example_is_valid_where_no_secret_is_at_hand() -> None:
    settings = config.load(EXAMPLE, environ={}, skip_secrets=True)
    assert set(settings.robots) == {"ops", "db"}
    assert settings.warnings == ()


def test_the_example_shows_the_defaults() -> None:
    settings = config.load(EXAMPLE, environ={}, skip_secrets=True)
    given = settings.server
    examples = {name: getattr(given, name) for name in ("external_url", "auth", "page", "tls")}
    assert given == ServerSettings(**examples)
    assert settings.log == LogSettings()
    assert settings.storage == StorageSettings(path=EXAMPLE.parent / "data/adapter.db")
    assert settings.template_directory == EXAMPLE.parent / "templates"
    assert (settings.scale, settings.hidden_labels) == (DEFAULT_SCALE, ())
    built_in = RobotSettings(name="", access_token=Secret(""), defaults=RouteSettings())
    assert settings.robots["ops"].timeout == built_in.timeout
    assert settings.robots["ops"].api_url == built_in.api_url


def test_time_intervals_and_what_defers_to_them_are_read(write: Write) -> None:
    settings = config.load(
        write("""
server: {listen: 127.0.0.1:8060}
robots: {ops: {access_token: abc}, db: {access_token: abc, defer: [off]}}
route: {robots: [ops], defer: [nights, off], routes: [{matchers: [a=b], defer: []}]}
time_intervals:
  nights: [{times: [{start_time: 23:00, end_time: 24:00}], location: Asia/Shanghai}]
  off:
    - weekdays: [saturday, Sunday]
      days_of_month: ["1:5", -1]
      months: [may:august, 12]
      years: [2026]
      location: Local
    - {times: [], location: ""}
  always: [{}]
"""),
        environ={},
    )
    assert settings.time_intervals["nights"] == (
        TimeInterval(times=(Range(1380, 1439),), location="Asia/Shanghai"),
    )
    first, second = settings.time_intervals["off"]
    assert first == TimeInterval(
        weekdays=(Range(6, 6), Range(0, 0)),
        days_of_month=(Range(1, 5), Range(-1, -1)),
        months=(Range(5, 8), Range(12, 12)),
        years=(Range(2026, 2026),),
        location="Local",
    )
    assert second == TimeInterval(times=())
    assert settings.route.settings.defer == ("nights", "off")
    assert settings.route.routes[0].settings.defer == ()
    assert settings.robots["db"].defaults.defer == ("off",)
    (warning,) = settings.warnings
    assert (warning.path, "after 31 days" in warning.text) == ("time_intervals.always[0]", True)


@pytest.mark.parametrize(
    "word",
    [
        *("include", "server", "listen", "threads", "max_body", "high_water", "dedup_window"),
        *("auth", "bearer_tokens", "bearer_token_files", "basic", "username", "password_file"),
        *("log", "format", "level", "storage", "url", "url_file", "retention", "templates"),
        *("directory", "watch"),
        *("alertmanagers", "labels", "robot_defaults", "robots", "access_token", "webhook_file"),
        *("access_token_file", "webhook", "secret_file", "rate", "digest_after", "max_age"),
        *("secret", "keyword", "timeout", "api_url", "proxy", "route", "template", "language"),
        *("timezone", "send_resolved", "priority", "matchers", "continue", "routes"),
        *("split", "defer", "time_intervals", "times", "start_time", "end_time", "weekdays"),
        *("days_of_month", "months", "years", "location"),
        *("hide_labels", "severity", "label", "levels", "values", "name", "emoji", "rewrite_links"),
        *("message", "buttons"),
    ],
)
def test_the_example_shows_every_key(word: str) -> None:
    assert re.search(rf"\b{word}\b", EXAMPLE.read_text())


def test_everything_that_can_be_said_is_read(write: Write) -> None:
    path = write("""
server:
  listen: "[::1]:9000"
  threads: 4
  max_body: 512KiB
  high_water: 10
  dedup_window: 0
  watch: false
  auth: {bearer_tokens: [one, two], basic: {username: bob, password: a b}}
log: {format: console, level: debug}
storage: {url: sqlite:////var/lib/adapter.db, retention: 1w2d}
templates: {directory: mine}
alertmanagers:
  bj: {labels: {no: no, hex: 0x10, time: 18:00, none: ~, number: 1_000, quoted: '"'}}
  空: {}
robots:
  ops:
    webhook: https://oapi.dingtalk.io/robot/send?access_token=abc&timestamp=1&sign=x%3D
    keyword: 告警
    timeout: 1s500ms
    proxy: http://me:pass@proxy:3128
    template: default
    language: en
    timezone: UTC
    send_resolved: false
route:
  robots: []
  routes:
    - matchers: [a="b", 'c=~"d,e",f!=""']
      continue: true
      robots: [ops]
      routes: [{send_resolved: true}]
""")
    settings = read(path)
    server = settings.server
    assert (server.host, server.port, server.threads) == ("::1", 9000, 4)
    assert (server.max_body, server.high_water) == (512 * 1024, 10)
    assert (server.dedup_window, server.watch) == (timedelta(), False)
    assert server.auth.bearer_tokens == (Secret("one"), Secret("two"))
    assert server.auth.basic is not None
    assert (server.auth.basic.username, server.auth.basic.password) == ("bob", Secret("a b"))
    assert settings.log == LogSettings(format="console", level="debug")
    assert settings.storage.path == Path("/var/lib/adapter.db")
    assert settings.storage.retention == timedelta(days=9)
    assert settings.template_directory == path.parent / "mine"
    texts = {"no": "no", "hex": "0x10", "time": "18:00", "none": "~", "number": "1_000"}
    assert settings.sources == {
        "bj": SourceSettings(name="bj", labels={**texts, "quoted": '"'}),
        "空": SourceSettings(name="空"),
    }
    assert settings.robots["ops"] == RobotSettings(
        name="ops",
        access_token=Secret("abc"),
        keyword="告警",
        timeout=timedelta(seconds=1.5),
        proxy=Secret("http://me:pass@proxy:3128"),
        api_url="https://oapi.dingtalk.io",
        defaults=RouteSettings(
            template="default", language="en", timezone="UTC", send_resolved=False
        ),
    )
    assert settings.route.routes == (
        Route(
            settings=RouteSettings(robots=("ops",)),
            matchers=parse_matchers('a="b", c=~"d,e", f!=""'),
            continues=True,
            routes=(
                Route(
                    settings=RouteSettings(send_resolved=True),
                    path="route.routes[0].routes[0]",
                ),
            ),
            path="route.routes[0]",
        ),
    )


def test_a_robot_takes_what_it_leaves_unsaid_from_the_defaults(write: Write) -> None:
    settings = read(
        write("""
robot_defaults:
  secret: SECshared
  timeout: 3s
  keyword: 告警
  language: en
  template: default
  api_url: http://127.0.0.1:8080/
robots:
  a: {access_token: a}
  b: {access_token: b, secret: SECown, timeout: 9s, keyword: "", language: zh}
  c: {webhook: "https://oapi.dingtalk.io/robot/send?access_token=c"}
  d: {webhook: "https://oapi.dingtalk.io/robot/send?access_token=d", api_url: http://here}
route: {robots: []}
""")
    )
    a, b, c, d = settings.robots.values()
    assert (a.secret, a.timeout, a.keyword) == (Secret("SECshared"), timedelta(seconds=3), "告警")
    assert a.defaults == RouteSettings(language="en", template="default")
    assert (b.secret, b.timeout, b.keyword) == (Secret("SECown"), timedelta(seconds=9), "")
    assert b.defaults == RouteSettings(language="zh", template="default")
    assert a.api_url == b.api_url == "http://127.0.0.1:8080"
    assert c.api_url == "https://oapi.dingtalk.io"
    assert d.api_url == "http://here"


def test_included_robots_and_routes_are_added_in_the_order_of_names(write: Write) -> None:
    path = write(
        """
include: [conf.d/*.yml, extra.yml, "*.yml", "none-*.yml"]
robots: {ops: {access_token: abc}}
route:
  robots: [ops, b]
  routes: [{matchers: [own="1"]}]
""",
        {
            "conf.d/b.yml": "robots: {b: {access_token_file: token}}\nroutes: [{robots: [b]}]\n",
            "conf.d/token": "abc\n",
            "conf.d/a.yml": "# nothing\n",
            "extra.yml": "routes: [{matchers: [t=x], routes: [{robots: [b]}]}]\n",
        },
    )
    settings = read(path)
    names = ["config.yml", "conf.d/a.yml", "conf.d/b.yml", "extra.yml"]
    assert settings.files == tuple(path.parent / name for name in names)
    assert settings.robots["b"].access_token == Secret("abc")
    own, from_b, from_extra = settings.route.routes
    assert own.path == "route.routes[0]"
    assert from_b.path == f"{path.parent}/conf.d/b.yml: routes[0]"
    assert from_extra.routes[0].settings.robots == ("b",)
    assert from_extra.routes[0].path == f"{path.parent}/extra.yml: routes[0].routes[0]"


def test_values_come_from_the_environment(write: Write) -> None:
    path = write(
        "robots: {ops: {access_token: '${A}-${B}', keyword: '$${A} ${C} $$ $x'}}\n" + ROUTE
    )
    robot = read(path, {"A": "a", "B": "${C}", "C": "c"}).robots["ops"]
    assert robot.access_token == Secret("a-${C}")
    assert robot.keyword == "${A} c $$ $x"


@pytest.mark.parametrize("value", ["a\udcffb", "a\x00b"])
def test_a_variable_without_text_is_a_problem(value: str, write: Write) -> None:
    path = write("robots: {ops: {access_token: '${X}'}}\n" + ROUTE)
    with pytest.raises(ConfigError) as caught:
        read(path, {"X": value})
    assert caught.value.problems[0].text == "the environment variable X holds no UTF-8 text"


def test_secrets_come_from_files(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(
        """
server: {auth: {bearer_token_files: [one, two], basic: {username: u, password_file: three}}}
robots:
  a: {access_token_file: one, secret_file: two}
  b: {webhook_file: hook}
"""
        "route: {robots: []}\n",
        {
            "one": "1\n",
            "two": "\ufeff2\r\n",
            "three": "${X} 3\n\n",
            "hook": "https://oapi.dingtalk.com/robot/send?access_token=4\n",
        },
    )
    monkeypatch.chdir(path.parent)
    settings = read(Path("config.yml"))
    auth = settings.server.auth
    assert auth.bearer_tokens == (Secret("1"), Secret("2"))
    assert auth.basic is not None
    assert auth.basic.password == Secret("${X} 3")
    assert settings.robots["a"].access_token == Secret("1")
    assert settings.robots["a"].secret == Secret("2")
    assert settings.robots["b"].access_token == Secret("4")
    assert settings.warnings == ()
    assert settings.files == (path,)


def test_skipped_secrets_are_neither_opened_nor_taken_from_unset_variables(write: Write) -> None:
    path = write("""
server: {auth: {bearer_token_files: [absent]}}
robots:
  a: {access_token_file: absent, secret: "${UNSET}"}
  b: {webhook: "https://oapi.dingtalk.com/robot/send?access_token=${UNSET}"}
  c: {webhook_file: "${UNSET}"}
route: {robots: []}
""")
    with pytest.raises(ConfigError) as caught:
        config.load(path, environ={}, skip_secrets=True)
    [problem] = caught.value.problems
    assert problem.text == "the environment variable UNSET is not set"
    assert problem.path == "robots.c.webhook_file"
    settings = config.load(path, environ={"UNSET": "absent"}, skip_secrets=True)
    assert set(settings.robots) == {"a", "b", "c"}
    assert settings.server.auth.required


def test_anchors_aliases_and_merge_keys_mean_what_yaml_says(write: Write) -> None:
    settings = read(
        write("""
robots:
  a: &a {access_token: abc, keyword: a, timeout: 1s}
  b: {<<: *a, keyword: b}
  c: {keyword: c, <<: [{access_token: def}, *a]}
route: &route
  robots: &all [a, b]
  routes:
    - robots: *all
""")
    )
    a, b, c = settings.robots.values()
    assert (a.keyword, b.keyword, c.keyword) == ("a", "b", "c")
    assert b.access_token == Secret("abc")
    assert c.access_token == Secret("def")
    assert c.timeout == timedelta(seconds=1)
    assert settings.route.routes[0].settings.robots == ("a", "b")


def test_a_byte_order_mark_and_carriage_returns_move_no_column(write: Write) -> None:
    path = write("")
    path.write_bytes(b"\xef\xbb\xbfrobot: {}\r\nrobots: {ops: {access_token: abc}}\r\nrout: {}\r\n")
    first, second, third = problems(path)
    assert (first.line, first.column, first.path) == (1, 1, "robot")
    assert (second.line, second.column, second.path) == (1, 1, "route")
    assert (third.line, third.column, third.path) == (3, 1, "rout")


def test_user_templates_can_be_named(write: Write) -> None:
    main = "robots: {ops: {access_token: abc, template: mine}}\n" + ROUTE
    path = write(main, {"templates/mine.j2": "{% extends 'default.j2' %}"})
    assert read(path).robots["ops"].defaults.template == "mine"


@pytest.mark.parametrize("content", [b"\xb8\xe6", None])
def test_a_template_that_cannot_be_read_is_one_problem(write: Write, content: bytes | None) -> None:
    main = "robots: {ops: {access_token: abc, template: mine}}\n" + ROUTE
    path = write(main, {"templates/other": ""})
    template = path.parent / "templates/bad.j2"
    if content is None:
        template.mkdir()
    else:
        template.write_bytes(content)
    [problem] = problems(path)
    assert problem.file == str(template)
    assert problem.text.startswith("this template is ")


class TestFilesThatCannotBeRead:
    def test_none(self, tmp_path: Path) -> None:
        [problem] = problems(tmp_path / "absent.yml")
        assert problem.file == str(tmp_path / "absent.yml")
        assert problem.text == "this configuration file cannot be read: there is no such file"

    def test_a_directory(self, tmp_path: Path) -> None:
        [problem] = problems(tmp_path)
        assert problem.text == "this configuration file is a directory; expected a file"

    def test_one_without_permission(self, write: Write) -> None:
        path = write(MINIMAL)
        path.chmod(0)
        if os.access(path, os.R_OK):
            pytest.skip("this user may read everything")
        [problem] = problems(path)
        assert problem.text == "this configuration file cannot be read: permission denied"

    def test_one_without_end(self) -> None:
        [problem] = problems(Path("/dev/zero"))
        assert problem.text == "this configuration file is larger than 1048576 bytes"

    def test_a_name_that_no_file_can_have(self) -> None:
        [problem] = problems(Path("x" * 5000))
        assert problem.text == "this configuration file cannot be read: file name too long"

    def test_a_secret_that_is_a_device(self, write: Write) -> None:
        main = "robots: {ops: {access_token_file: /dev/zero}}\n" + ROUTE
        [problem] = problems(write(main))
        assert problem.text.startswith("the file that this names is no regular file")


class TestWarnings:
    def test_webhooks_that_anyone_can_post(self, write: Write) -> None:
        path = write("robots: {ops: {access_token: abc}}\n" + ROUTE)
        [warning] = read(path).warnings
        assert str(warning) == (
            f"{path}:1:1: server.auth: webhooks are open: whoever reaches 0.0.0.0:8060 can post "
            "alerts; set it, or listen on 127.0.0.1"
        )

    @pytest.mark.parametrize("host", ["127.0.0.1", "[::1]", "localhost"])
    def test_a_loopback_listener_needs_no_auth(self, host: str, write: Write) -> None:
        main = f"server: {{listen: '{host}:8060'}}\nrobots: {{ops: {{access_token: abc}}}}\n{ROUTE}"
        assert read(write(main)).warnings == ()

    def test_an_empty_list_of_tokens_lets_anyone_post(self, write: Write) -> None:
        auth = "server: {auth: {bearer_tokens: []}}\n"
        settings = read(write(auth + "robots: {ops: {access_token: abc}}\n" + ROUTE))
        assert not settings.server.auth.required
        assert [warning.path for warning in settings.warnings] == ["server.auth"]

    def test_a_secret_file_that_everyone_can_read(self, write: Write) -> None:
        main = "server: {auth: {bearer_token_files: [one]}}\nrobots: {ops: {access_token: abc}}\n"
        path = write(main + ROUTE, {"one": "1"})
        (path.parent / "one").chmod(0o644)
        [warning] = read(path).warnings
        assert (warning.line, warning.column) == (1, 38)
        assert warning.text == 'every user of this machine can read the file "one"; chmod 600'

    def test_a_matcher_that_only_the_classic_parser_reads(self, write: Write) -> None:
        main = "server: {listen: '127.0.0.1:1'}\nrobots: {ops: {access_token: abc}}\n"
        routes = "  routes:\n    - matchers: ['foo=~bar{2}']\n    - matchers: ['foo=${X}{}']\n"
        path = write(main + "route:\n  robots: [ops]\n" + routes)
        plain, from_environment = read(path, {"X": "hunter2"}).warnings
        assert plain.path == "route.routes[0].matchers[0]"
        assert "classic" in plain.text
        assert "classic" in from_environment.text
        assert "hunter2" not in from_environment.text


def test_the_levels_of_a_shop_have_a_name_sign_and_colour_each(write: Write) -> None:
    settings = read(
        write(
            """
severity:
  label: level
  levels:
    - {values: [P0], name: 致命, emoji: 🟥, priority: high}
    - {values: [Disaster]}
    - {values: [warning], priority: high}
    - {values: [x], name: Info, emoji: 🔧}
    - {values: [y]}
robots: {ops: {access_token: abc}}
"""
            + ROUTE
        )
    )
    scale = settings.scale
    assert scale.label == "level"
    shown = [
        (level.name("zh"), level.name("en"), level.emoji, level.color, level.high)
        for level in scale.levels
    ]
    assert shown == [
        ("致命", "致命", "🟥", "#F5222D", True),
        ("Disaster", "Disaster", "🟡", "#FA8C16", False),
        ("警告", "Warning", "🔵", "#1890FF", True),  # what the bundled levels know is told as there
        ("提示", "Info", "🔧", "#8C8C8C", False),
        ("y", "y", "⚪", "#8C8C8C", False),
    ]
    assert scale.level("disaster") is scale.levels[1]
    assert scale.level("critical") not in LEVELS


def test_a_source_says_how_people_reach_what_it_names(write: Write) -> None:
    settings = read(
        write(
            """
alertmanagers:
  bj:
    url: http://alertmanager:9093/
    labels: {cluster: bj}
    rewrite_links: {"http://alertmanager:9093": https://am.example.com/}
templates: {hide_labels: [prometheus, "pod_.*"]}
robots: {ops: {access_token: abc}}
"""
            + ROUTE
        )
    )
    assert settings.sources["bj"].links == LinkRules(
        {"http://alertmanager:9093": "https://am.example.com"}
    )
    origin = settings.style.origins["bj"]
    assert (origin.url, origin.labels) == ("https://am.example.com", {"cluster": "bj"})
    hidden = [name for name in ("prometheus", "pod_hash", "job") if settings.style.hides(name)]
    assert hidden == ["prometheus", "pod_hash"]


def test_the_database_may_stand_in_a_file(write: Write) -> None:
    url = "postgresql+psycopg://me:pass@database/alerts"
    path = write(f"storage: {{url_file: database}}\n{MINIMAL}")
    path.with_name("database").write_text(f"{url}\n")
    path.with_name("database").chmod(0o600)
    environ = {"DINGTALK_TOKEN": "abc", "DINGTALK_SECRET": "SECabc"}
    assert config.load(path, environ=environ).storage.postgresql == Secret(url)
    skipped = loading.load(path, skip_secrets=True).settings.storage.postgresql
    assert skipped not in {None, Secret(url)}


def test_a_secret_that_signs_no_link_is_warned_of(tmp_path: Path) -> None:
    silence = "silence: {secret: 0123456789abcdef}\nserver: {listen: 127.0.0.1:8060%s}\n"
    file = tmp_path / "config.yml"
    for more, expected in (
        (", external_url: https://alerts.example.com", []),
        ("", ["silence.secret"]),
    ):
        file.write_text(
            f"robots: {{ops: {{access_token: abc}}}}\nroute: {{robots: [ops]}}\n{silence % more}"
        )
        warnings = config.load(file, environ={}).warnings
        assert [warning.path for warning in warnings] == expected
