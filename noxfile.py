"""``nox -s tests`` runs all tests; ``lint`` and ``types`` are what else has to hold."""

from __future__ import annotations

import nox

nox.options.sessions = ["tests"]
nox.options.default_venv_backend = "uv|virtualenv"
nox.options.reuse_venv = "yes"


def _pytest(session: nox.Session) -> None:
    """All tests."""
    session.install("-e", ".[dev]")
    session.run("python", "-m", "pytest", *session.posargs)


@nox.session
def tests(session: nox.Session) -> None:
    """All tests, with the interpreter that runs nox."""
    _pytest(session)


for version in ("3.11", "3.12", "3.13"):
    # one session each, not one over all: ``tests`` itself stays with the interpreter that is there
    nox.session(_pytest, python=version, name=f"tests-{version}", default=False)


@nox.session(default=False)
def lint(session: nox.Session) -> None:
    """Style, formatting, and which part may import which."""
    session.install("-e", ".[dev]")
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")
    session.run("lint-imports")


@nox.session(default=False)
def types(session: nox.Session) -> None:
    """The package's types: complete, and right for mypy and pyright."""
    session.install("-e", ".[dev]")
    session.run("mypy")
    session.run("pyright")
    session.run("pyright", "--verifytypes", "edgegap_async", "--ignoreexternal")


@nox.session(default=False)
def benchmarks(session: nox.Session) -> None:
    """What the client costs, and how much of the limits it uses: a few minutes."""
    session.install("-e", ".[dev]")
    for script in ("overhead", "saturation", "limiter"):
        session.run("python", f"benchmarks/{script}.py")
