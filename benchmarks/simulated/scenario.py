"""What happens in one simulation, as data: drawn from a seed, printed when it fails, and shrunk."""

from __future__ import annotations

import random
from typing import Any, Final, Literal, TypeAlias

import attrs

from benchmarks.simulated.network import Weather

CallerKind: TypeAlias = Literal["deploy", "create", "running", "many", "list", "watch", "outage"]
"""What a caller does: deploys a server; creates one and waits for it; uses one in a block; deploys many; lists;
watches; or is no caller, but the service, which ends the oldest server."""

Ending: TypeAlias = Literal["stop", "keep", "raise"]
"""What a caller does with a server at the end: it stops it, keeps it, or raises an error (in a block)."""

Closing: TypeAlias = Literal["at the end", "in the middle", "interrupted", "all tasks cancelled"]
"""How the client ends: closed when all callers have ended; closed while they run; the same, and the closing task is
cancelled twice; or as ``asyncio.run`` ends, which cancels everything."""


StoreFaultKind: TypeAlias = Literal["down", "flush", "slow", "cut off", "paused", "dies"]
"""What goes wrong with the store or a process: the store cannot be reached; it loses its data; it is slow; one process
cannot reach it; one process stands still; or one ends without closing anything."""


@attrs.frozen(kw_only=True)
class Caller:
    """One task that uses the client.

    Attributes:
        at: When it starts, in seconds.
        kind: What it does.
        count: How many servers it deploys, if many.
        timeout: In seconds.
        attempts: How many servers a deploy may try.
        hold: How long it uses a server, in seconds.
        ending: What it then does with it.
        cancelled: Seconds after its start at which it is cancelled.
        process: The number of the process that it is part of.
    """

    at: float
    kind: CallerKind
    count: int = 1
    timeout: float = 60.0
    attempts: int = 1
    hold: float = 0.0
    ending: Ending = "stop"
    cancelled: tuple[float, ...] = ()
    process: int = 0


@attrs.frozen(kw_only=True)
class ServiceFault:
    """A fault of the service, for some time.

    Attributes:
        begins: In seconds.
        ends: In seconds.
        operation: The operation's id, or ``webhook``.
        kind: A kind of the local Edgegap's faults.
        probability: The share of requests that it applies to.
        options: The options of the kind.
    """

    begins: float
    ends: float
    operation: str
    kind: str
    probability: float
    options: dict[str, Any] = attrs.field(factory=dict[str, Any])


@attrs.frozen(kw_only=True)
class StoreFault:
    """A fault of the coordination store, or of one of the processes, for some time.

    Attributes:
        begins: In seconds.
        ends: In seconds.
        kind: What goes wrong.
        process: The number of the process that it is about.
        seconds: The longest delay to and from a slow store, or after how long a call fails while it is down.
    """

    begins: float
    ends: float
    kind: StoreFaultKind
    process: int = 0
    seconds: float = 0.0


@attrs.frozen(kw_only=True)
class LoopPause:
    """The event loop stands still, and the time of day may be set.

    Attributes:
        at: In seconds.
        seconds: How long nothing runs.
        clock_jump: By how many seconds the time of day is set forward or back, in addition.
    """

    at: float
    seconds: float = 0.0
    clock_jump: float = 0.0


@attrs.frozen(kw_only=True)
class Scenario:
    """One simulation.

    Attributes:
        seed: The seed of all randomness that is not in the scenario.
        callers: Who uses the client, and how.
        faults: What the service does wrong.
        weather: What the network does wrong.
        pauses: When the event loop stands still.
        closing: How the client ends.
        closes_at: When, unless at the end.
        is_shuffled: Whether tasks that are ready together run in random order.
        has_webhooks: Whether the client receives webhooks.
        has_journal: Whether the client writes a journal.
        latency: The shortest and the longest delay of the network, in seconds.
        list_lag: By how many seconds the list lags.
        time_to_ready: The shortest and the longest time until a server is ready, in seconds.
        processes: How many clients use one coordination store; with 1 there is no store.
        store_faults: What goes wrong with the store and the processes.
        endings: How and when the clients of the processes after the first one end.
    """

    seed: int
    callers: tuple[Caller, ...]
    faults: tuple[ServiceFault, ...] = ()
    weather: tuple[Weather, ...] = ()
    pauses: tuple[LoopPause, ...] = ()
    closing: Closing = "at the end"
    closes_at: float = 0.0
    is_shuffled: bool = True
    has_webhooks: bool = False
    has_journal: bool = False
    latency: tuple[float, float] = (0.001, 0.02)
    list_lag: float = 0.0
    time_to_ready: tuple[float, float] = (1.0, 4.0)
    processes: int = 1
    store_faults: tuple[StoreFault, ...] = ()
    endings: tuple[tuple[Closing, float], ...] = ()

    @property
    def deploys(self) -> int:
        """How many servers the callers ask for."""
        return sum(each.count for each in self.callers if each.kind in {"deploy", "create", "running", "many"})

    @property
    def calm_at(self) -> float:
        """When all faults are over, in seconds."""
        return max((each.ends for each in (*self.faults, *self.weather, *self.store_faults)), default=0.0)

    def ending(self, process: int) -> tuple[Closing, float]:
        """Return how and when the client of a process ends."""
        return self.endings[process - 1] if process else (self.closing, self.closes_at)


