"""Runs one hostile case: its `before` steps, its request, its twin, its `then` steps and its checks."""

from dataclasses import dataclass, replace
from time import monotonic, sleep
from typing import Protocol

from halls.clock import utc_now
from tests.hostile.answers import data_at, find_problems
from tests.hostile.catalogue import Step
from tests.hostile.filling import fill
from tests.hostile.forging import forged_token, google_token
from tests.hostile.raw_http import Exchange, RawResponse, request_bytes, send
from tests.hostile.world import World

LOG_SECONDS, EMAIL_SECONDS = 1.0, 10.0


class Server(Protocol):
    """The parts of the server under test that the runner uses."""

    @property
    def port(self) -> int:
        """The port on 127.0.0.1."""

    def log_text(self) -> str:
        """The log so far."""


@dataclass(frozen=True)
class Run:
    """A running case: the server, the world of the case, and the problems so far."""

    server: Server
    world: World
    problems: list[str]

    def send(self, step: Step, prefix: str, *, is_raw: bool = False) -> Exchange:
        """Send one request; add its problems with `prefix`, and save the values that its `save` names."""
        names = self.world.names
        if "google" in step:
            names["GT"] = google_token(fill(step["google"], names), names["N"], int(utc_now().timestamp()))
        exchange = send(self.server.port, request_bytes(step, names, self._token_for(step)))
        problems = find_problems(step, exchange, names, is_raw=is_raw)
        self.problems.extend(f"{prefix}{problem}" for problem in problems)
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
    """Run a case; return its problems."""
    run = Run(server, world, [])
    logged_before = len(server.log_text())
    for step in case.get("before", []):
        run.send(step, "before: ")
    exchange = _send_repeatedly(case, run) if "times" in case else _send_once(case, run)
    if "twin" in case:
        twin = run.send({"want": case["want"]} | case["twin"], "twin: ")
        if [_outcome(answer) for answer in twin.answers] != [_outcome(answer) for answer in exchange.answers]:
            run.problems.append(f"the twin differs: {exchange.answers} and {twin.answers}")
    for step in case.get("then", []):
        run.send(step, "then: ")
    if "wire" in case:
        run.send({"request": "GET /health", "want": "200"}, "afterwards: ")
    if "letter" in case:
        run.problems.extend(_email_problems(fill(case["letter"], world.names), world))
    _check_log(case, run, exchange, logged_before)
    return run.problems


def _send_once(case: Step, run: Run) -> Exchange:
    before = run.world.snapshot()
    exchange = run.send(case, "", is_raw="wire" in case)
    if _is_rejected(exchange) and run.world.snapshot() != before:
        run.problems.append(f"rejected but changed: {before} became {run.world.snapshot()}")
    return exchange


def _send_repeatedly(case: Step, run: Run) -> Exchange:
    """Send the request `times` times; each status must be in `only`, and one response as expected."""
    attempts = []
    for i in range(case["times"]):
        world = replace(run.world, names=run.world.names | {"I": str(i)})
        attempt = Run(run.server, world, [])
        exchange = attempt.send(case, f"attempt {i}: ")
        attempts.append((exchange, attempt.problems))
    statuses = {str(exchange.answers[0].status) for exchange, _ in attempts if exchange.answers}
    run.problems.extend(f"unexpected status {status}" for status in statuses - set(case["only"]))
    good = [exchange for exchange, problems in attempts if not problems]
    if not good or (len(case["only"]) == 1 and len(good) < len(attempts)):
        run.problems.extend(problem for _, problems in attempts for problem in problems)
    return (good or [attempts[-1][0]])[0]


def _is_rejected(exchange: Exchange) -> bool:
    return not exchange.answers or exchange.answers[0].status >= 400


def _outcome(answer: RawResponse) -> tuple[int, bytes]:
    return answer.status, answer.body


def _email_problems(expected: Step, world: World) -> list[str]:
    assert world.smtp_server is not None
    deadline = monotonic() + EMAIL_SECONDS
    while monotonic() < deadline:
        for delivery in list(world.smtp_server.deliveries):
            if delivery.receivers == [expected["to"]]:
                text = delivery.message.as_string() + delivery.part("plain") + delivery.part("html")
                is_good = expected["has"] in text and expected.get("lacks", "\0") not in text
                return [] if is_good else [f"the e-mail is {text}"]
        sleep(0.05)
    return [f"no e-mail arrived for {expected['to']}"]


def _check_log(case: Step, run: Run, exchange: Exchange, before: int) -> None:
    if "log_lacks" in case:
        _wait_for_log_line(run.server, exchange.answers[0].header("X-Request-ID") or "")
        if fill(case["log_lacks"], run.world.names) in run.server.log_text():
            run.problems.append(f"the log contains {case['log_lacks']!r}")
    if "Traceback" in run.server.log_text()[before:]:
        run.problems.append("the log contains a traceback")


def _wait_for_log_line(server: Server, request_id: str) -> None:
    """Wait for the log line of a request: the server may write it after the response."""
    deadline = monotonic() + LOG_SECONDS
    while request_id not in server.log_text() and monotonic() < deadline:
        sleep(0.05)
