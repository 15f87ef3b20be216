"""The Data Pipeline API through boto3 and the AWS CLI."""
import datetime
import json
import threading
import time

import botocore.exceptions
import pytest


def fields(**values):
    """Fields of one object; lists repeat the key, a dict {"ref": id} is a reference."""
    made = []
    for key, value in values.items():
        for one in value if isinstance(value, list) else [value]:
            made.append({"key": key, "refValue": one["ref"]} if isinstance(one, dict) else {"key": key, "stringValue": one})
    return made


def thing(id, **values):
    return {"id": id, "name": id, "fields": fields(**values)}


def flat(described):
    """Fields of a described object as a dict; a repeated key keeps its last value, as the CLI does."""
    return {f["key"]: f.get("stringValue", f.get("refValue")) for f in described["fields"]}


def on_demand(group, *activities):
    return [thing("Default", scheduleType="ondemand", workerGroup=group), *activities]


class Worker(threading.Thread):
    """Polls a group, acknowledges each task and ends it as `outcome(task)` says."""

    def __init__(self, server, group, outcome=lambda task: {"taskStatus": "FINISHED"}):
        super().__init__(daemon=True)
        self.client = server.client("datapipeline", read_timeout=100)
        self.group, self.outcome, self.seen, self.stopped = group, outcome, [], False

    def run(self):
        while not self.stopped:
            try:
                task = self.client.poll_for_task(workerGroup=self.group, hostname="tester").get("taskObject")
                if not task:
                    continue
                self.seen.append(task)
                if not self.client.report_task_progress(taskId=task["taskId"])["canceled"]:
                    self.client.set_task_status(taskId=task["taskId"], **self.outcome(task))
            except botocore.exceptions.ClientError:
                continue  # the pipeline is gone
            except botocore.exceptions.BotoCoreError:
                return


@pytest.fixture
def worker(server):
    made = []

    def make(group, *arguments):
        made.append(Worker(server, group, *arguments))
        made[-1].start()
        return made[-1]

    yield make
    for one in made:
        one.stopped = True


@pytest.fixture
def pipeline(datapipeline, unique):
    made = datapipeline.create_pipeline(name=unique, uniqueId=unique)["pipelineId"]
    yield made
    try:
        datapipeline.delete_pipeline(pipelineId=made)
    except botocore.exceptions.ClientError:
        pass


def instances(client, pipeline):
    ids = client.query_objects(pipelineId=pipeline, sphere="INSTANCE")["ids"]
    if not ids:
        return {}
    return {o["id"]: flat(o) for o in client.describe_objects(pipelineId=pipeline, objectIds=ids)["pipelineObjects"]}


def wait_for(condition, seconds=20):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        answer = condition()
        if answer:
            return answer
        time.sleep(0.05)
    raise AssertionError("not so after %d s" % seconds)


def all_finished(client, pipeline, count):
    def ask():
        now = instances(client, pipeline)
        return now if [i["@status"] for i in now.values()].count("FINISHED") == count else None
    return wait_for(ask)


def error_of(call, **arguments):
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        call(**arguments)
    return caught.value.response["Error"]["Code"], caught.value.response["Error"]["Message"]


# ---- pipelines


def test_create_is_idempotent(datapipeline, unique):
    first = datapipeline.create_pipeline(name=unique, uniqueId=unique)["pipelineId"]
    assert first.startswith("df-") and first[3:].isalnum() and first.upper()[2:] == first[2:]
    assert datapipeline.create_pipeline(name=unique, uniqueId=unique)["pipelineId"] == first
    assert datapipeline.create_pipeline(name=unique, uniqueId=unique + "2")["pipelineId"] != first


