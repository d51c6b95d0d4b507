"""Pools and fallbacks as they are read from a configuration."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from adapter import config
from adapter.core.monthly import Allowance

if TYPE_CHECKING:
    from pathlib import Path

    from adapter.config.settings import Settings


def read(folder: Path, text: str, *, skip_secrets: bool = False) -> Settings:
    path = folder / "config.yml"
    path.write_text(f"{text}route: {{robots: [ops]}}\n")
    return config.load(path, environ={}, skip_secrets=skip_secrets)


POOL = """\
robots:
  ops:
    access_token: one
    secret: SEC1
    keyword: 告警
    rate: {messages: 10, per: 1m}
    pool:
      - {access_token: two, secret: SEC2}
      - {webhook: "https://proxy.example.com/robot/send?access_token=three"}
"""


def test_the_robots_of_a_pool_differ_in_their_credentials_alone(tmp_path: Path) -> None:
    ops = read(tmp_path, POOL).robots["ops"]
    found = [
        (member.access_token.reveal(), member.secret and member.secret.reveal(), member.api_url)
        for member in ops.members
    ]
    assert found == [
        ("one", "SEC1", "https://oapi.dingtalk.com"),
        ("two", "SEC2", "https://oapi.dingtalk.com"),
        ("three", None, "https://proxy.example.com"),
    ]
    assert {(each.name, each.keyword, each.rate, each.defaults) for each in ops.members} == {
        ("ops", "告警", ops.rate, ops.defaults)
    }


def test_secrets_that_are_not_looked_at_are_no_token_given_twice(tmp_path: Path) -> None:
    text = POOL.replace("access_token: one", "access_token_file: one").replace(
        "{access_token: two, secret: SEC2}", "{access_token_file: two}"
    )
    assert len(read(tmp_path, text, skip_secrets=True).robots["ops"].members) == 3


QUOTA = """\
quotas: {company: {messages: 3000, per: month, used: 12}, other: {messages: 1}}
robot_defaults: {quota: company}
robots:
  ops: {access_token: one, pool: [{access_token: two}]}
  db: {access_token: three, quota: other}
  web: {access_token: four}
"""


def test_a_robot_knows_its_quota_and_whom_it_shares_it_with(tmp_path: Path) -> None:
    robots = read(tmp_path, QUOTA).robots
    company = Allowance(name="company", messages=3000, used=12, robots=("ops", "web"))
    assert {member.allowance for member in robots["ops"].members} == {company}
    assert robots["web"].allowance == company
    assert robots["db"].allowance == Allowance(name="other", messages=1, robots=("db",))


FALLBACK = """\
robot_defaults: {fallback: backup, fallback_after: 3m}
robots:
  ops: {access_token: one}
  db: {access_token: two, fallback: ops, fallback_after: 1m}
  backup: {access_token: three}
"""


def test_a_default_fallback_is_nobodys_own(tmp_path: Path) -> None:
    robots = read(tmp_path, FALLBACK).robots.values()
    found = {robot.name: (robot.fallback, robot.fallback_after) for robot in robots}
    assert found == {
        "ops": ("backup", timedelta(minutes=3)),
        "db": ("ops", timedelta(minutes=1)),
        "backup": ("", timedelta(minutes=3)),
    }
