"""The processes: what each signal and each death does."""

from __future__ import annotations

import os
import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from adapter.clock import SystemClock
from serving.wire import command, post, request, serving
from support.processes import Process, free_port, running, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from serving.wire import Client, Program

pytestmark = [pytest.mark.real, pytest.mark.timed]

clock = SystemClock()


@pytest.fixture
def program(tmp_path: Path) -> Iterator[Program]:
    with serving(tmp_path / "log", threads=4) as program:
        yield program


def children(process: Process) -> list[int]:
    """Return the process ids of the workers."""
    task = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    return [int(pid) for pid in task.read_text().split()]


def exists(pid: int) -> bool:
    """Return whether a process runs; one that has ended and is not yet buried does not."""
    with suppress(FileNotFoundError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


@pytest.mark.parametrize("header", ["Connection: keep-alive", "Connection: close"])
def test_sigterm_under_load_loses_no_request(tmp_path: Path, header: str) -> None:
    """A connection is answered until an answer says that it closes; in the end nobody listens."""
    with serving(tmp_path / "log", drain_limit=1) as program:

        def use(client: Client) -> list[int]:
            statuses = []
            with client:
                while True:
                    answer = client.ask(post(b"{}", "/", header))
                    statuses.append(answer.status)
                    if answer.headers["connection"] == "close":
                        return statuses

        def press() -> list[int]:
            statuses: list[int] = []
            while True:
                try:
                    client = program.client()
                except ConnectionRefusedError:
                    return statuses
                statuses += use(client)

        with ThreadPoolExecutor(12) as pool:
            pressing = [pool.submit(press) for _ in range(12)]
            threading.Event().wait(0.5)
            program.signal(signal.SIGTERM)
            statuses = [status for one in pressing for status in one.result()]
        assert set(statuses) == {200}
        assert len(statuses) > 100
        assert program.wait() == 0
        assert [line for line in program.lines() if line in {"drain", "stop"}] == ["drain", "stop"]


def test_what_comes_during_the_drain_is_answered(program: Program) -> None:
    with program.client() as slow, program.client() as idle:
        idle.ask(post())
        slow.send(post(b"{}", "/?seconds=1"))
        wait_until(lambda: program.ask(post()).status == 200)
        program.signal(signal.SIGTERM)
        wait_until(lambda: "drain" in program.lines())
        for client in (idle, program.client(), program.client()):
            answer = client.ask(post())
            assert (answer.status, answer.headers["connection"]) == (200, "close")
            client.socket.close()
        assert slow.answer().status == 200
    assert program.wait() == 0


def test_who_connects_before_the_listener_closes_may_speak_after_it(tmp_path: Path) -> None:
    """A connection comes before its request, and a busy client takes its time between them."""
    pause = threading.Event()

    def speak(client: Client) -> int:
        pause.wait(0.15)
        with client:
            return client.ask(post()).status

    with serving(tmp_path / "log", drain_limit=0.3) as program, ThreadPoolExecutor(80) as pool:
        speaking = []
        program.signal(signal.SIGTERM)
        with suppress(ConnectionRefusedError):
            while True:
                speaking.append(pool.submit(speak, program.client()))
                pause.wait(0.01)
        assert len(speaking) > 5
        assert {each.result() for each in speaking} == {200}
        assert program.wait() == 0


def test_a_request_under_way_is_finished_after_the_listener_closed(tmp_path: Path) -> None:
    with (
        serving(tmp_path / "log", drain_limit=0.2) as program,
        program.client() as slow,
    ):
        slow.send(post(b"{}", "/?seconds=2"))
        wait_until(lambda: program.ask(post()).status == 200)
        program.signal(signal.SIGTERM)
        wait_until(lambda: refused(program), within=1.5)
        assert slow.answer().status == 200
        assert program.wait() == 0


def refused(program: Program) -> bool:
    try:
        program.client().socket.close()
    except ConnectionRefusedError:
        return True
    return False


def test_an_idle_service_stops_within_two_seconds(program: Program) -> None:
    began = clock.monotonic()
    with program.client() as idle:
        idle.ask(post())
        program.signal(signal.SIGTERM)
        assert program.wait() == 0
    assert clock.monotonic() - began < 2


def test_a_second_signal_ends_at_once(program: Program) -> None:
    with program.client() as slow:
        slow.send(post(b"{}", "/?seconds=15"))
        wait_until(lambda: program.ask(post()).status == 200)
        program.signal(signal.SIGTERM)
        wait_until(lambda: "drain" in program.lines())
        began = clock.monotonic()
        program.signal(signal.SIGTERM)
        assert program.wait() == 1
        assert clock.monotonic() - began < 2
    assert "stop" not in program.lines()


def test_a_request_longer_than_the_grace_does_not_keep_the_service_from_stopping(
    tmp_path: Path,
) -> None:
    with serving(tmp_path / "log", graceful_timeout=2) as program, program.client() as slow:
        slow.send(post(b"{}", "/?seconds=15"))
        wait_until(lambda: program.ask(post()).status == 200)
        program.signal(signal.SIGTERM)
        assert program.wait(5) == 0
        assert "stop" in program.lines()


def test_sigint_drains_and_tells_that_it_was_sigint(program: Program) -> None:
    """As in a terminal: the whole group gets it."""
    os.killpg(program.pid, signal.SIGINT)
    assert program.wait() == 130
    assert "stop" in program.lines()


def test_sigquit_ends_at_once(program: Program) -> None:
    program.signal(signal.SIGQUIT)
    program.wait(3)
    assert "stop" not in program.lines()


def test_sighup_reloads_in_the_same_worker(program: Program) -> None:
    worker = program.worker()
    with program.client() as client:
        client.ask(post())
        program.signal(signal.SIGHUP)
        wait_until(lambda: "reload in reload" in program.lines())
        assert client.ask(post()).json()["pid"] == worker
    assert program.worker() == worker


def test_a_reload_that_fails_changes_nothing(program: Program) -> None:
    worker = program.worker()
    program.ask(request("GET", "/spoil"))
    program.signal(signal.SIGHUP)
    told = "not reloaded, the old configuration serves on: config.yml:3:1: unknown key"
    wait_until(lambda: told in program.lines())
    assert program.worker() == worker


@pytest.mark.parametrize("number", ["SIGUSR1", "SIGUSR2", "SIGTTIN", "SIGTTOU", "SIGWINCH"])
def test_other_signals_start_and_end_nothing(program: Program, number: str) -> None:
    workers = children(program)
    program.signal(signal.Signals[number])
    program.signal(signal.SIGHUP)
    wait_until(lambda: "reload in reload" in program.lines())
    assert children(program) == workers == [program.worker()]


def test_a_killed_worker_is_replaced(program: Program) -> None:
    worker = program.worker()
    os.kill(worker, signal.SIGKILL)
    assert program.worker() != worker
    assert len(children(program)) == 1


def test_a_worker_that_alone_is_told_to_end_is_replaced(program: Program) -> None:
    """It leaves a listener behind that the next one shares, and opens again."""
    worker = program.worker()
    os.kill(worker, signal.SIGTERM)
    wait_until(lambda: starts(program) == 2)
    assert program.worker() != worker


def test_a_worker_whose_arbiter_was_killed_ends_by_itself(program: Program) -> None:
    worker = program.worker()
    program.signal(signal.SIGKILL)
    wait_until(lambda: not exists(worker), within=2)


def test_a_service_that_died_is_started_anew_and_not_for_ever(program: Program) -> None:
    with program.client() as client:
        client.send(post(b"{}", "/?seconds=0.6"))
        assert program.ask(request("GET", "/die")).status == 200
        assert client.answer().status == 200  # what is under way may finish
    began = 1
    for _ in range(2):
        wait_until(lambda began=began: starts(program) > began)  # type: ignore[misc]
        began = starts(program)
        program.ask(request("GET", "/die"))
    assert program.wait(10) == 1


def test_a_service_beyond_repair_ends_the_process(program: Program) -> None:
    with program.client() as client:
        client.send(post(b"{}", "/?seconds=0.6"))
        assert program.ask(request("GET", "/corrupt")).status == 200
        assert client.answer().status == 200  # what is under way may finish
    assert program.wait(10) == 1
    assert starts(program) == 1


def starts(program: Program) -> int:
    return sum(line.startswith("start in") for line in program.lines())


def test_a_service_that_refuses_to_start_ends_the_process_with_its_words(tmp_path: Path) -> None:
    with running(command(free_port(), refuse=2), log=tmp_path / "log") as process:
        assert process.wait() == 2
        lines = [line for line in process.output().splitlines() if not line[:1].isdigit()]
        assert lines == ["another process owns the database; stop it first"]
        assert process.output().count("Booting worker") == 1


def test_a_bug_at_the_start_ends_the_process_with_3(tmp_path: Path) -> None:
    with running(command(free_port(), broken=True), log=tmp_path / "log") as process:
        assert process.wait() == 3
        assert "RuntimeError: a bug" in process.output()


def test_an_address_in_use_is_told(program: Program, tmp_path: Path) -> None:
    with running(command(program.port), log=tmp_path / "other") as process:
        assert process.wait() == 1
        assert process.output() == (
            f"cannot listen on 127.0.0.1:{program.port}: Address already in use; "
            "stop what uses the address, or change server.listen\n"
        )


def test_no_control_socket_is_made(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    environment = {"HOME": str(home), "XDG_RUNTIME_DIR": str(home), "WEB_CONCURRENCY": "3"}
    port = free_port()
    with running(command(port), log=tmp_path / "log", env=environment) as process:
        process.serves(f"http://127.0.0.1:{port}/")
        assert list(home.iterdir()) == []
        assert len(children(process)) == 1
