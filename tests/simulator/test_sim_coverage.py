"""The page about the local Edgegap: its table says of every operation whether it is simulated or only stored."""

import re
from pathlib import Path

from edgegap_async.operations import OPERATIONS
from edgegap_async.simulator.handlers.resources import RESOURCE_HANDLERS

PAGE = Path(__file__).parents[2] / "docs" / "local-edgegap.md"


def documented_states():
    table = PAGE.read_text().split("## What is simulated")[1]
    rows = re.findall(r"^\| (`.+?) \| (simulated|stored)", table, re.MULTILINE)
    return [(service, state) for methods, state in rows for service in re.findall(r"`([^`]+)`", methods)]


def test_the_table_has_every_group_of_methods_once():
    services = {operation.call.rpartition(".")[0] for operation in OPERATIONS.values()}
    assert sorted(service for service, _ in documented_states()) == sorted(services)


# records that decide what is deployed
ACTING = {"applications", "versions", "fleets", "fleets.policies", "storage"}


def test_what_is_only_stored_has_the_handlers_of_resources():
    states = dict(documented_states())
    for operation_id, operation in OPERATIONS.items():
        service = operation.call.rpartition(".")[0]
        is_stored = operation_id in RESOURCE_HANDLERS and service not in ACTING
        assert states[service] == ("stored" if is_stored else "simulated"), operation_id
