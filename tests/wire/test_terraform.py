"""What Terraform's AWS provider sends for aws_datapipeline_pipeline and aws_datapipeline_pipeline_definition.

The calls of apply, plan, change, import and destroy are replayed in the order the provider makes them, with the example
of its documentation, which writes references as plain strings. A second plan must find nothing to change.
"""
import botocore.exceptions
import pytest


def field(key, value):
    return {"key": key, "stringValue": value}


OBJECTS = [
    {"id": "Default", "name": "Default", "fields": [field("workerGroup", "workerGroup")]},
    {"id": "Schedule", "name": "Schedule", "fields": [
        field("startDateTime", "2012-12-12T00:00:00"), field("type", "Schedule"), field("period", "1 hour"),
        field("endDateTime", "2012-12-21T18:00:00")]},
    {"id": "SayHello", "name": "SayHello", "fields": [
        field("type", "ShellCommandActivity"), field("command", "echo hello"), field("parent", "Default"),
        field("schedule", "Schedule")]},
]
PARAMETERS = [{"id": "myAWSCLICmd", "attributes": [
    {"key": "type", "stringValue": "String"}, {"key": "description", "stringValue": "AWS CLI command"},
    {"key": "watermark", "stringValue": "aws s3 ls"}]}]
VALUES = [{"id": "myAWSCLICmd", "stringValue": "aws sts get-caller-identity"}]


class Terraform:
    """One resource of each kind, and the state that is kept of them."""

    def __init__(self, client, name):
        self.client, self.name = client, name
        self.id, self.state = None, {}

    def apply_pipeline(self, tags):
        self.id = self.client.create_pipeline(
            name=self.name, uniqueId=self.name, description="made by a test",
            tags=[{"key": k, "value": v} for k, v in tags.items()])["pipelineId"]
        self.state["pipeline"] = self.read_pipeline()

    def read_pipeline(self):
        described = self.client.describe_pipelines(pipelineIds=[self.id])["pipelineDescriptionList"]
        assert len(described) == 1
        return {"name": described[0]["name"], "description": described[0].get("description", ""),
                "tags": {tag["key"]: tag["value"] for tag in described[0]["tags"]}}

    def apply_definition(self, **definition):
        put = self.client.put_pipeline_definition(pipelineId=self.id, **definition)
        assert put["errored"] is False, put["validationErrors"]
        self.client.activate_pipeline(pipelineId=self.id)
        self.state["definition"] = self.read_definition()

    def read_definition(self):
        got = self.client.get_pipeline_definition(pipelineId=self.id)

        def as_set(members):  # the provider's schema keeps sets
            return sorted(map(repr, members))

        return {"objects": as_set({**one, "fields": as_set(one["fields"])} for one in got["pipelineObjects"]),
                "parameters": as_set({**one, "attributes": as_set(one["attributes"])}
                                     for one in got.get("parameterObjects", [])),
                "values": as_set(got.get("parameterValues", []))}

    def plan(self):
        """Refreshes; what differs from the state."""
        now = {"pipeline": self.read_pipeline(), "definition": self.read_definition()}
        return {key: now[key] for key in now if now[key] != self.state.get(key)}

    def destroy(self):
        # The definition's own destruction calls nothing.
        self.client.delete_pipeline(pipelineId=self.id)
        with pytest.raises(botocore.exceptions.ClientError) as gone:
            self.client.describe_pipelines(pipelineIds=[self.id])
        assert gone.value.response["Error"]["Code"] in ("PipelineNotFoundException", "PipelineDeletedException")


def sets(terraform):
    made = {"pipelineObjects": OBJECTS, "parameterObjects": PARAMETERS, "parameterValues": VALUES}
    read = terraform.read_definition()
    as_set = lambda members: sorted(map(repr, members))
    assert read["objects"] == as_set({**one, "fields": as_set(one["fields"])} for one in made["pipelineObjects"])
    assert read["values"] == as_set(made["parameterValues"])