def test_describe_shows_what_was_created(datapipeline, unique):
    made = datapipeline.create_pipeline(name=unique, uniqueId=unique, description="what it does",
                                        tags=[{"key": "team", "value": "data"}])["pipelineId"]
    described = datapipeline.describe_pipelines(pipelineIds=[made])["pipelineDescriptionList"][0]
    assert (described["pipelineId"], described["name"], described["description"]) == (made, unique, "what it does")
    assert described["tags"] == [{"key": "team", "value": "data"}]
    shown = flat(described)
    assert shown["@pipelineState"] == "PENDING"
    assert shown["uniqueId"] == unique and shown["name"] == unique and shown["@id"] == made
    assert shown["@sphere"] == "PIPELINE" and len(shown["@accountId"]) == 12
    datetime.datetime.strptime(shown["@creationTime"], "%Y-%m-%dT%H:%M:%S")
    assert "@version" not in shown


def test_list_pages(datapipeline, unique):
    made = {datapipeline.create_pipeline(name=f"{unique}-{i}", uniqueId=f"{unique}-{i}")["pipelineId"] for i in range(60)}
    first = datapipeline.list_pipelines()
    assert len(first["pipelineIdList"]) == 50 and first["hasMoreResults"]
    assert first["marker"] == first["pipelineIdList"][-1]["id"]
    pages = list(datapipeline.get_paginator("list_pipelines").paginate())
    assert "marker" not in pages[-1]
    listed = [one["id"] for page in pages for one in page["pipelineIdList"]]
    assert made <= set(listed) and len(listed) == len(set(listed))


def test_tags(datapipeline, pipeline):
    datapipeline.add_tags(pipelineId=pipeline, tags=[{"key": "a", "value": "1"}, {"key": "b", "value": "2"}])
    datapipeline.add_tags(pipelineId=pipeline, tags=[{"key": "a", "value": "3"}])
    datapipeline.remove_tags(pipelineId=pipeline, tagKeys=["b"])
    described = datapipeline.describe_pipelines(pipelineIds=[pipeline])["pipelineDescriptionList"][0]
    assert described["tags"] == [{"key": "a", "value": "3"}]


def test_what_is_not_there(datapipeline, pipeline):
    code, message = error_of(datapipeline.describe_pipelines, pipelineIds=["df-0000000000000000000X"])
    assert code == "PipelineNotFoundException" and "df-0000000000000000000X" in message
    datapipeline.delete_pipeline(pipelineId=pipeline)
    for call, arguments in ((datapipeline.describe_pipelines, {"pipelineIds": [pipeline]}),
                            (datapipeline.get_pipeline_definition, {"pipelineId": pipeline}),
                            (datapipeline.query_objects, {"pipelineId": pipeline, "sphere": "INSTANCE"}),
                            (datapipeline.activate_pipeline, {"pipelineId": pipeline})):
        assert error_of(call, **arguments)[0] in ("PipelineDeletedException", "PipelineNotFoundException")
    assert pipeline not in [one["id"] for page in datapipeline.get_paginator("list_pipelines").paginate()
                            for one in page["pipelineIdList"]]


def test_constraints_in_the_framework_s_words(server):
    client = server.client("datapipeline", parameter_validation=False)
    assert error_of(client.create_pipeline, name="", uniqueId="u") == (
        "ValidationException", "1 validation error detected: Value '' at 'name' failed to satisfy constraint: Member must "
        "have length greater than or equal to 1")
    assert error_of(client.delete_pipeline) == (
        "ValidationException",
        "1 validation error detected: Value null at 'pipelineId' failed to satisfy constraint: Member must not be null")
    code, message = error_of(client.create_pipeline, name="x" * 1025)
    assert code == "ValidationException" and message.startswith("2 validation errors detected: ") and "; " in message
    assert error_of(client.set_task_status, taskId="AAAA", taskStatus="FINISHED")[0] == "TaskNotFoundException"


# ---- definitions


