"""The control API: read what happened, order faults, change settings. JSON under `/control/`.

GET    /control/messages?after=N&robot=NAME   messages of the group
GET    /control/requests?after=N&robot=NAME   every request with its answer
GET    /control/meters                        rate used, by robot
POST   /control/clear                         forget messages, requests, counters and faults
GET    /control/faults                        faults still to come
POST   /control/faults                        order one
DELETE /control/faults                        end all
GET    /control/settings                      tokens masked, secrets hidden
PATCH  /control/settings                      change some; spans are seconds or ISO 8601 (PT6S)

A POST must be `Content-Type: application/json`: no foreign web page can send that here, nor a PATCH
or DELETE.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from flask import Blueprint, Response, request

from adapter.secret import Secret
from adapter.simulator.faults import Fault
from adapter.simulator.settings import SimulatorSettings, mask

if TYPE_CHECKING:
    from collections.abc import Mapping

    from adapter.simulator.group import ChatMessage, Exchange
    from adapter.simulator.simulator import Simulator


def amended(settings: SimulatorSettings, changes: Mapping[str, object]) -> SimulatorSettings:
    """Return the settings with some members changed; raise `msgspec.ValidationError`."""
    fields = msgspec.to_builtins(settings, enc_hook=_reveal)
    return msgspec.convert({**fields, **changes}, SimulatorSettings, dec_hook=_secret, strict=False)


def control(simulator: Simulator) -> Blueprint:
    """Return the control API of a simulator."""
    routes = Blueprint("control", __name__, url_prefix="/control")
    routes.before_request(_refuse_foreign)
    routes.register_error_handler(msgspec.MsgspecError, _bad_request)
    _reading(routes, simulator)
    _faults(routes, simulator)
    _settings(routes, simulator)
    return routes


def _reading(routes: Blueprint, simulator: Simulator) -> None:
    @routes.get("/messages")
    def messages() -> Response:
        return _json([each for each in simulator.messages() if _asked_for(each)])

    @routes.get("/requests")
    def requests() -> Response:
        return _json([each for each in simulator.requests() if _asked_for(each)])

    @routes.get("/meters")
    def meters() -> Response:
        return _json(simulator.meters())

    @routes.post("/clear")
    def clear() -> Response:
        simulator.clear()
        return _json({"cleared": True})


def _faults(routes: Blueprint, simulator: Simulator) -> None:
    @routes.get("/faults")
    def faults() -> Response:
        return _json(simulator.faults)

    @routes.post("/faults")
    def order() -> Response:
        fields = msgspec.json.decode(request.get_data())
        simulator.add_fault(msgspec.convert(fields, Fault, strict=False))
        return _json(simulator.faults)

    @routes.delete("/faults")
    def end() -> Response:
        simulator.clear_faults()
        return _json(simulator.faults)


def _settings(routes: Blueprint, simulator: Simulator) -> None:
    @routes.get("/settings")
    def settings() -> Response:
        return _json(simulator.settings)

    @routes.patch("/settings")
    def change() -> Response:
        changes = msgspec.json.decode(request.get_data(), type=dict[str, object])
        simulator.configure(amended(simulator.settings, changes))
        return _json(simulator.settings)


def _asked_for(item: ChatMessage | Exchange) -> bool:
    after = request.args.get("after", 0, int)
    return item.number > after and request.args.get("robot", item.robot) == item.robot


def _json(value: object) -> Response:
    return Response(msgspec.json.encode(value, enc_hook=_hide), mimetype="application/json")


def _refuse_foreign() -> Response | None:
    if request.method != "POST" or request.is_json:
        return None
    return _error("found another Content-Type, expected application/json; set the header", 415)


def _bad_request(error: Exception) -> Response:
    return _error(f"{error}; see /control/settings for the names and their forms", 400)


def _error(text: str, status: int) -> Response:
    return Response(msgspec.json.encode({"error": text}), status, mimetype="application/json")


# By NotImplementedError msgspec's hooks say that a value is not theirs.


def _hide(value: object) -> object:
    if isinstance(value, Secret):
        return mask(value.reveal())
    raise NotImplementedError(type(value))


def _reveal(value: object) -> object:
    if isinstance(value, Secret):
        return value.reveal()
    raise NotImplementedError(type(value))


def _secret(kind: type, value: object) -> object:
    if kind is Secret and isinstance(value, str):
        return Secret(value)
    raise NotImplementedError(kind)
