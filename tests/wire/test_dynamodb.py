"""Local DynamoDB with real clients: boto3's client and resource, waiters, paginators, the AWS CLI."""
import base64
import concurrent.futures
import decimal
import json
import pathlib
import signal

import boto3.dynamodb.conditions
import boto3.dynamodb.types
import botocore.exceptions
import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
Key, Attr = boto3.dynamodb.conditions.Key, boto3.dynamodb.conditions.Attr


def make_table(dynamodb, name, sort=None, **options):
    attributes = [{"AttributeName": "pk", "AttributeType": "S"}]
    keys = [{"AttributeName": "pk", "KeyType": "HASH"}]
    if sort:
        attributes.append({"AttributeName": "sk", "AttributeType": sort})
        keys.append({"AttributeName": "sk", "KeyType": "RANGE"})
    options = options or {"BillingMode": "PAY_PER_REQUEST"}
    made = dynamodb.create_table(TableName=name, AttributeDefinitions=attributes, KeySchema=keys, **options)
    assert made["TableDescription"]["TableStatus"] == "CREATING"
    dynamodb.get_waiter("table_exists").wait(TableName=name)
    return name


@pytest.fixture
def table(dynamodb, unique):
    return make_table(dynamodb, unique, sort="N")


@pytest.fixture
def resource(dynamodb, table):
    """The table as boto3's resource layer sees it: Python values instead of wire types."""
    credentials = dynamodb._request_signer._credentials
    return boto3.resource("dynamodb", endpoint_url=dynamodb.meta.endpoint_url, region_name=dynamodb.meta.region_name,
                          aws_access_key_id=credentials.access_key,
                          aws_secret_access_key=credentials.secret_key).Table(table)


def code(error):
    return error.value.response["Error"]["Code"]


