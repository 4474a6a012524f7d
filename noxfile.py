"""Sessions of nox: ``tests`` runs by default; ``lint`` and ``types`` check style, imports and types."""

from __future__ import annotations

import nox

nox.options.sessions = ["tests"]
nox.options.default_venv_backend = "uv|virtualenv"
nox.options.reuse_venv = "yes"


def _pytest(session: nox.Session) -> None:
    """Run all tests, each file in one process: some files end with a test of what their other tests recorded."""
    session.install("-e", ".[dev]")
    session.run("python", "-m", "pytest", "-n", "auto", "--maxprocesses", "4", "--dist", "loadfile", *session.posargs)


@nox.session
def tests(session: nox.Session) -> None:
    """Run all tests with the interpreter that runs nox."""
    _pytest(session)


for version in ("3.11", "3.12", "3.13"):
    # separate sessions, so that ``tests`` needs no interpreter but the one that runs nox
    nox.session(_pytest, python=version, name=f"tests-{version}", default=False)


@nox.session(default=False)
def lint(session: nox.Session) -> None:
    """Check style, formatting and the import contracts."""
    session.install("-e", ".[dev]")
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")
    session.run("lint-imports")


@nox.session(default=False)
def types(session: nox.Session) -> None:
    """Check the types with mypy and pyright, and that all public names are typed."""
    session.install("-e", ".[dev]")
    session.run("mypy")
    session.run("pyright")
    session.run("pyright", "--verifytypes", "edgegap_async", "--ignoreexternal")


@nox.session(default=False)
def contract(session: nox.Session) -> None:
    """Check client and local Edgegap against the documents: Prism (needs node), schemathesis, a generated client."""
    session.install("-e", ".[dev]", "schemathesis>=4.32", "openapi-python-client>=0.29")
    folder = session.create_tmp()
    session.run("npm", "install", "--silent", "--prefix", folder, "@stoplight/prism-cli@5.14.2", external=True)
    tools = {
        "PRISM": f"{folder}/node_modules/.bin/prism",
        "SCHEMATHESIS": f"{session.bin}/schemathesis",
        "OPENAPI_PYTHON_CLIENT": f"{session.bin}/openapi-python-client",
    }
    session.run("python", "-m", "pytest", "-m", "contract or not contract", "tests/contract", env=tools)


@nox.session(default=False)
def mutation(session: nox.Session) -> None:
    """Change the code in thousands of ways and check that tests fail: all of it, or what the arguments name."""
    session.install("-e", ".[dev]", "mutmut==3.8.1", "pytest-timeout>=2.3")
    session.run("python", "tests/mutation/run.py", *session.posargs)


@nox.session(default=False)
def benchmarks(session: nox.Session) -> None:
    """Measure the client beside others, which takes about ten minutes; arguments go to python -m benchmarks."""
    session.install("-e", ".[benchmarks]")
    session.run("python", "-m", "pytest", "tests/benchmarks/test_peers.py")
    session.run("python", "-m", "benchmarks", *session.posargs)
