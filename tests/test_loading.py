"""Which templates are tried when a configuration is read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from adapter.errors import ConfigError
from adapter.loading import load

if TYPE_CHECKING:
    from pathlib import Path

CONFIG = "robots: {ops: {access_token: 0123456789abcdef}}\nroute: {robots: [ops]}\n"
BROKEN = '{% extends "default.j2" %}{% block line %}{{ alert.nmae }}{% endblock %}'


def config(folder: Path, **templates: str) -> Path:
    (folder / "templates").mkdir()
    for name, source in templates.items():
        (folder / "templates" / f"{name}.j2").write_text(source)
    path = folder / "config.yml"
    path.write_text(CONFIG)
    return path


def test_a_template_of_the_users_own_is_tried(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"mine\.j2:1.*did you mean name"):
        load(config(tmp_path, mine=BROKEN))


def test_what_replaces_a_bundled_one_is_tried_where_others_extend_it(tmp_path: Path) -> None:
    bare = '{% extends "layout.j2" %}{% block title %}x{% endblock %}'
    with pytest.raises(ConfigError, match=r"(compact|detailed|grafana|watchdog)\.j2:\d+"):
        load(config(tmp_path, default=bare))


def test_the_bundled_ones_are_good_as_they_are(tmp_path: Path) -> None:
    assert load(config(tmp_path)).settings.robots.keys() == {"ops"}