def test_what_was_put_comes_back(datapipeline, pipeline):
    objects = [thing("Default", workerGroup="wg", scheduleType="ondemand"),
               thing("Act", type="ShellCommandActivity", command="echo #{myWord}", scriptArgument=["b", "a"],
                     dependsOn={"ref": "First"}),
               thing("First", type="ShellCommandActivity", command="true")]
    parameters = [{"id": "myWord", "attributes": [{"key": "type", "stringValue": "String"}]}]
    values = [{"id": "myWord", "stringValue": "x"}]
    put = datapipeline.put_pipeline_definition(pipelineId=pipeline, pipelineObjects=objects, parameterObjects=parameters,
                                               parameterValues=values)
    assert not put["errored"], put
    got = datapipeline.get_pipeline_definition(pipelineId=pipeline)
    assert (got["pipelineObjects"], got["parameterObjects"], got["parameterValues"]) == (objects, parameters, values)
    assert flat(datapipeline.describe_pipelines(pipelineIds=[pipeline])["pipelineDescriptionList"][0])["@version"] == "1"


def test_errors_are_stored_but_cannot_be_activated(datapipeline, pipeline):
    bad = [thing("Act", type="ShellCommandActivity", workerGroup="wg", schedule={"ref": "Nowhere"})]
    for call in (datapipeline.validate_pipeline_definition, datapipeline.put_pipeline_definition):
        answer = call(pipelineId=pipeline, pipelineObjects=bad)
        assert answer["errored"] and {e["id"] for e in answer["validationErrors"]} == {"Act"}
        assert all(e["errors"] for e in answer["validationErrors"])
    assert datapipeline.get_pipeline_definition(pipelineId=pipeline)["pipelineObjects"] == bad
    assert error_of(datapipeline.activate_pipeline, pipelineId=pipeline)[0] == "InvalidRequestException"
    code, message = error_of(datapipeline.put_pipeline_definition, pipelineId=pipeline,
                             pipelineObjects=[thing("Act", type="")])
    assert code == "InvalidRequestException" and "FATAL" in message
    assert datapipeline.get_pipeline_definition(pipelineId=pipeline)["pipelineObjects"] == bad


def test_validate_stores_nothing(datapipeline, pipeline):
    answer = datapipeline.validate_pipeline_definition(pipelineId=pipeline, pipelineObjects=on_demand("wg"))
    assert not answer["errored"]
    assert datapipeline.get_pipeline_definition(pipelineId=pipeline)["pipelineObjects"] == []


def test_only_default_can_be_activated(datapipeline, pipeline):
    only = [thing("Default", workerGroup="workerGroup")]
    assert not datapipeline.put_pipeline_definition(pipelineId=pipeline, pipelineObjects=only)["errored"]
    datapipeline.activate_pipeline(pipelineId=pipeline)
    described = datapipeline.describe_objects(pipelineId=pipeline, objectIds=["Default"])["pipelineObjects"][0]
    assert described["fields"][0] == {"key": "@sphere", "stringValue": "COMPONENT"}


def test_secrets_are_masked_but_workers_get_them(datapipeline, pipeline, unique, worker):
    objects = on_demand(unique, thing("Act", type="ShellCommandActivity", command="login #{*mySecret}"))
    parameters = [{"id": "*mySecret", "attributes": [{"key": "type", "stringValue": "String"}]}]
    put = datapipeline.put_pipeline_definition(pipelineId=pipeline, pipelineObjects=objects, parameterObjects=parameters,
                                               parameterValues=[{"id": "*mySecret", "stringValue": "t0p"}])
    assert not put["errored"], put
    got = datapipeline.get_pipeline_definition(pipelineId=pipeline)
    assert set(got["parameterValues"][0]["stringValue"]) == {"*"}
    # A definition that was read can be put back.
    datapipeline.put_pipeline_definition(
        pipelineId=pipeline, **{k: got[k] for k in ("pipelineObjects", "parameterObjects", "parameterValues")})
    runner = worker(unique)
    datapipeline.activate_pipeline(pipelineId=pipeline)
    all_finished(datapipeline, pipeline, 1)
    task = runner.seen[0]
    assert flat(task["objects"][task["attemptId"]])["command"] == "login t0p"
    shown = datapipeline.describe_objects(pipelineId=pipeline, evaluateExpressions=True,
                                          objectIds=["Act", task["attemptId"], *instances(datapipeline, pipeline)])
    assert "t0p" not in json.dumps(shown["pipelineObjects"])


# ---- runs


