"""What the tests of whole pipelines share: running one, waiting for it, looking at what it left."""
import json
import os
import pathlib
import subprocess
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY = pathlib.Path(os.environ.get("PENSTOCK_BINARY", ROOT / "build/release/penstock"))
TEMPLATES = ROOT / "templates"


def run(server, name, definition, **values):
    """Creates, puts, activates with the aws CLI; the pipeline's id."""
    pipeline = server.aws("datapipeline", "create-pipeline", "--name", name, "--unique-id", name, "--query", "pipelineId",
                          "--output", "text").stdout.strip()
    arguments = [f"{key}={value}" for key, value in values.items()]
    put = server.aws("datapipeline", "put-pipeline-definition", "--pipeline-id", pipeline, "--pipeline-definition",
                     f"file://{definition}", *(["--parameter-values", *arguments] if arguments else []))
    assert json.loads(put.stdout)["errored"] is False, put.stdout
    server.aws("datapipeline", "activate-pipeline", "--pipeline-id", pipeline)
    return pipeline


def status(server, pipeline):
    """The lines of `penstock status`."""
    done = subprocess.run([str(BINARY), "status", "--data", str(server.data), pipeline], text=True, capture_output=True,
                          env=server.environment(), timeout=60)
    return done.stdout + done.stderr


def instances(server, pipeline):
    """{instance id: {field: value}} of all instances."""
    client = server.client("datapipeline")
    ids, marker = [], None
    while True:
        page = client.query_objects(pipelineId=pipeline, sphere="INSTANCE", **({"marker": marker} if marker else {}))
        ids += page.get("ids", [])
        marker = page.get("marker")
        if not marker:
            break
    return {o["id"]: fields(o) for o in describe(client, pipeline, ids)}


def describe(client, pipeline, ids):
    found = []
    for first in range(0, len(ids), 25):
        found += client.describe_objects(pipelineId=pipeline, objectIds=ids[first:first + 25])["pipelineObjects"]
    return found


def fields(pipeline_object):
    return {f["key"]: f.get("stringValue", f.get("refValue")) for f in pipeline_object["fields"]}


def attempt(server, pipeline, instance):
    """The fields of an instance's newest attempt."""
    head = instances(server, pipeline)[instance]["@headAttempt"]
    return fields(describe(server.client("datapipeline"), pipeline, [head])[0])


FINAL = {"FINISHED", "FAILED", "CANCELED", "CASCADE_FAILED", "TIMEDOUT"}


def wait(server, pipeline, timeout=90, among=FINAL):
    """Waits until all instances are in one of `among`; {instance id: fields}."""
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        now = instances(server, pipeline)
        if now and all(f["@status"] in among for f in now.values()):
            return now
        time.sleep(0.2)
    raise AssertionError("not done in time:\n" + status(server, pipeline) + server.log())


def write(folder, definition):
    path = pathlib.Path(folder) / "definition.json"
    path.write_text(json.dumps(definition))
    return path