_CREATE: Final = "v2-deployment-create"
_HTML: Final = "<html><body>Bad gateway</body></html>"

_FAULTS: Final[tuple[tuple[str, str, dict[str, Any]], ...]] = (
    (_CREATE, "drop_after_commit", {}),
    (_CREATE, "truncate", {}),
    (_CREATE, "stall", {}),
    (_CREATE, "reset", {}),
    (_CREATE, "not_json", {}),
    (_CREATE, "status", {"code": 500, "after_commit": True}),
    (_CREATE, "status", {"code": 503}),
    (_CREATE, "status", {"code": 502, "after_commit": True, "body": _HTML}),
    (_CREATE, "delay", {"seconds": 3}),
    (_CREATE, "errored", {}),
    (_CREATE, "unprocessable", {}),
    (_CREATE, "rate_limited", {"retry_after": 1}),
    ("deployment-list", "status", {"code": 503}),
    ("deployment-list", "status", {"code": 400, "body": {"message": "the query is invalid"}}),
    ("deployment-list", "not_json", {}),
    ("deployment-list", "delay", {"seconds": 2}),
    ("deployment-list", "rate_limited", {"retry_after": 2}),
    ("deployment-get", "status", {"code": 502}),
    ("deployment-get", "status", {"code": 404, "body": _HTML}),
    ("deployment-get", "truncate", {}),
    ("deployment-get", "stall", {}),
    ("deployment-delete", "drop_after_commit", {}),
    ("deployment-delete", "status", {"code": 503}),
    ("deployment-delete", "status", {"code": 404, "body": _HTML}),
    ("deployment-delete", "rate_limited", {"retry_after": 100}),
    ("deployment-delete", "stall", {}),
    ("webhook", "lost", {}),
    ("webhook", "duplicate", {}),
    ("webhook", "late", {"seconds": 2}),
)

_SPAN: Final = 12.0
"""Seconds in which callers start and faults begin."""


def draw(seed: int, deploys: int, processes: int = 1) -> Scenario:
    """Draw the scenario of a seed.

    Args:
        seed: The seed.
        deploys: How many servers its callers ask for.
        processes: In how many processes the callers are.
    """
    scenario = _draw(seed, deploys)
    return scenario if processes == 1 else _spread(scenario, random.Random(f"{seed}:processes"), processes)


def _spread(scenario: Scenario, rng: random.Random, processes: int) -> Scenario:
    """Spread the callers of a scenario over processes that share a store."""
    callers = (attrs.evolve(each, process=rng.randrange(processes)) for each in scenario.callers)
    faults = tuple(_store_fault(rng, processes) for _ in range(rng.choice([0, 1, 2, 4])))
    return attrs.evolve(
        scenario,
        processes=processes,
        callers=tuple(callers),
        store_faults=faults,
        endings=tuple((_closing(rng), rng.uniform(0.5, 2 * _SPAN)) for _ in range(processes - 1)),
        has_journal=scenario.has_journal and all(each.kind != "dies" for each in faults),
    )


def _store_fault(rng: random.Random, processes: int) -> StoreFault:
    kind: StoreFaultKind = rng.choice(["down", "flush", "slow", "cut off", "paused", "dies"])
    begins = rng.uniform(1.0, _SPAN)
    seconds = {"down": rng.choice([0.0, 0.1, 0.5]), "slow": rng.choice([0.05, 0.2, 0.4])}
    return StoreFault(
        begins=begins,
        ends=begins + rng.choice([0.3, rng.uniform(0, 3), rng.uniform(0, _SPAN)]),
        kind=kind,
        process=rng.randrange(processes),
        seconds=seconds.get(kind, 0.0),
    )