def test_two_steps_in_order(datapipeline, pipeline, unique, worker):
    put = datapipeline.put_pipeline_definition(pipelineId=pipeline, pipelineObjects=on_demand(
        unique, thing("Second", type="ShellCommandActivity", command="echo 2", dependsOn={"ref": "First"}),
        thing("First", type="ShellCommandActivity", command="echo 1")))
    assert not put["errored"], put
    runner = worker(unique)
    datapipeline.activate_pipeline(pipelineId=pipeline)
    done = all_finished(datapipeline, pipeline, 2)
    assert [flat(t["objects"][t["attemptId"]])["command"] for t in runner.seen] == ["echo 1", "echo 2"]
    for id, shown in done.items():
        assert id == f"@{shown['@componentParent']}_{shown['@scheduledStartTime']}"
        assert shown["@sphere"] == "INSTANCE" and shown["@actualStartTime"] and shown["@actualEndTime"]
        assert shown["@headAttempt"] == id + "_Attempt=1" and shown["@attemptCount"] == "1"
    attempts = datapipeline.query_objects(pipelineId=pipeline, sphere="ATTEMPT", query={"selectors": [
        {"fieldName": "@instanceParent", "operator": {"type": "REF_EQ", "values": [sorted(done)[0]]}}]})["ids"]
    assert attempts == [sorted(done)[0] + "_Attempt=1"]


def test_a_failed_attempt_tells_why_and_is_rerun(datapipeline, pipeline, unique, worker):
    put = datapipeline.put_pipeline_definition(pipelineId=pipeline, pipelineObjects=on_demand(
        unique, thing("Act", type="ShellCommandActivity", command="false", maximumRetries="0")))
    assert not put["errored"], put
    outcomes = [{"taskStatus": "FAILED", "errorId": "ShellCommandFailed", "errorMessage": "exit status 1"}]
    worker(unique, lambda task: outcomes.pop() if outcomes else {"taskStatus": "FINISHED"})
    datapipeline.activate_pipeline(pipelineId=pipeline)
    id, failed = wait_for(lambda: next(((i, f) for i, f in instances(datapipeline, pipeline).items()
                                        if f["@status"] == "FAILED"), None))
    assert (failed["errorId"], failed["errorMessage"]) == ("ShellCommandFailed", "exit status 1")
    datapipeline.set_status(pipelineId=pipeline, objectIds=[id], status="RERUN")
    done = all_finished(datapipeline, pipeline, 1)
    assert done[id]["@headAttempt"] == id + "_Attempt=2"


def test_cancel_reaches_the_worker(datapipeline, pipeline, unique):
    put = datapipeline.put_pipeline_definition(pipelineId=pipeline, pipelineObjects=on_demand(
        unique, thing("Act", type="ShellCommandActivity", command="sleep 9")))
    assert not put["errored"], put
    datapipeline.activate_pipeline(pipelineId=pipeline)
    task = wait_for(lambda: datapipeline.poll_for_task(workerGroup=unique).get("taskObject"))
    assert not datapipeline.report_task_progress(taskId=task["taskId"])["canceled"]
    id = next(iter(instances(datapipeline, pipeline)))
    datapipeline.set_status(pipelineId=pipeline, objectIds=[id], status="TRY_CANCEL")
    wait_for(lambda: datapipeline.report_task_progress(taskId=task["taskId"])["canceled"])
    wait_for(lambda: instances(datapipeline, pipeline)[id]["@status"] == "CANCELED")
    selector = {"fieldName": "@status", "operator": {"type": "EQ", "values": ["CANCELLED"]}}
    assert datapipeline.query_objects(pipelineId=pipeline, sphere="INSTANCE", query={"selectors": [selector]})["ids"] == [id]


