"""Fixtures of the tests against other people's servers and clients (`./test.sh peers`)."""
import importlib.util
import pathlib

import pytest

import peers

_path = pathlib.Path(__file__).resolve().parents[1] / "wire" / "conftest.py"
_spec = importlib.util.spec_from_file_location("wire_conftest", _path)
_wire = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_wire)
server = _wire.server
new_server = _wire.new_server
unique = _wire.unique


@pytest.fixture(scope="session")
def peer(tmp_path_factory):
    """peer(name): that foreign server, started when it is first asked for."""
    running = {}

    def get(name):
        if name not in running:
            running[name] = peers.START[name](tmp_path_factory.mktemp(name))
        return running[name]

    yield get
    for one in running.values():
        one.stop()
