"""The fixtures of the wire tests, for tests that kill and restart the server."""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "wire"))
from conftest import *  # noqa: E402,F401,F403
