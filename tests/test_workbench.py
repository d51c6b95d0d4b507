"""The workbench: what a template does in a process of its own, and what ends it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from adapter.core.template_trial import TrialError, try_out
from adapter.workbench import Workbench
from core.test_template_trial import OWN, trial
from support.adapter import children_of
from support.processes import wait_until

HEAVY = OWN + (
    "{% block title %}{% set many = range(1000) | list %}"
    "{% for a in many %}{% for b in many %}{{ many | sort | list | sort | length }}"
    "{% endfor %}{% endfor %}{% endblock %}"
)


def test_what_comes_of_it_is_what_comes_of_it_here() -> None:
    asked = replace(trial(OWN), base="https://alerts.example.com")
    assert Workbench().try_out(asked) == try_out(asked)


def test_a_template_that_runs_away_is_ended() -> None:
    with pytest.raises(TrialError, match="slow"):
        Workbench(limit=1).try_out(trial(HEAVY))


def test_one_that_the_kernel_ends_is_told_like_it() -> None:
    def end() -> None:
        wait_until(lambda: bool(children_of(os.getpid())), what="it is tried")
        for child in children_of(os.getpid()):
            os.kill(child, signal.SIGXCPU)

    with ThreadPoolExecutor(1) as pool:
        ended = pool.submit(end)
        with pytest.raises(TrialError, match="slow"):
            Workbench(limit=60).try_out(trial(HEAVY))
        ended.result()


def test_who_comes_while_all_places_are_taken_is_told_so() -> None:
    with pytest.raises(TrialError, match="busy"):
        Workbench(at_once=0, patience=0.01).try_out(trial(OWN))


def test_what_cannot_be_read_is_no_result() -> None:
    with pytest.raises(TrialError, match="broken"):
        Workbench().try_out(replace(trial(OWN), style=None))  # type: ignore[arg-type]  # a fault


def test_the_process_limits_itself() -> None:
    script = (
        "import os, resource as r; from adapter.workbench.__main__ import limit; limit(); "
        "print(*(r.getrlimit(each)[1] for each in (r.RLIMIT_CPU, r.RLIMIT_AS, r.RLIMIT_FSIZE)), "
        "open('/proc/self/oom_score_adj').read(), os.nice(0) > 0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["4", str(256 * 1024 * 1024), "0", "1000", "True"]
