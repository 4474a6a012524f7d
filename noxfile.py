"""``nox -s tests`` runs all tests; ``lint`` and ``types`` are what else has to hold."""

from __future__ import annotations

import nox

nox.options.sessions = ["tests"]
nox.options.default_venv_backend = "uv|virtualenv"
nox.options.reuse_venv = "yes"


def _pytest(session: nox.Session) -> None:
    """All tests, a file on one core: what a file's tests add up to is looked at by its last."""
    session.install("-e", ".[dev]")
    session.run("python", "-m", "pytest", "-n", "auto", "--maxprocesses", "4", "--dist", "loadfile", *session.posargs)


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
def contract(session: nox.Session) -> None:
    """Client and local Edgegap against the service's documents, by programs of others (needs node)."""
    session.install("-e", ".[dev]", "schemathesis>=4.32")
    folder = session.create_tmp()
    session.run("npm", "install", "--silent", "--prefix", folder, "@stoplight/prism-cli@5.14.2", external=True)
    tools = {"PRISM": f"{folder}/node_modules/.bin/prism", "SCHEMATHESIS": f"{session.bin}/schemathesis"}
    session.run("python", "-m", "pytest", "-m", "contract or not contract", "tests/contract", env=tools)


@nox.session(default=False)
def benchmarks(session: nox.Session) -> None:
    """What the client costs, and how much of the limits it uses: a few minutes."""
    session.install("-e", ".[dev]")
    for script in ("overhead", "saturation", "limiter", "readiness", "waiters", "chaos"):
        session.run("python", f"benchmarks/{script}.py")