def test_table_life(dynamodb, unique):
    throughput = {"ReadCapacityUnits": 5, "WriteCapacityUnits": 6}
    make_table(dynamodb, unique, ProvisionedThroughput=throughput)
    described = dynamodb.describe_table(TableName=unique)["Table"]
    assert described["TableStatus"] == "ACTIVE" and described["ItemCount"] == 0
    assert described["ProvisionedThroughput"]["WriteCapacityUnits"] == 6
    assert described["TableArn"].endswith(f":table/{unique}")
    assert unique in [n for page in dynamodb.get_paginator("list_tables").paginate() for n in page["TableNames"]]
    dynamodb.update_table(TableName=unique, BillingMode="PAY_PER_REQUEST")
    assert dynamodb.describe_table(TableName=unique)["Table"]["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"
    with pytest.raises(dynamodb.exceptions.ResourceInUseException):
        make_table(dynamodb, unique)
    dynamodb.delete_table(TableName=unique)
    dynamodb.get_waiter("table_not_exists").wait(TableName=unique)
    with pytest.raises(dynamodb.exceptions.ResourceNotFoundException):
        dynamodb.describe_table(TableName=unique)


def test_tricky_items_come_back_equal(dynamodb, unique):
    make_table(dynamodb, unique)
    reader = boto3.dynamodb.types.TypeDeserializer()

    def canonical(value):
        (kind, data), = value.items()
        if kind == "N":
            return ("N", decimal.Decimal(data).normalize())
        if kind == "NS":
            return ("NS", frozenset(decimal.Decimal(x).normalize() for x in data))
        if kind in ("SS", "BS"):
            return (kind, frozenset(data))
        if kind == "L":
            return ("L", [canonical(x) for x in data])
        if kind == "M":
            return ("M", {k: canonical(v) for k, v in data.items()})
        return (kind, data)

    def raw(value):
        """Decodes base64, as boto3 wants bytes."""
        (kind, data), = value.items()
        if kind == "B":
            return {"B": base64.b64decode(data)}
        if kind == "BS":
            return {"BS": [base64.b64decode(x) for x in data]}
        if kind == "L":
            return {"L": [raw(x) for x in data]}
        if kind == "M":
            return {"M": {k: raw(v) for k, v in data.items()}}
        return value

    items = [{k: raw(v) for k, v in json.loads(line)["Item"].items()}
             for line in (ROOT / "tests/golden/tricky-items.jsonl").read_text().split("\n") if line]
    for item in items:
        dynamodb.put_item(TableName=unique, Item=item)
    got = [item for page in dynamodb.get_paginator("scan").paginate(TableName=unique) for item in page["Items"]]
    assert len(got) == len(items) == 74
    by_key = {item["pk"]["S"]: item for item in got}
    for item in items:
        assert {k: canonical(v) for k, v in item.items()} == \
            {k: canonical(v) for k, v in by_key[item["pk"]["S"]].items()}
    assert reader.deserialize(by_key["t001-all-types"]["t"]) is True


def test_resource_layer(resource):
    with resource.batch_writer() as batch:
        for i in range(60):
            batch.put_item(Item={"pk": "p", "sk": i, "even": i % 2 == 0, "list": [1, "a", None], "set": {"x", "y"}})
    assert resource.get_item(Key={"pk": "p", "sk": 3})["Item"]["set"] == {"x", "y"}
    found = resource.query(KeyConditionExpression=Key("pk").eq("p") & Key("sk").between(10, 20),
                           FilterExpression=Attr("even").eq(True), ScanIndexForward=False)
    assert [int(item["sk"]) for item in found["Items"]] == [20, 18, 16, 14, 12, 10]
    assert found["ScannedCount"] == 11
    updated = resource.update_item(Key={"pk": "p", "sk": 3}, UpdateExpression="SET n = if_not_exists(n, :z) + :one",
                                   ExpressionAttributeValues={":z": 0, ":one": 1}, ReturnValues="UPDATED_NEW")
    assert updated["Attributes"] == {"n": 1}
    with pytest.raises(botocore.exceptions.ClientError) as error:
        resource.put_item(Item={"pk": "p", "sk": 3}, ConditionExpression=Attr("pk").not_exists())
    assert code(error) == "ConditionalCheckFailedException"
    resource.delete_item(Key={"pk": "p", "sk": 3}, ConditionExpression=Attr("n").gte(1))
    assert "Item" not in resource.get_item(Key={"pk": "p", "sk": 3})
    resource.reload()
    assert resource.item_count == 59


def test_parallel_scan_sees_everything_once(dynamodb, unique):
    make_table(dynamodb, unique)
    for start in range(0, 500, 25):
        dynamodb.batch_write_item(RequestItems={unique: [
            {"PutRequest": {"Item": {"pk": {"S": str(i)}}}} for i in range(start, start + 25)]})

    def segment(number):
        pages = dynamodb.get_paginator("scan").paginate(TableName=unique, Segment=number, TotalSegments=7,
                                                        PaginationConfig={"PageSize": 10})
        return [item["pk"]["S"] for page in pages for item in page["Items"]]

    with concurrent.futures.ThreadPoolExecutor(7) as pool:
        keys = [key for part in pool.map(segment, range(7)) for key in part]
    assert sorted(keys, key=int) == [str(i) for i in range(500)]


def test_consumed_capacity(dynamodb, table):
    item = {"pk": {"S": "a"}, "sk": {"N": "1"}, "v": {"S": "x" * 5000}}
    put = dynamodb.put_item(TableName=table, Item=item, ReturnConsumedCapacity="TOTAL")
    assert put["ConsumedCapacity"] == {"TableName": table, "CapacityUnits": 5.0}
    key = {"pk": {"S": "a"}, "sk": {"N": "1"}}
    for consistent, units in ((True, 2.0), (False, 1.0)):
        got = dynamodb.get_item(TableName=table, Key=key, ConsistentRead=consistent, ReturnConsumedCapacity="TOTAL")
        assert got["ConsumedCapacity"]["CapacityUnits"] == units
    batch = dynamodb.batch_write_item(RequestItems={table: [{"DeleteRequest": {"Key": key}}]},
                                      ReturnConsumedCapacity="INDEXES")
    assert batch["ConsumedCapacity"][0]["Table"]["CapacityUnits"] == 5.0


def test_a_tiny_table_throttles(dynamodb, unique):
    make_table(dynamodb, unique, ProvisionedThroughput={"ReadCapacityUnits": 1, "WriteCapacityUnits": 1})
    with pytest.raises(dynamodb.exceptions.ProvisionedThroughputExceededException):
        for i in range(400):
            dynamodb.put_item(TableName=unique, Item={"pk": {"S": str(i)}})
    dynamodb.update_table(TableName=unique, BillingMode="PAY_PER_REQUEST")
    dynamodb.put_item(TableName=unique, Item={"pk": {"S": "x"}})


def test_secondary_indexes(dynamodb, unique):
    dynamodb.create_table(
        TableName=unique, BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": n, "AttributeType": "S"} for n in ("pk", "g")],
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        GlobalSecondaryIndexes=[{"IndexName": "byG", "KeySchema": [{"AttributeName": "g", "KeyType": "HASH"}],
                                 "Projection": {"ProjectionType": "KEYS_ONLY"}}])
    for i in range(5):
        dynamodb.put_item(TableName=unique, Item={"pk": {"S": str(i)}, "g": {"S": "even" if i % 2 == 0 else "odd"},
                                                  "v": {"S": "x"}})
    found = dynamodb.query(TableName=unique, IndexName="byG", KeyConditionExpression="g = :g",
                           ExpressionAttributeValues={":g": {"S": "even"}})
    assert sorted(item["pk"]["S"] for item in found["Items"]) == ["0", "2", "4"]
    assert all(set(item) == {"pk", "g"} for item in found["Items"])


@pytest.mark.parametrize("call, arguments, expected", [
    ("get_item", {"Key": {"pk": {"S": "a"}}}, "The provided key element does not match the schema"),
    ("put_item", {"Item": {"pk": {"S": "a"}, "sk": {"N": "x"}}},
     "The parameter cannot be converted to a numeric value: x"),
    ("scan", {"FilterExpression": "name = :x", "ExpressionAttributeValues": {":x": {"S": "x"}}},
     "Invalid FilterExpression: Attribute name is a reserved keyword; reserved keyword: name"),
    ("query", {}, "Either the KeyConditions or KeyConditionExpression parameter must be specified in the request."),
])
def test_errors_have_the_words(dynamodb, table, call, arguments, expected):
    with pytest.raises(botocore.exceptions.ClientError) as error:
        getattr(dynamodb, call)(TableName=table, **arguments)
    assert code(error) == "ValidationException"
    assert error.value.response["Error"]["Message"] == expected


def test_settings(dynamodb, table):
    arn = dynamodb.describe_table(TableName=table)["Table"]["TableArn"]
    dynamodb.tag_resource(ResourceArn=arn, Tags=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}])
    dynamodb.untag_resource(ResourceArn=arn, TagKeys=["a"])
    assert dynamodb.list_tags_of_resource(ResourceArn=arn)["Tags"] == [{"Key": "b", "Value": "2"}]
    assert dynamodb.describe_time_to_live(TableName=table)["TimeToLiveDescription"]["TimeToLiveStatus"] == "DISABLED"
    dynamodb.update_time_to_live(TableName=table, TimeToLiveSpecification={"Enabled": True, "AttributeName": "e"})
    assert dynamodb.describe_time_to_live(TableName=table)["TimeToLiveDescription"]["AttributeName"] == "e"
    backups = dynamodb.describe_continuous_backups(TableName=table)["ContinuousBackupsDescription"]
    assert backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"] == "DISABLED"
    assert dynamodb.describe_limits()["TableMaxReadCapacityUnits"] > 0