def test_reported_fields_are_kept_and_bounded(datapipeline, pipeline, unique):
    put = datapipeline.put_pipeline_definition(pipelineId=pipeline, pipelineObjects=on_demand(
        unique, thing("Act", type="ShellCommandActivity", command="true")))
    assert not put["errored"], put
    datapipeline.activate_pipeline(pipelineId=pipeline)
    task = wait_for(lambda: datapipeline.poll_for_task(workerGroup=unique).get("taskObject"))

    def report(fields):
        datapipeline.report_task_progress(taskId=task["taskId"], fields=[
            {"key": key, "stringValue": value} for key, value in fields.items()])

    report({"percentComplete": "10", "step": "first"})
    report({"percentComplete": "20"})
    for too_many in [{f"field{n}": "" for n in range(1_001)}, {f"field{n}": "x" * 10_240 for n in range(110)}]:
        with pytest.raises(botocore.exceptions.ClientError) as refused:
            report(too_many)
        assert refused.value.response["Error"]["Code"] == "InvalidRequestException"
        assert refused.value.response["Error"]["Message"].startswith("Web service limit exceeded: ")
    attempt = datapipeline.describe_objects(pipelineId=pipeline, objectIds=[task["attemptId"]])["pipelineObjects"][0]
    fields = {field["key"]: field.get("stringValue") for field in attempt["fields"]}
    assert (fields["percentComplete"], fields["step"]) == ("20", "first") and "field0" not in fields
    datapipeline.set_task_status(taskId=task["taskId"], taskStatus="FINISHED")


def test_mark_finished_lets_dependants_go_on(datapipeline, pipeline, unique, worker):
    put = datapipeline.put_pipeline_definition(pipelineId=pipeline, pipelineObjects=on_demand(
        unique, thing("First", type="ShellCommandActivity", command="false", maximumRetries="0"),
        thing("Second", type="ShellCommandActivity", command="true", dependsOn={"ref": "First"})))
    assert not put["errored"], put
    worker(unique, lambda task: {"taskStatus": "FAILED"} if "First" in task["attemptId"] else {"taskStatus": "FINISHED"})
    datapipeline.activate_pipeline(pipelineId=pipeline)
    id = wait_for(lambda: next((i for i, f in instances(datapipeline, pipeline).items() if f["@status"] == "FAILED"), None))
    datapipeline.set_status(pipelineId=pipeline, objectIds=[id], status="MARK_FINISHED")
    all_finished(datapipeline, pipeline, 2)


def test_cron_expressions_fire_on_a_zones_clock(datapipeline, pipeline, unique, worker):
    def objects(**schedule):
        return [thing("Default", scheduleType="cron", workerGroup=unique, schedule={"ref": "Nightly"}),
                thing("Nightly", type="Schedule", startDateTime="2024-03-30T00:00:00", occurrences="3", **schedule),
                thing("Act", type="ShellCommandActivity", command="true")]

    for wrong, what in [({"cronExpression": "0 25 * * *"}, "hour field, offset 2: 25 is out of range"),
                        ({"cronExpression": "@daily", "timeZone": "Europe/Berln"}, "did you mean 'Europe/Berlin'?"),
                        ({"cronExpression": "@daily", "period": "1 day"}, "exclude each other"),
                        ({}, "'cronExpression' or 'period'")]:
        put = datapipeline.put_pipeline_definition(pipelineId=pipeline, pipelineObjects=objects(**wrong))
        assert put["errored"] and what in str(put["validationErrors"]), put
    put = datapipeline.put_pipeline_definition(
        pipelineId=pipeline, pipelineObjects=objects(cronExpression="30 2 * * *", timeZone="Europe/Berlin"))
    assert not put["errored"], put
    worker(unique)
    datapipeline.activate_pipeline(pipelineId=pipeline)
    all_finished(datapipeline, pipeline, 3)
    # There was no 02:30 on the 31st.
    assert sorted((f["@scheduledStartTime"], f["@scheduledEndTime"]) for f in instances(datapipeline, pipeline).values()) == [
        ("2024-03-30T01:30:00", "2024-03-31T01:00:00"), ("2024-03-31T01:00:00", "2024-04-01T00:30:00"),
        ("2024-04-01T00:30:00", "2024-04-02T00:30:00")]


