"""Runs one case: what comes before it, the request itself, what it must have left, and what comes after."""

from dataclasses import dataclass, replace
from time import monotonic, sleep
from typing import Protocol

from halls.clock import utc_now
from tests.hostile.answers import data_at, problems_of
from tests.hostile.catalogue import Step
from tests.hostile.filling import fill
from tests.hostile.forging import forged_token, google_token
from tests.hostile.raw_http import Answer, Exchange, request_bytes, send
from tests.hostile.world import World

LOG_SECONDS, LETTER_SECONDS = 1.0, 10.0


class Server(Protocol):
    """What the runner asks of the server under test."""

    @property
    def port(self) -> int:
        """Where it listens on 127.0.0.1."""

    def log_text(self) -> str:
        """Everything that it has logged."""


@dataclass(frozen=True)
class Run:
    """A case on its way: the server, the world made for it, and what has gone wrong so far."""

    server: Server
    world: World
    problems: list[str]

    def ask(self, step: Step, place: str, *, on_the_wire: bool = False) -> Exchange:
        """Send one request, note what is wrong with its answer, and keep what it says to keep."""
        names = self.world.names
        if "google" in step:
            names["GT"] = google_token(fill(step["google"], names), names["N"], int(utc_now().timestamp()))
        exchange = send(self.server.port, request_bytes(step, names, self._token_for(step)))
        found = problems_of(step, exchange, names, on_the_wire=on_the_wire)
        self.problems.extend(f"{place}{problem}" for problem in found)
        for name, path in step.get("save", {}).items():
            names[name] = str(data_at(exchange.answers[0], path)) if exchange.answers else ""
        return exchange

    def _token_for(self, step: Step) -> str | None:
        names = self.world.names
        if "token" in step:
            recipe = fill(step["token"], names)
            return forged_token(recipe, names[step.get("as", "U1")], int(utc_now().timestamp()))
        return names[step["as"]] if "as" in step else None


def run_case(case: Step, server: Server, world: World) -> list[str]:
    """Run a case and list everything that is wrong; an empty list is what we want."""
    run = Run(server, world, [])
    logged_before = len(server.log_text())
    for step in case.get("before", []):
        run.ask(step, "before: ")
    exchange = _ask_often(case, run) if "times" in case else _ask_once(case, run)
    if "twin" in case:
        twin = run.ask({"want": case["want"]} | case["twin"], "twin: ")
        if [_shown(answer) for answer in twin.answers] != [_shown(answer) for answer in exchange.answers]:
            run.problems.append(f"the twin differs: {exchange.answers} and {twin.answers}")
    for step in case.get("then", []):
        run.ask(step, "then: ")
    if "wire" in case:
        run.ask({"request": "GET /health", "want": "200"}, "afterwards: ")
    if "letter" in case:
        run.problems.extend(_problems_of_letter(fill(case["letter"], world.names), world))
    _look_at_log(case, run, exchange, logged_before)
    return run.problems


def _ask_once(case: Step, run: Run) -> Exchange:
    before = run.world.snapshot()
    exchange = run.ask(case, "", on_the_wire="wire" in case)
    if _refused(exchange) and run.world.snapshot() != before:
        run.problems.append(f"refused, but changed: {before} became {run.world.snapshot()}")
    return exchange


def _ask_often(case: Step, run: Run) -> Exchange:
    """Send the request so often; each status is among `only`, and at least one answer is as wanted."""
    attempts = []
    for i in range(case["times"]):
        world = replace(run.world, names=run.world.names | {"I": str(i)})
        attempt = Run(run.server, world, [])
        exchange = attempt.ask(case, f"time {i}: ")
        attempts.append((exchange, attempt.problems))
    statuses = {str(exchange.answers[0].status) for exchange, _ in attempts if exchange.answers}
    run.problems.extend(f"unwanted status {status}" for status in statuses - set(case["only"]))
    good = [exchange for exchange, problems in attempts if not problems]
    if not good or (len(case["only"]) == 1 and len(good) < len(attempts)):
        run.problems.extend(problem for _, problems in attempts for problem in problems)
    return (good or [attempts[-1][0]])[0]


def _refused(exchange: Exchange) -> bool:
    return not exchange.answers or exchange.answers[0].status >= 400


def _shown(answer: Answer) -> tuple[int, bytes]:
    return answer.status, answer.body


def _problems_of_letter(wanted: Step, world: World) -> list[str]:
    assert world.office is not None
    deadline = monotonic() + LETTER_SECONDS
    while monotonic() < deadline:
        for delivery in list(world.office.deliveries):
            if delivery.receivers == [wanted["to"]]:
                text = delivery.message.as_string() + delivery.part("plain") + delivery.part("html")
                good = wanted["has"] in text and wanted.get("lacks", "\0") not in text
                return [] if good else [f"the letter is {text}"]
        sleep(0.05)
    return [f"no letter came to {wanted['to']}"]


def _look_at_log(case: Step, run: Run, exchange: Exchange, before: int) -> None:
    if "log_lacks" in case:
        _await_log(run.server, exchange.answers[0].header("X-Request-ID") or "")
        if fill(case["log_lacks"], run.world.names) in run.server.log_text():
            run.problems.append(f"the log holds {case['log_lacks']!r}")
    if "Traceback" in run.server.log_text()[before:]:
        run.problems.append("the log holds a traceback")


def _await_log(server: Server, request_id: str) -> None:
    """Wait for the request's line: it may be written after the answer has gone."""
    deadline = monotonic() + LOG_SECONDS
    while request_id not in server.log_text() and monotonic() < deadline:
        sleep(0.05)
