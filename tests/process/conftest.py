"""The fixtures of the wire tests, for tests that kill and restart the server."""
import importlib.util
import pathlib

_path = pathlib.Path(__file__).resolve().parents[1] / "wire" / "conftest.py"
_spec = importlib.util.spec_from_file_location("wire_conftest", _path)
_wire = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_wire)
new_server = _wire.new_server
unique = _wire.unique