def test_deactivate_and_resume(datapipeline, pipeline, unique, worker):
    start = (datetime.datetime.utcnow() - datetime.timedelta(seconds=3)).strftime("%Y-%m-%dT%H:%M:%S")
    put = datapipeline.put_pipeline_definition(pipelineId=pipeline, pipelineObjects=[
        thing("Default", scheduleType="cron", workerGroup=unique, schedule={"ref": "Every"}),
        thing("Every", type="Schedule", period="1 second", startDateTime=start),
        thing("Act", type="ShellCommandActivity", command="true")])
    assert not put["errored"], put
    runner = worker(unique)
    datapipeline.activate_pipeline(pipelineId=pipeline)
    wait_for(lambda: len(runner.seen) >= 4)
    datapipeline.deactivate_pipeline(pipelineId=pipeline)

    def state():
        return flat(datapipeline.describe_pipelines(pipelineIds=[pipeline])["pipelineDescriptionList"][0])["@pipelineState"]

    wait_for(lambda: state() == "INACTIVE")
    count = len(instances(datapipeline, pipeline))
    time.sleep(1.5)
    assert len(instances(datapipeline, pipeline)) == count
    datapipeline.activate_pipeline(pipelineId=pipeline)
    assert state() == "SCHEDULED"
    wait_for(lambda: len(instances(datapipeline, pipeline)) > count)


def test_a_long_poll_gets_work_when_it_comes(server, datapipeline, pipeline, unique):
    put = datapipeline.put_pipeline_definition(pipelineId=pipeline, pipelineObjects=on_demand(
        unique, thing("Act", type="ShellCommandActivity", command="true")))
    assert not put["errored"], put
    got = []
    client = server.client("datapipeline", read_timeout=100)
    poller = threading.Thread(target=lambda: got.append(client.poll_for_task(workerGroup=unique)))
    poller.start()
    time.sleep(0.5)
    assert not got
    datapipeline.activate_pipeline(pipelineId=pipeline)
    poller.join(10)
    assert got[0]["taskObject"]["pipelineId"] == pipeline


def test_a_poll_that_hung_up_gets_no_task(server, datapipeline, pipeline, unique):
    put = datapipeline.put_pipeline_definition(pipelineId=pipeline, pipelineObjects=on_demand(
        unique, thing("Act", type="ShellCommandActivity", command="true")))
    assert not put["errored"], put
    impatient = server.client("datapipeline", read_timeout=1, retries={"total_max_attempts": 1})
    for _ in range(3):
        with pytest.raises(botocore.exceptions.ReadTimeoutError):
            impatient.poll_for_task(workerGroup=unique)
    datapipeline.activate_pipeline(pipelineId=pipeline)
    task = datapipeline.poll_for_task(workerGroup=unique)["taskObject"]
    assert task["attemptId"].endswith("_Attempt=1")


def test_heartbeat(datapipeline, unique):
    assert datapipeline.report_task_runner_heartbeat(taskrunnerId=unique, workerGroup=unique)["terminate"] is False


def test_evaluate_expression(datapipeline, pipeline):
    datapipeline.put_pipeline_definition(pipelineId=pipeline, pipelineObjects=on_demand(
        "wg", thing("Act", type="ShellCommandActivity", command="true", myNumber="20")))
    answer = datapipeline.evaluate_expression(pipelineId=pipeline, objectId="Act", expression="#{myNumber} of #{20 + 1} items")
    assert answer["evaluatedExpression"] == "20 of 21 items"
    for expression, words in [("#{1/0}", "division by zero"), ("#{myNumbr}", "did you mean 'myNumber'?"), ("#{", "no closing"),
                              ("#{frmat(1)}", "did you mean 'format'?"), ("#{year('x')}", "must be a DateTime"),
                              ("#{makeDate(2011,2,30)}", "there is no time"), ("#{'a' * 2}", "needs numbers")]:
        code, message = error_of(datapipeline.evaluate_expression, pipelineId=pipeline, objectId="Act", expression=expression)
        assert code == "InvalidRequestException" and words in message, message
    code, message = error_of(datapipeline.evaluate_expression, pipelineId=pipeline, objectId="Nobody", expression="1")
    assert code == "InvalidRequestException" and "Nobody" in message


