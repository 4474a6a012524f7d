"""What ``import edgegap_async`` imports, and what only its first use does."""

from __future__ import annotations

import subprocess
import sys

import pytest

import edgegap_async
from edgegap_async import EdgegapClient
from edgegap_async.operations import OPERATIONS

LATER = [
    "cattrs",
    "edgegap_async.cli",
    "edgegap_async.integrations",
    "edgegap_async.coordination",
    "edgegap_async.coordination.coordination",
    "edgegap_async.models.matchmakers",
    "edgegap_async.models.versions",
    "edgegap_async.services.deployments",
    "edgegap_async.services.matchmakers",
    "edgegap_async.simulator",
    "edgegap_async.testing",
    "fastapi",
    "jsonschema",
    "redis",
    "starlette",
    "tenacity",
]
SERVICES = sorted({operation.call.partition(".")[0] for operation in OPERATIONS.values()})


def modules_after(program: str) -> set[str]:
    """The modules that a new interpreter has imported after a program."""
    program = f"import sys; {program}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_the_import_leaves_out_what_not_every_program_uses() -> None:
    imported = modules_after("from edgegap_async import EdgegapClient; EdgegapClient('abc')")
    assert "edgegap_async.client" in imported
    assert imported.isdisjoint(LATER)


def test_the_first_use_of_a_service_imports_it_alone() -> None:
    imported = modules_after("from edgegap_async import EdgegapClient; EdgegapClient('abc').matchmakers")
    assert "edgegap_async.services.matchmakers" in imported
    assert "edgegap_async.services.fleets" not in imported


@pytest.mark.parametrize("name", SERVICES)
def test_a_client_has_each_service_once(name: str) -> None:
    edgegap = EdgegapClient("abc")
    service = getattr(edgegap, name)
    assert type(service).__module__.startswith(f"edgegap_async.services.{name}")
    assert getattr(edgegap, name) is service


def test_what_is_imported_later_is_listed() -> None:
    listed = modules_after("import edgegap_async; print(*dir(edgegap_async))")
    assert set(edgegap_async.__all__) <= listed
    assert set(SERVICES) <= set(dir(EdgegapClient("abc")))


def test_an_unknown_name_is_refused_as_usual() -> None:
    with pytest.raises(AttributeError, match="'EdgegapClient' object has no attribute 'deployment'") as of_client:
        _ = EdgegapClient("abc").deployment  # type: ignore[attr-defined]
    with pytest.raises(AttributeError, match="module 'edgegap_async' has no attribute 'Matchmaker'") as of_module:
        _ = edgegap_async.Matchmaker  # type: ignore[attr-defined]
    assert (of_client.value.name, of_module.value.name) == ("deployment", "Matchmaker")
