"""Without the extra ``simulator``, importing the local Edgegap and using the fixtures say what to install."""

import os
import subprocess
import sys

INSTALL = "the local Edgegap needs the extra: pip install 'edgegap-async[simulator]'"

BLOCK = "import sys; sys.modules['jsonschema'] = None; "
"""The start of a program in which ``import jsonschema`` fails, as if it were not installed."""


def run(*arguments, cwd):
    # without the plugins of other packages: some of them import jsonschema themselves
    environment = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    return subprocess.run(
        [sys.executable, *arguments], cwd=cwd, env=environment, capture_output=True, text=True, timeout=60, check=False
    )


def test_the_import_says_what_to_install(tmp_path):
    code = "try: import edgegap_async.simulator\nexcept ImportError as error: print(error)"
    done = run("-c", f"{BLOCK}\n{code}", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, f"{INSTALL}\n"), done.stderr


def test_the_client_and_the_plugin_need_no_extra(tmp_path):
    done = run("-c", f"{BLOCK}import edgegap_async, edgegap_async.testing; print('imported')", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, "imported\n"), done.stderr


def test_the_fixtures_say_what_to_install(tmp_path):
    (tmp_path / "test_it.py").write_text(
        "async def test_server(local_edgegap): ...\n"
        "async def test_client(edgegap): ...\n"
        "async def test_neither(): ...\n"
    )
    code = f"{BLOCK}import pytest; sys.exit(pytest.main(sys.argv[1:]))"
    plugins = ["-p", "pytest_asyncio.plugin", "-p", "edgegap_async.testing", "-o", "asyncio_mode=auto"]
    done = run("-c", code, "-q", "-p", "no:cacheprovider", *plugins, "test_it.py", cwd=tmp_path)
    assert done.stdout.count(f"E       ModuleNotFoundError: {INSTALL}") == 2, done.stdout
    assert "1 passed, 2 errors" in done.stdout