def test_evaluate_expression_where_it_stands(datapipeline, pipeline, unique, worker):
    """On a component, an instance and an attempt, through references and of a secret."""
    datapipeline.put_pipeline_definition(pipelineId=pipeline, pipelineObjects=on_demand(
        unique,
        thing("Act", type="ShellCommandActivity", command="true", input={"ref": "Data"}, myOut=["a", "b"],
              myDay="#{format(@scheduledStartTime, 'YYYY-MM-dd')}"),
        thing("Data", type="S3DataNode", directoryPath="s3://bucket/#{myFolder}")),
        parameterObjects=[{"id": "myFolder", "attributes": [{"key": "default", "stringValue": "in"}]},
                          {"id": "*mySecret", "attributes": [{"key": "type", "stringValue": "String"}]}],
        parameterValues=[{"id": "*mySecret", "stringValue": "t0p s3cret"}])
    runner = worker(unique)
    datapipeline.activate_pipeline(pipelineId=pipeline, parameterValues=[{"id": "myFolder", "stringValue": "active"}])
    all_finished(datapipeline, pipeline, 2)
    attempt = runner.seen[0]["attemptId"]
    instance = attempt.rsplit("_Attempt=", 1)[0]
    time = instance.split("_", 1)[1]

    def evaluate(expression, id):
        return datapipeline.evaluate_expression(pipelineId=pipeline, objectId=id, expression=expression)["evaluatedExpression"]

    for id in (instance, attempt):
        assert evaluate("#{@scheduledStartTime}", id) == time
        assert evaluate("#{format(@scheduledStartTime, 'YYYY')}/#{myDay}", id) == f"{time[:4]}/{time[:10]}"
        assert evaluate("#{input.directoryPath}", id) == "s3://bucket/active"
        assert evaluate("#{input}", id) == f"@Data_{time}"
        assert evaluate("#{input.@status} #{@status}", id) == "FINISHED FINISHED"
        assert evaluate("#{'x' + myOut}", id) == "xa, xb"
        assert evaluate("#{parent.@id} #{@id}", id) == f"Act {id}"
    assert evaluate("#{input.directoryPath} #{id}", "Act") == "s3://bucket/active Act"
    assert evaluate("#{@scheduledStartTime}", "Act") == ""
    for id in ("Act", instance, attempt):
        assert set(evaluate("#{*mySecret}", id)) == {"*"}
        assert set(evaluate("#{'a' + *mySecret}", id)) == {"*"}
        for expression in ("#{year(*mySecret)}", "#{plusPeriod(makeDate(2011,1,1), *mySecret)}", "#{2 * *mySecret}"):
            code, message = error_of(datapipeline.evaluate_expression, pipelineId=pipeline, objectId=id, expression=expression)
            assert code == "InvalidRequestException" and "s3cret" not in message, message
    shown = {o["id"]: flat(o) for o in datapipeline.describe_objects(
        pipelineId=pipeline, objectIds=["Data", f"@Data_{time}", instance], evaluateExpressions=True)["pipelineObjects"]}
    assert shown["Data"]["directoryPath"] == shown[f"@Data_{time}"]["directoryPath"] == "s3://bucket/active"
    assert shown[instance]["myDay"] == time[:10]
    plain = datapipeline.describe_objects(pipelineId=pipeline, objectIds=[instance])["pipelineObjects"][0]
    assert flat(plain)["myDay"] == "#{format(@scheduledStartTime, 'YYYY-MM-dd')}"


