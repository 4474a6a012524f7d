"""The matchmaker's compose.yaml and Dockerfile agree with the code; no container is started."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import signal
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ruamel.yaml import YAML
from uvicorn.main import main as uvicorn_command

from examples.matchmaker import local_edgegap

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "examples" / "matchmaker"
COMPOSE = (FOLDER / "compose.yaml").read_text()
DOCKERFILE = (FOLDER / "Dockerfile").read_text().splitlines()


SERVICES: dict[str, Any] = YAML(typ="safe").load(COMPOSE)["services"]


def dockerfile(instruction: str) -> list[str]:
    return [line.removeprefix(f"{instruction} ") for line in DOCKERFILE if line.startswith(f"{instruction} ")]


def option(command: list[str], name: str) -> str:
    return command[command.index(name) + 1]


def test_it_has_a_valkey_a_local_edgegap_and_four_workers() -> None:
    assert SERVICES.keys() == {"valkey", "local-edgegap", "matchmaker"}
    assert SERVICES["matchmaker"]["deploy"]["replicas"] == 4
    assert SERVICES["matchmaker"]["depends_on"].keys() == SERVICES.keys() - {"matchmaker"}
    assert SERVICES["matchmaker"]["ports"] == ["127.0.0.1:8000-8003:8000"], "a port of the host for each worker"


def test_the_commands_exist_and_take_their_options() -> None:
    python, dash_m, module, *options = SERVICES["local-edgegap"]["command"]
    assert (python, dash_m, module) == ("python", "-m", local_edgegap.__name__)
    parsed = local_edgegap.parser().parse_args(options)
    assert (parsed.host, str(parsed.port)) == ("0.0.0.0", SERVICES["local-edgegap"]["expose"][0])

    (command,) = map(json.loads, dockerfile("CMD"))
    module, _, name = command[1].partition(":")
    assert (command[0], module, name) == ("uvicorn", "examples.matchmaker.app", "app")
    assert importlib.util.find_spec(module) is not None
    known = {option for parameter in uvicorn_command.params for option in parameter.opts}
    assert {each for each in command if each.startswith("--")} <= known
    assert option(command, "--port") == "8000" == dockerfile("EXPOSE")[0]


def test_the_variables_are_those_of_the_code_and_name_the_other_services() -> None:
    variables = SERVICES["matchmaker"]["environment"]
    names = {"EDGEGAP_BASE_URL", "EDGEGAP_API_TOKEN", "EDGEGAP_COORDINATION_URL", "MATCHMAKER_WEBHOOK_URL"}
    assert variables.keys() == names
    code = "\n".join(file.read_text() for file in [*(ROOT / "edgegap_async").glob("*.py"), *FOLDER.glob("*.py")])
    assert all(f'"{name}"' in code for name in variables)
    assert variables["EDGEGAP_API_TOKEN"] == SERVICES["local-edgegap"]["environment"]["EDGEGAP_API_TOKEN"]
    service = urlsplit(variables["EDGEGAP_BASE_URL"])
    assert (service.hostname, str(service.port)) == ("local-edgegap", SERVICES["local-edgegap"]["expose"][0])
    store = urlsplit(variables["EDGEGAP_COORDINATION_URL"])
    assert (store.scheme, store.hostname, store.port) == ("redis", "valkey", 6379)
    webhooks = urlsplit(variables["MATCHMAKER_WEBHOOK_URL"])
    assert (webhooks.hostname, str(webhooks.port), webhooks.path) == ("matchmaker", dockerfile("EXPOSE")[0], "/edgegap")


def test_a_worker_has_the_time_to_stop_its_servers() -> None:
    (command,) = map(json.loads, dockerfile("CMD"))
    closing_the_client = 30
    needed = int(option(command, "--timeout-graceful-shutdown")) + closing_the_client
    assert int(SERVICES["matchmaker"]["stop_grace_period"].removesuffix("s")) > needed


def test_the_image_has_what_the_code_needs() -> None:
    assert all((ROOT / source).exists() for line in dockerfile("COPY") for source in line.split()[:-1])
    for service in ("local-edgegap", "matchmaker"):
        build = SERVICES[service]["build"]
        assert ((FOLDER / build["context"]).resolve(), ROOT / build["dockerfile"]) == (ROOT, FOLDER / "Dockerfile")
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    (installed,) = re.findall(r"'\.\[(.*)\]'", dockerfile("RUN")[0])
    assert set(installed.split(",")) == {"fastapi", "simulator", "valkey"} <= extras.keys()


def test_the_local_edgegap_takes_the_token_of_the_workers() -> None:
    command = [sys.executable, "-u", "-m", local_edgegap.__name__, "--port", "0"]
    environment = {**os.environ, "EDGEGAP_API_TOKEN": SERVICES["local-edgegap"]["environment"]["EDGEGAP_API_TOKEN"]}
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        url, token = process.stdout.readline(), process.stdout.readline()
        process.send_signal(signal.SIGTERM)  # as docker compose does
        rest, _ = process.communicate(timeout=30)
    assert url.startswith("export EDGEGAP_BASE_URL=http://127.0.0.1:")
    assert token == "export EDGEGAP_API_TOKEN=local-only\n"
    assert (process.returncode, rest) == (0, "0 requests, 0 servers, still running: 0\n")
