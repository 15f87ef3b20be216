"""Every Data Pipeline operation with members missing, null, of the wrong type, too long, empty and random.

The cases are generated from the service model that botocore carries, so that none is forgotten: each place of each
operation's input is spoilt in every way its shape allows, the rest staying a request that would succeed. Only
documented errors may come back, never a 500, and what is refused must leave no trace.
"""
import copy
import http.client
import json
import random
import socket
import urllib.parse

import botocore.auth
import botocore.awsrequest
import botocore.credentials
import botocore.session
import pytest

MODEL = botocore.session.get_session().get_service_model("datapipeline")
FRAMEWORK = {"ValidationException", "SerializationException"}
WRONG = {"structure": [7, "x", [1], True], "list": [7, "x", {"a": 1}, False], "string": [7, 1.5, True, [], {}, ["x"]],
         "boolean": ["yes", 1, [], {}], "integer": ["x", 1.5, 2 ** 40, -2 ** 70, [], {}, True],
         "timestamp": ["x", [], {}, True, 1e300]}


class Caller:
    """Signs and sends any bytes as an operation's body."""

    def __init__(self, server):
        self.signer = botocore.auth.SigV4Auth(botocore.credentials.Credentials(*server.key()), "datapipeline", "us-east-1")
        self.url = server.url
        self.address = urllib.parse.urlsplit(server.url).netloc

    def __call__(self, operation, body, timeout=30):
        """(status, type, message or answer); status 0: the call was taken and waits (PollForTask)."""
        if not isinstance(body, bytes):
            body = json.dumps(body).encode()
        request = botocore.awsrequest.AWSRequest("POST", self.url + "/", data=body, headers={
            "Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": "DataPipeline." + operation})
        self.signer.add_auth(request)
        connection = http.client.HTTPConnection(self.address, timeout=0.3 if operation == "PollForTask" else timeout)
        try:
            connection.request("POST", "/", body=body, headers=dict(request.headers.items()))
            answer = connection.getresponse()
            text = answer.read()
        except socket.timeout:
            return 0, "", {}
        finally:
            connection.close()
        parsed = json.loads(text) if text else {}
        return answer.status, parsed.get("__type", ""), parsed


@pytest.fixture(scope="module")
def caller(server):
    return Caller(server)


@pytest.fixture(scope="module")
def pipeline(server):
    client = server.client("datapipeline")
    made = client.create_pipeline(name="spoilt", uniqueId="spoilt")["pipelineId"]
    client.add_tags(pipelineId=made, tags=[{"key": "k", "value": "v"}])
    client.put_pipeline_definition(pipelineId=made, **DEFINITION)
    client.activate_pipeline(pipelineId=made)
    return made


DEFINITION = {
    "pipelineObjects": [
        {"id": "Default", "name": "Default", "fields": [
            {"key": "scheduleType", "stringValue": "cron"}, {"key": "schedule", "refValue": "Later"}]},
        {"id": "Later", "name": "Later", "fields": [
            {"key": "type", "stringValue": "Schedule"}, {"key": "period", "stringValue": "1 day"},
            {"key": "startDateTime", "stringValue": "2100-01-01T00:00:00"}]},
        {"id": "A", "name": "A", "fields": [
            {"key": "type", "stringValue": "ShellCommandActivity"}, {"key": "command", "stringValue": "true"},
            {"key": "workerGroup", "stringValue": "nobody"}]}],
    "parameterObjects": [{"id": "myX", "attributes": [{"key": "default", "stringValue": "1"}]}],
    "parameterValues": [{"id": "myX", "stringValue": "2"}],
}


def requests(pipeline):
    """A request of each operation with every member set. None of them changes what others need."""
    one = {"pipelineId": pipeline}
    return {
        "ActivatePipeline": {**one, "parameterValues": [{"id": "myX", "stringValue": "3"}], "startTimestamp": 1428364800},
        "AddTags": {**one, "tags": [{"key": "k", "value": "v"}]},
        "CreatePipeline": {"name": "spoilt", "uniqueId": "spoilt", "description": "d", "tags": [{"key": "k", "value": "v"}]},
        "DeactivatePipeline": {**one, "cancelActive": True},
        "DeletePipeline": {"pipelineId": "df-NOTTHERE"},
        "DescribeObjects": {**one, "objectIds": ["A"], "evaluateExpressions": True, "marker": "0"},
        "DescribePipelines": {"pipelineIds": [pipeline]},
        "EvaluateExpression": {**one, "objectId": "A", "expression": "#{1 + 1}"},
        "GetPipelineDefinition": {**one, "version": "latest"},
        "ListPipelines": {"marker": ""},
        "PollForTask": {"workerGroup": "spoilt", "hostname": "h", "instanceIdentity": {"document": "d", "signature": "s"}},
        "PutPipelineDefinition": {**one, **DEFINITION},
        "QueryObjects": {**one, "query": {"selectors": [{"fieldName": "name", "operator": {"type": "EQ", "values": ["A"]}}]},
                         "sphere": "COMPONENT", "marker": "", "limit": 10},
        "RemoveTags": {**one, "tagKeys": ["other"]},
        "ReportTaskProgress": {"taskId": "x", "fields": [{"key": "k", "stringValue": "v"}]},
        "ReportTaskRunnerHeartbeat": {"taskrunnerId": "r", "workerGroup": "g", "hostname": "h"},
        "SetStatus": {**one, "objectIds": ["A"], "status": "RESUME"},
        "SetTaskStatus": {"taskId": "x", "taskStatus": "FINISHED", "errorId": "e", "errorMessage": "m", "errorStackTrace": "t"},
        "ValidatePipelineDefinition": {**one, **DEFINITION},
    }