def test_command_line(server, unique):
    server.aws("dynamodb", "create-table", "--table-name", unique, "--billing-mode", "PAY_PER_REQUEST",
               "--attribute-definitions", "AttributeName=pk,AttributeType=S",
               "--key-schema", "AttributeName=pk,KeyType=HASH")
    server.aws("dynamodb", "wait", "table-exists", "--table-name", unique)
    server.aws("dynamodb", "put-item", "--table-name", unique, "--item", '{"pk":{"S":"ä"},"v":{"N":"1e2"}}')
    scanned = json.loads(server.aws("dynamodb", "scan", "--table-name", unique).stdout)
    assert scanned["Items"] == [{"pk": {"S": "ä"}, "v": {"N": "100"}}]


def test_items_and_counts_survive_a_kill(new_server):
    server = new_server()
    dynamodb = server.client("dynamodb")
    make_table(dynamodb, "Kept")
    for i in range(100):
        dynamodb.put_item(TableName="Kept", Item={"pk": {"S": str(i)}})
    server.stop(signal.SIGKILL)
    server.start()
    dynamodb = server.client("dynamodb")
    assert dynamodb.describe_table(TableName="Kept")["Table"]["ItemCount"] == 100
    assert dynamodb.scan(TableName="Kept", Select="COUNT")["Count"] == 100


def test_transactions(dynamodb, table):
    def key(pk):
        return {"pk": {"S": pk}, "sk": {"N": "1"}}

    dynamodb.transact_write_items(TransactItems=[
        {"Put": {"TableName": table, "Item": key("a") | {"n": {"N": "5"}}}},
        {"Put": {"TableName": table, "Item": key("b") | {"n": {"N": "5"}}}}])
    move = [{"Update": {"TableName": table, "Key": key(pk), "UpdateExpression": "ADD n :v",
                        "ExpressionAttributeValues": {":v": {"N": amount}}}} for pk, amount in (("a", "-1"), ("b", "1"))]
    for _ in range(2):
        dynamodb.transact_write_items(ClientRequestToken="once" + table, TransactItems=move)
    read = dynamodb.transact_get_items(TransactItems=[{"Get": {"TableName": table, "Key": key(pk)}} for pk in "abc"])
    assert [one.get("Item", {}).get("n") for one in read["Responses"]] == [{"N": "4"}, {"N": "6"}, None]
    with pytest.raises(dynamodb.exceptions.TransactionCanceledException) as canceled:
        dynamodb.transact_write_items(TransactItems=[
            {"Delete": {"TableName": table, "Key": key("a")}},
            {"ConditionCheck": {"TableName": table, "Key": key("c"), "ConditionExpression": "attribute_exists(pk)"}}])
    assert [reason["Code"] for reason in canceled.value.response["CancellationReasons"]] == [
        "None", "ConditionalCheckFailed"]
    assert "Item" in dynamodb.get_item(TableName=table, Key=key("a"))