def test_secrets_in_fields_and_their_masks(datapipeline, pipeline):
    def put(**password):
        answer = datapipeline.put_pipeline_definition(
            pipelineId=pipeline, pipelineObjects=[thing("Default", scheduleType="ondemand"), thing(
                "Db", type="JdbcDatabase", connectionString="c", jdbcDriverClass="j", username="u", **password)])
        assert not answer["errored"], answer

    def shown():
        got = datapipeline.get_pipeline_definition(pipelineId=pipeline)
        described = datapipeline.describe_objects(pipelineId=pipeline, objectIds=["Db"])
        evaluated = datapipeline.describe_objects(pipelineId=pipeline, objectIds=["Db"], evaluateExpressions=True)
        assert "hunter2" not in json.dumps([got, described, evaluated], default=str)
        return flat(got["pipelineObjects"][1])["*password"]

    def evaluated():
        return datapipeline.evaluate_expression(pipelineId=pipeline, objectId="Db",
                                                expression="#{*password + ''}")["evaluatedExpression"]

    put(**{"*password": "hunter2"})
    assert shown() == "********" == evaluated()
    put(**{"*password": shown()})
    assert shown() == "********"
    put(**{"*password": "hunter2#{username}"})  # partly an expression: still a secret
    assert shown() == "********"
    put(**{"*password": "#{*myPassword}"})  # names a secret and holds none
    assert shown() == "#{*myPassword}"


def test_a_field_is_a_string_or_a_reference(datapipeline, pipeline):
    both = {"id": "A", "name": "A", "fields": [{"key": "type", "stringValue": "CSV", "refValue": "B"}]}
    for call in (datapipeline.put_pipeline_definition, datapipeline.validate_pipeline_definition):
        code, message = error_of(call, pipelineId=pipeline, pipelineObjects=[both])
        assert code == "InvalidRequestException" and "'type'" in message and "'A'" in message
    assert datapipeline.get_pipeline_definition(pipelineId=pipeline)["pipelineObjects"] == []


# ---- the command line


def test_the_command_line_from_create_to_delete(server, unique, worker, tmp_path):
    def cli(*arguments, **options):
        done = server.aws("datapipeline", *arguments, **options)
        return json.loads(done.stdout) if done.stdout.startswith(("{", "[")) else done.stdout

    definition = {"objects": [
        {"id": "Default", "scheduleType": "ondemand", "workerGroup": unique},
        {"id": "First", "type": "ShellCommandActivity", "command": "echo #{myWord}"},
        {"id": "Second", "type": "ShellCommandActivity", "command": "echo done", "dependsOn": {"ref": "First"},
         "scriptArgument": ["a", "b"]}],
        "parameters": [{"id": "myWord", "type": "String", "default": "hello"}],
        "values": {"myWord": "hi"}}
    file = tmp_path / "definition.json"
    file.write_text(json.dumps(definition))

    id = cli("create-pipeline", "--name", unique, "--unique-id", unique)["pipelineId"]
    raw = tmp_path / "objects.json"
    raw.write_text(json.dumps(on_demand(unique)))
    assert cli("validate-pipeline-definition", "--pipeline-id", id, "--pipeline-objects", f"file://{raw}")["errored"] is False
    assert cli("put-pipeline-definition", "--pipeline-id", id, "--pipeline-definition", f"file://{file}")["errored"] is False
    got = cli("get-pipeline-definition", "--pipeline-id", id)
    without_names = [{k: v for k, v in one.items() if k != "name"} for one in got["objects"]]
    assert without_names == definition["objects"] and got["values"] == definition["values"]
    runner = worker(unique)
    cli("activate-pipeline", "--pipeline-id", id, "--parameter-values", "myWord=activated")
    all_finished(server.client("datapipeline"), id, 2)
    assert flat(runner.seen[0]["objects"][runner.seen[0]["attemptId"]])["command"] == "echo activated"
    listed = cli("list-runs", "--pipeline-id", id)
    assert "First" in listed and "Second" in listed and listed.count("FINISHED") == 2
    assert cli("list-runs", "--pipeline-id", id, "--status", "finished,cancelled").count("FINISHED") == 2
    assert "FINISHED" not in cli("list-runs", "--pipeline-id", id, "--status", "running")
    assert id in [one["id"] for one in cli("list-pipelines")["pipelineIdList"]]
    assert cli("deactivate-pipeline", "--pipeline-id", id) == ""
    assert cli("delete-pipeline", "--pipeline-id", id) == ""
    failed = server.aws("datapipeline", "describe-pipelines", "--pipeline-ids", id, check=False)
    assert failed.returncode != 0 and "PipelineDeletedException" in failed.stderr
