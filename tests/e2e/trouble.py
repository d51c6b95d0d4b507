"""Everything that can go wrong between the adapter and DingTalk: one robot for each."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, get_args

from adapter.secret import Secret
from adapter.simulator import Fault, Robot
from adapter.simulator.faults import Kind
from e2e.canaries import ABROAD, MOBILE, OTHER_SECRET, PROXY, canary
from support.processes import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

CODES = (-1, 88, 90030, 300001, 300005, 310000, 400013, 400102, 400105, 430102, 460101, 660026)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """Describe a robot in trouble: what its owner configured, and what DingTalk makes of it."""

    name: str
    section: Mapping[str, object] = field(default_factory=dict)
    known: bool = True
    keywords: tuple[str, ...] = ()
    other_secret: bool = False
    fault: Fault | None = None

    @property
    def token(self) -> str:
        """Return its access token."""
        return canary(f"token of {self.name}")

    @property
    def secret(self) -> str:
        """Return its secret without SEC, as its owner knows it."""
        return canary(f"secret of {self.name}")

    def robot(self, secret: str = "") -> Robot:
        """Return the robot, with the owner's secret if no other is given."""
        return Robot(
            name=self.name,
            access_token=Secret(self.token),
            secret=Secret(f"SEC{secret or self.secret}"),
            keywords=self.keywords,
        )

    def simulated(self) -> Robot:
        """Return the robot as DingTalk knows it."""
        return self.robot(OTHER_SECRET if self.other_secret else "")


def troubles(simulator: str) -> Iterator[Trouble]:
    """Yield a robot for each; `simulator` is the URL of a DingTalk without faults."""
    yield from (_fault_of_kind(kind) for kind in get_args(Kind) if kind != "errcode")
    yield from (_quoting_answer(code) for code in CODES)
    nobody = f"127.0.0.1:{free_port()}"
    somebody = simulator.removeprefix("http://")
    nowhere = "https://robot.invalid"
    yield Trouble(name="unknown", known=False)
    yield Trouble(name="another-secret", other_secret=True)
    yield Trouble(name="no-keyword", keywords=("告警",))
    yield Trouble(name="refused", section={"api_url": f"http://{nobody}"})
    yield Trouble(name="no-such-host", section={"api_url": nowhere})
    yield Trouble(name="no-tls", section={"api_url": f"https://{somebody}"})
    yield Trouble(name="no-proxy", section={"proxy": f"http://user:{PROXY}@{nobody}"})
    bad_proxy = {"proxy": f"http://user:{PROXY}@{somebody}", "api_url": nowhere}
    yield Trouble(name="bad-proxy", section=bad_proxy)


def _fault_of_kind(kind: Kind) -> Trouble:
    name = f"fault-{kind.replace(':', '-')}"
    return Trouble(name=name, fault=Fault(kind=kind, robot=name))


def _quoting_answer(code: int) -> Trouble:
    """Return a robot that is refused by an answer that quotes the request, as a gateway might."""
    name = f"code-{code}"
    token = Trouble(name=name).token
    errmsg = (
        f"bad /robot/send?access_token={token}&sign=abcdefghijklmnop for {MOBILE} and {ABROAD}: "
        f"no robot has the token {token}"
    )
    fault = Fault(kind="errcode", robot=name, errcode=code, errmsg=errmsg)
    return Trouble(name=name, fault=fault)