def test_apply_plan_change_import_destroy(datapipeline, unique):
    terraform = Terraform(datapipeline, unique)
    terraform.apply_pipeline({"team": "data"})
    terraform.apply_definition(pipelineObjects=OBJECTS, parameterObjects=PARAMETERS, parameterValues=VALUES)
    sets(terraform)
    assert terraform.plan() == {}
    assert terraform.plan() == {}

    # An import knows the id alone and must find the same.
    imported = Terraform(datapipeline, unique)
    imported.id, imported.state = terraform.id, terraform.state
    assert imported.plan() == {}

    # Tags are changed by difference.
    datapipeline.remove_tags(pipelineId=terraform.id, tagKeys=["team"])
    datapipeline.add_tags(pipelineId=terraform.id, tags=[{"key": "owner", "value": "me"}])
    assert terraform.plan() == {"pipeline": {"name": unique, "description": "made by a test", "tags": {"owner": "me"}}}

    # An edit: what a running pipeline allows.
    changed = [*OBJECTS[:2], {**OBJECTS[2], "fields": [
        field("type", "ShellCommandActivity"), field("command", "echo good bye"), field("parent", "Default"),
        field("schedule", "Schedule")]}]
    terraform.apply_definition(pipelineObjects=changed, parameterObjects=PARAMETERS, parameterValues=VALUES)
    terraform.state["pipeline"] = terraform.read_pipeline()
    assert terraform.plan() == {}
    terraform.destroy()


def test_a_definition_of_default_alone(datapipeline, unique):
    terraform = Terraform(datapipeline, unique)
    terraform.apply_pipeline({})
    terraform.apply_definition(pipelineObjects=OBJECTS[:1])
    assert terraform.plan() == {}
    # The resource that is lost behind Terraform's back is planned anew.
    datapipeline.delete_pipeline(pipelineId=terraform.id)
    with pytest.raises(botocore.exceptions.ClientError) as gone:
        terraform.plan()
    assert gone.value.response["Error"]["Code"] in ("PipelineNotFoundException", "PipelineDeletedException")


def test_strings_that_are_ids_order_the_work(server, datapipeline, unique):
    pipeline = datapipeline.create_pipeline(name=unique, uniqueId=unique)["pipelineId"]
    put = datapipeline.put_pipeline_definition(pipelineId=pipeline, pipelineObjects=[
        {"id": "Default", "name": "Default", "fields": [field("scheduleType", "ondemand"), field("workerGroup", unique)]},
        {"id": "Second", "name": "Second", "fields": [
            field("type", "ShellCommandActivity"), field("command", "true"), field("dependsOn", "First")]},
        {"id": "First", "name": "First", "fields": [field("type", "ShellCommandActivity"), field("command", "true")]}])
    assert put["errored"] is False
    assert "reference" in str(put["validationWarnings"])
    datapipeline.activate_pipeline(pipelineId=pipeline)
    seen = []
    for _ in range(2):
        task = datapipeline.poll_for_task(workerGroup=unique)["taskObject"]
        attempt = {f["key"]: f for f in task["objects"][task["attemptId"]]["fields"]}
        seen.append(attempt["@componentParent"]["refValue"])
        datapipeline.report_task_progress(taskId=task["taskId"])
        datapipeline.set_task_status(taskId=task["taskId"], taskStatus="FINISHED")
    assert seen == ["First", "Second"]
    # The second one's field has become a reference to the first one's instance.
    assert attempt["dependsOn"]["refValue"].startswith("@First_")
    datapipeline.delete_pipeline(pipelineId=pipeline)


def test_what_the_definition_refuses_names_its_object(datapipeline, unique):
    terraform = Terraform(datapipeline, unique)
    terraform.apply_pipeline({})
    put = datapipeline.put_pipeline_definition(pipelineId=terraform.id, pipelineObjects=[
        {"id": "SayHello", "name": "SayHello", "fields": [field("type", "ShellCommandActivity"), field("schedule", "Gone")]}])
    assert put["errored"] is True
    assert put["validationErrors"][0]["id"] == "SayHello"
    terraform.destroy()