def _draw(seed: int, deploys: int) -> Scenario:
    rng = random.Random(f"{seed}:scenario")
    is_calm = rng.random() < 0.1
    return Scenario(
        seed=seed,
        callers=tuple(_callers(rng, deploys)),
        faults=() if is_calm else tuple(_fault(rng) for _ in range(rng.randint(0, 8))),
        weather=() if is_calm else tuple(_weather(rng) for _ in range(rng.choice([0, 0, 1, 2]))),
        pauses=tuple(_pause(rng) for _ in range(rng.choice([0, 0, 0, 1, 3]))),
        closing=_closing(rng),
        closes_at=rng.uniform(0.5, 2 * _SPAN),
        is_shuffled=rng.random() < 0.7,
        has_webhooks=rng.random() < 0.3,
        has_journal=rng.random() < 0.2,
        latency=rng.choice([(0.001, 0.002), (0.001, 0.02), (0.005, 0.02)]),
        list_lag=rng.choice([0.0, 0.0, 0.5, 2.0]),
        time_to_ready=rng.choice([(0.1, 0.5), (1.0, 4.0), (2.0, 6.0)]),
    )


def _closing(rng: random.Random) -> Closing:
    return rng.choice(["at the end", "at the end", "in the middle", "interrupted", "all tasks cancelled"])


def _callers(rng: random.Random, deploys: int) -> list[Caller]:
    callers: list[Caller] = []
    while deploys > 0:
        caller = _caller(rng, deploys)
        callers.append(caller)
        deploys -= caller.count
    callers += [Caller(at=rng.uniform(0, _SPAN), kind="list") for _ in range(rng.randint(0, 3))]
    callers += [Caller(at=rng.uniform(0, _SPAN), kind="watch") for _ in range(rng.randint(0, 1))]
    callers += [Caller(at=rng.uniform(0, _SPAN), kind="outage") for _ in range(rng.choice([0, 0, 1, 3]))]
    return sorted(callers, key=lambda each: each.at)


def _caller(rng: random.Random, most: int) -> Caller:
    kind: CallerKind = rng.choices(["deploy", "create", "running", "many"], [4, 2, 4, 1])[0]
    first = rng.choice([rng.uniform(0, 0.2), rng.uniform(0, 2), rng.uniform(0, 20)])
    return Caller(
        at=rng.choice([0.0, 1.0, rng.uniform(0, _SPAN), rng.uniform(0, _SPAN)]),
        kind=kind,
        count=min(rng.randint(2, 30), most) if kind == "many" else 1,
        timeout=rng.choice([2.0, 10.0, 30.0, 60.0]),
        attempts=rng.choice([1, 1, 2, 3]),
        hold=rng.choice([0.0, rng.uniform(0, 1), rng.uniform(0, 8)]),
        ending=rng.choices(["stop", "keep", "raise"], [4, 1, 1])[0],
        cancelled=rng.choices(
            [
                (),
                (first,),
                (first, first + rng.choice([0.0, rng.uniform(0, 1.5)])),
                tuple(first + 0.01 * n for n in range(150)),  # as a scope of anyio, until the task ends
            ],
            [6, 2, 1, 1],
        )[0],
    )


def _fault(rng: random.Random) -> ServiceFault:
    operation, kind, options = rng.choice(_FAULTS)
    begins = rng.choice([0.0, rng.uniform(0, _SPAN)])
    return ServiceFault(
        begins=begins,
        ends=begins + rng.choice([1.0, rng.uniform(0, _SPAN), 2 * _SPAN]),
        operation=operation,
        kind=kind,
        probability=rng.choice([0.05, 0.3, 1.0]),
        options=options,
    )


def _weather(rng: random.Random) -> Weather:
    begins = rng.uniform(0, _SPAN)
    shares = {name: rng.choice([0.02, 0.2]) for name in ("refused", "unanswered", "reset", "lost", "split")}
    chosen = rng.sample(sorted(shares), rng.randint(1, 3))
    return Weather(begins=begins, ends=begins + rng.uniform(0.5, _SPAN), **{name: shares[name] for name in chosen})


def _pause(rng: random.Random) -> LoopPause:
    return LoopPause(
        at=rng.uniform(0, _SPAN),
        seconds=rng.choice([0.0, 0.3, rng.uniform(0, 8)]),
        clock_jump=rng.choice([0.0, 0.0, 3600.0, -3600.0, -1.0]),
    )