def places(shape, path=(), required=False):
    """Every place of an input: (path, shape, required)."""
    if path:
        yield path, shape, required
    if shape.type_name == "structure":
        for name, member in shape.members.items():
            yield from places(member, path + (name,), name in shape.required_members)
    elif shape.type_name == "list":
        yield from places(shape.member, path + (0,), True)


def at(body, path):
    for step in path:
        if isinstance(step, int):
            fits = isinstance(body, list) and len(body) > step
        else:
            fits = isinstance(body, dict) and step in body
        if not fits:
            return None
        body = body[step]
    return body


def put(body, path, value):
    spoilt = copy.deepcopy(body)
    inner = at(spoilt, path[:-1])
    if not isinstance(inner, list if isinstance(path[-1], int) else dict) or inner == []:
        return None
    inner[path[-1]] = value
    return spoilt


def without(body, path):
    spoilt = copy.deepcopy(body)
    inner = at(spoilt, path[:-1])
    if inner is None:
        return None
    del inner[path[-1]]
    return spoilt


def spoilt(operation, good):
    """(what, body, the types expected or None for any documented one)."""
    for path, shape, required in places(MODEL.operation_model(operation).input_shape):
        if at(good, path[:-1]) is None or (isinstance(path[-1], str) and path[-1] not in at(good, path[:-1])):
            # refValue beside a stringValue: reached through the cases of its sibling.
            good_here = put(good, path, "A") if shape.type_name == "string" and at(good, path[:-1]) is not None else None
            if good_here is None:
                continue
        else:
            good_here = good
        where = ".".join(str(step) for step in path)
        if isinstance(path[-1], str):
            yield where + " missing", without(good_here, path), {"ValidationException"} if required else None
        yield where + " null", put(good_here, path, None), {"ValidationException"} if required else None
        for wrong in WRONG[shape.type_name]:
            yield f"{where} = {wrong!r}", put(good_here, path, wrong), {"SerializationException"}
        if shape.type_name == "string":
            longest, shortest = shape.metadata.get("max"), shape.metadata.get("min", 0)
            if longest and longest < 2 ** 31 - 1:
                yield where + " too long", put(good_here, path, "x" * (longest + 1)), {"ValidationException"}
            yield where + " empty", put(good_here, path, ""), {"ValidationException"} if shortest else None
            if shape.metadata.get("pattern"):
                yield where + " with a control character", put(good_here, path, "a\x01b"), {"ValidationException"}
            if shape.enum:
                yield where + " none of the enumeration", put(good_here, path, "NONE"), {"ValidationException"}
            for text in ("\U0001F600 \r\n\t'\"\\ #{", "#{" * 50, "\u0000", "\ufffe", "../../x", "%s%n", "-1", "@@", "*"):
                yield f"{where} = {text!r}", put(good_here, path, text), None
        if shape.type_name == "list":
            yield where + " empty", put(good_here, path, []), None
            element = at(good_here, path)
            if element:
                longest = shape.metadata.get("max")
                many = [element[0]] * (longest + 1 if longest else 300)
                yield where + " long", put(good_here, path, many), {"ValidationException"} if longest else None
        if shape.type_name == "integer":
            for number in (0, -1, 2 ** 31 - 1, -2 ** 31):
                yield f"{where} = {number}", put(good_here, path, number), None
        if shape.type_name == "timestamp":
            for number in (0, -1, 0.5, 1e10, -1e10, 253402300799):
                yield f"{where} = {number}", put(good_here, path, number), None


def documented(operation):
    errors = {shape.name for shape in MODEL.operation_model(operation).error_shapes}
    return errors - {"InternalServiceError"} | FRAMEWORK


def state(server, pipeline):
    client = server.client("datapipeline")
    definition = client.get_pipeline_definition(pipelineId=pipeline)
    described = client.describe_pipelines(pipelineIds=[pipeline])["pipelineDescriptionList"]
    for answer in (definition, described[0]):
        answer.pop("ResponseMetadata", None)
    listed = {one["id"] for page in client.get_paginator("list_pipelines").paginate() for one in page["pipelineIdList"]}
    return definition, described, listed


def check(operation, what, answer, expected):
    status, kind, body = answer
    assert status in (0, 200, 400), f"{operation}, {what}: {status} {body}"
    assert status != 0 or operation == "PollForTask", f"{operation}, {what}: no answer"
    if status == 400:
        assert kind in (expected or documented(operation)), f"{operation}, {what}: {body}"
        assert body.get("message"), f"{operation}, {what}: an error without words"
        assert len(body["message"]) < 50_000, f"{operation}, {what}: an error of {len(body['message'])} characters"
    else:
        assert expected is None, f"{operation}, {what}: was taken, expected {expected}"


@pytest.mark.parametrize("operation", MODEL.operation_names)
def test_each_place_spoilt(server, caller, pipeline, operation):
    good = requests(pipeline)[operation]
    status, kind, body = caller(operation, good)
    wanted = {"DeletePipeline": "PipelineNotFoundException", "ReportTaskProgress": "TaskNotFoundException",
              "SetTaskStatus": "TaskNotFoundException"}.get(operation, "")
    assert kind == wanted, f"{operation}: {status} {body}"
    client = server.client("datapipeline")
    client.put_pipeline_definition(pipelineId=pipeline, **DEFINITION)
    before = state(server, pipeline)
    count = 0
    for what, body, expected in spoilt(operation, good):
        if body is None:
            continue
        answer = caller(operation, body)
        check(operation, what, answer, expected)
        count += 1
        if answer[0] == 400 and operation in ("PutPipelineDefinition", "CreatePipeline", "AddTags", "ActivatePipeline"):
            after = state(server, pipeline)
            assert after[0] == before[0], f"{operation}, {what}: refused, but the definition changed"
            assert after[2] == before[2], f"{operation}, {what}: refused, but a pipeline came or went"
        elif answer[0] == 200:
            before = state(server, pipeline)
    assert count >= 3 * len(MODEL.operation_model(operation).input_shape.members)


def junk(chance, depth=0):
    """Some JSON value."""
    kind = chance.randrange(8 if depth < 4 else 6)
    if kind == 0:
        return None
    if kind == 1:
        return chance.random() < 0.5
    if kind == 2:
        return chance.choice([0, -1, 1, 2 ** 31, 2 ** 63, 10 ** 30, 0.1, -1e-300, 1e308])
    if kind < 6:
        return "".join(chance.choice("aA0 #{}@*.\\\"'\n\té\u0000\U0001F600") for _ in range(chance.randrange(12)))
    if kind == 6:
        return [junk(chance, depth + 1) for _ in range(chance.randrange(5))]
    return {str(junk(chance, 9))[:20]: junk(chance, depth + 1) for _ in range(chance.randrange(5))}


@pytest.mark.parametrize("operation", MODEL.operation_names)
def test_random_members(caller, pipeline, operation):
    chance = random.Random(operation)
    good = requests(pipeline)[operation]
    for _ in range(60):
        body = copy.deepcopy(good)
        for _ in range(chance.randrange(1, 3)):
            path = chance.choice([p for p, _, _ in places(MODEL.operation_model(operation).input_shape)])
            body = put(body, path, junk(chance)) or body
        check(operation, json.dumps(body)[:300], caller(operation, body), None)


@pytest.mark.parametrize("body", [
    b"", b"{", b"[]", b"null", b"7", b'"x"', b"{}x", b'{"pipelineId":', b"\xff\xfe", b'{"pipelineId":"\xff"}',
    b'{"pipelineId":"\\ud800"}', b'{"pipelineId":"\\udc00\\ud800"}', b'{"pipelineId":1e999}', b'{"pipelineId":01}',
    b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}", b'{"pipelineId":"a","pipelineId":"b"}', b"\xef\xbb\xbf{}",
    b"{'pipelineId':'a'}", b'{"pipelineId":"a",}', b"// x\n{}", b'{"pipelineIds":' + b"[" * 40 + b"]" * 40 + b"}"])
def test_bodies_that_are_no_request(caller, body):
    for operation in ("DeletePipeline", "DescribePipelines", "PutPipelineDefinition"):
        status, kind, answer = caller(operation, body)
        assert status == 400, f"{operation} {body[:40]}: {status} {answer}"
        assert kind in documented(operation), f"{operation} {body[:40]}: {answer}"


def test_operations_that_do_not_exist(caller):
    for name in ("", "Create", "createPipeline", "CreatePipeline.x", "X" * 5000):
        status, kind, _ = caller(name, {})
        assert (status, kind) in ((400, "UnknownOperationException"), (404, "UnknownOperationException"),
                                  (431, "")), f"{name[:40]}: {status} {kind}"
