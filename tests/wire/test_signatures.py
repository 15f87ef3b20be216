"""Who may come in: each service refuses a bad signature in AWS's own words, and nothing unsigned is served."""
import contextlib
import datetime
import hashlib
import http.client
import json
import re
import urllib.parse
from unittest import mock

import botocore.auth
import botocore.awsrequest
import botocore.credentials
import botocore.exceptions
import pytest

REGION = "us-east-1"

# service, the call to make, error for an unknown key, error for a wrong secret
CALLS = [
    ("s3", lambda c: c.list_buckets(), "InvalidAccessKeyId", "SignatureDoesNotMatch"),
    ("dynamodb", lambda c: c.list_tables(), "UnrecognizedClientException", "InvalidSignatureException"),
    ("datapipeline", lambda c: c.list_pipelines(), "UnrecognizedClientException", "InvalidSignatureException"),
]
IDS = [call[0] for call in CALLS]


def error_of(call):
    with pytest.raises(botocore.exceptions.ClientError) as raised:
        call()
    return raised.value.response["Error"]


def send(server, method, target, headers=None, body=b""):
    """One raw request; (status, headers, body)."""
    where = urllib.parse.urlsplit(server.url)
    connection = http.client.HTTPConnection(where.hostname, where.port, timeout=10)
    connection.putrequest(method, target, skip_host="Host" in (headers or {}), skip_accept_encoding=True)
    for name, value in (headers or {}).items():
        connection.putheader(name, value)
    if body or method in ("POST", "PUT"):
        connection.putheader("Content-Length", str(len(body)))
    connection.endheaders(body)
    answer = connection.getresponse()
    return answer.status, answer.headers, answer.read()


JSON_HEADERS = {
    "dynamodb": {"Content-Type": "application/x-amz-json-1.0", "X-Amz-Target": "DynamoDB_20120810.ListTables"},
    "datapipeline": {"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": "DataPipeline.ListPipelines"},
}


@contextlib.contextmanager
def clock_of_botocore(when):
    """Within it botocore signs as of `when`."""
    if hasattr(botocore.auth, "get_current_datetime"):  # botocore of 2025 and later
        with mock.patch.object(botocore.auth, "get_current_datetime", lambda: when or datetime.datetime.utcnow()):
            yield
        return

    class Shifted(datetime.datetime):
        @classmethod
        def utcnow(cls):
            return when or datetime.datetime.utcnow()

    with mock.patch.object(botocore.auth, "datetime", mock.Mock(datetime=Shifted, timedelta=datetime.timedelta)):
        yield


def signed(server, service, method, target, headers=None, body=b"", when=None, key=None, region=REGION):
    """Headers of a request that botocore signs as of `when` (default: now)."""
    access, secret = (key or server.key())[:2]
    request = botocore.awsrequest.AWSRequest(method=method, url=server.url + target, headers=headers or {}, data=body)
    credentials = botocore.credentials.Credentials(access, secret)
    signer = (botocore.auth.S3SigV4Auth if service == "s3" else botocore.auth.SigV4Auth)(credentials, service, region)
    with clock_of_botocore(when):
        signer.add_auth(request)
    return {name: value for name, value in request.prepare().headers.items() if name.lower() != "content-length"}


@pytest.mark.parametrize("service,call,unknown,wrong", CALLS, ids=IDS)
def test_unknown_key(server, service, call, unknown, wrong):
    access = "AKIAIOSFODNN7EXAMPLE"
    error = error_of(lambda: call(server.client(service, key=(access, "x"))))
    assert error["Code"] == unknown
    if service == "s3":
        assert error["AWSAccessKeyId"] == access
        assert error["Message"] == "The AWS Access Key Id you provided does not exist in our records."
    else:
        assert error["Message"] == "The security token included in the request is invalid."


@pytest.mark.parametrize("service,call,unknown,wrong", CALLS, ids=IDS)
def test_wrong_secret(server, service, call, unknown, wrong):
    error = error_of(lambda: call(server.client(service, key=(server.key()[0], "wrong"))))
    assert error["Code"] == wrong
    assert error["Message"].startswith("The request signature we calculated does not match the signature you provided.")
    if service != "s3":
        assert "The Canonical String for this request should have been\n'POST\n/\n" in error["Message"]
        assert "The String-to-Sign should have been\n'AWS4-HMAC-SHA256\n" in error["Message"]
    else:
        assert error["StringToSign"].startswith("AWS4-HMAC-SHA256\n")
        assert error["CanonicalRequest"].startswith("GET\n/\n")


@pytest.mark.parametrize("service,call,unknown,wrong", CALLS, ids=IDS)
def test_session_token_with_a_permanent_key(server, service, call, unknown, wrong):
    client = server.client(service)
    client._request_signer._credentials.token = "made up"
    assert error_of(lambda: call(client))["Code"] == ("InvalidToken" if service == "s3" else unknown)


@pytest.mark.parametrize("service", ["dynamodb", "datapipeline"])
@pytest.mark.parametrize("minutes", [-20, 20])
def test_stale_date_json(server, service, minutes):
    when = datetime.datetime.utcnow() + datetime.timedelta(minutes=minutes)
    headers = signed(server, service, "POST", "/", JSON_HEADERS[service], b"{}", when)
    status, _, body = send(server, "POST", "/", headers, b"{}")
    error = json.loads(body)
    assert status == 400
    assert error["__type"].endswith("InvalidSignatureException")
    expected = r"Signature expired: \d{8}T\d{6}Z is now earlier than \d{8}T\d{6}Z \(\d{8}T\d{6}Z - 15 min\.\)"
    if minutes > 0:
        expected = r"Signature not yet current: .* is still later than .* \(.* \+ 15 min\.\)"
    assert re.fullmatch(expected, error["message"])


@pytest.mark.parametrize("minutes", [-20, 20])
def test_stale_date_s3(server, minutes):
    when = datetime.datetime.utcnow() + datetime.timedelta(minutes=minutes)
    status, _, body = send(server, "GET", "/", signed(server, "s3", "GET", "/", when=when))
    assert status == 403
    assert b"<Code>RequestTimeTooSkewed</Code>" in body
    assert b"<MaxAllowedSkewMilliseconds>900000</MaxAllowedSkewMilliseconds>" in body


def test_skew_below_fifteen_minutes_is_fine(server):
    when = datetime.datetime.utcnow() - datetime.timedelta(minutes=14)
    headers = signed(server, "dynamodb", "POST", "/", JSON_HEADERS["dynamodb"], b"{}", when)
    assert send(server, "POST", "/", headers, b"{}")[0] == 200


@pytest.mark.parametrize("service,prefix", [("dynamodb", "com.amazon.coral.service#"), ("datapipeline", "")])
def test_missing_signature_json(server, service, prefix):
    status, headers, body = send(server, "POST", "/", JSON_HEADERS[service], b"{}")
    assert status == 400
    assert json.loads(body) == {"__type": prefix + "MissingAuthenticationTokenException",
                                "message": "Request is missing Authentication Token"}
    assert headers["x-amzn-RequestId"]
    assert headers["Content-Type"] == JSON_HEADERS[service]["Content-Type"]


def test_missing_signature_s3(server):
    status, headers, body = send(server, "GET", "/some-bucket/key")
    assert status == 403
    assert b"<Code>AccessDenied</Code><Message>Access Denied</Message>" in body
    assert headers["x-amz-request-id"].encode() in body
    assert headers["x-amz-id-2"].encode() in body
    status, _, body = send(server, "HEAD", "/some-bucket/key")
    assert (status, body) == (403, b"")


def test_body_is_part_of_the_signature(server):
    headers = signed(server, "datapipeline", "POST", "/", JSON_HEADERS["datapipeline"], b"{}")
    status, _, body = send(server, "POST", "/", headers, b'{"marker": ""}')
    assert status == 400
    assert json.loads(body)["__type"] == "InvalidSignatureException"


def test_target_is_part_of_the_signature(server):
    headers = signed(server, "dynamodb", "POST", "/", JSON_HEADERS["dynamodb"], b"{}")
    headers["X-Amz-Target"] = "DynamoDB_20120810.DescribeLimits"
    status, _, body = send(server, "POST", "/", headers, b"{}")
    assert json.loads(body)["__type"] == "com.amazon.coral.service#InvalidSignatureException"


def test_scope_of_another_service(server):
    headers = signed(server, "s3", "POST", "/", JSON_HEADERS["dynamodb"], b"{}")
    status, _, body = send(server, "POST", "/", headers, b"{}")
    assert status == 400
    assert json.loads(body)["message"] == "Credential should be scoped to correct service: 'dynamodb'. "


def test_header_and_query_signature_together(server):
    headers = signed(server, "dynamodb", "POST", "/", JSON_HEADERS["dynamodb"], b"{}")
    _, _, body = send(server, "POST", "/?X-Amz-Algorithm=AWS4-HMAC-SHA256", headers, b"{}")
    assert json.loads(body)["message"] == (
        "Found both 'X-Amz-Algorithm' as a query-string param and 'Authorization' as HTTP header.")


def test_unsigned_amz_header_is_refused_by_s3(server):
    headers = signed(server, "s3", "GET", "/") | {"x-amz-acl": "public-read"}
    status, _, body = send(server, "GET", "/", headers)
    assert status == 403
    assert b"<HeadersNotSigned>x-amz-acl</HeadersNotSigned>" in body


def test_s3_body_that_is_not_the_signed_one(server, bucket, s3):
    headers = signed(server, "s3", "PUT", f"/{bucket}/key", {}, b"hello")
    assert headers["X-Amz-Content-SHA256"] == hashlib.sha256(b"hello").hexdigest()
    status, _, body = send(server, "PUT", f"/{bucket}/key", headers, b"hallo")
    assert status == 400
    assert b"<Code>XAmzContentSHA256Mismatch</Code>" in body
    assert "Contents" not in s3.list_objects_v2(Bucket=bucket)


@pytest.mark.parametrize("version", ["s3", "s3v4"])
def test_presigned_urls(server, bucket, version):
    client = server.client("s3", signature_version=version, s3={"addressing_style": "path"})
    client.put_object(Bucket=bucket, Key="a b/ä+c", Body=b"hello")
    url = client.generate_presigned_url("get_object", {"Bucket": bucket, "Key": "a b/ä+c"}, ExpiresIn=60)
    target = url[len(server.url):]
    assert ("X-Amz-Signature" in target) == (version == "s3v4")
    status, _, body = send(server, "GET", target)
    assert (status, body) == (200, b"hello")
    assert send(server, "DELETE", target)[0] == 403
    assert send(server, "GET", target.replace("a%20b", "a%20c"))[0] == 403
    upload = client.generate_presigned_url("put_object", {"Bucket": bucket, "Key": "up"}, ExpiresIn=60)
    assert send(server, "PUT", upload[len(server.url):], {}, b"uploaded")[0] == 200
    assert client.get_object(Bucket=bucket, Key="up")["Body"].read() == b"uploaded"
    if version == "s3":  # the SigV4 signer makes no URL that has expired
        expired = client.generate_presigned_url("get_object", {"Bucket": bucket, "Key": "up"}, ExpiresIn=-1)
        status, _, body = send(server, "GET", expired[len(server.url):])
        assert status == 403
        assert b"<Message>Request has expired</Message>" in body


def test_service_that_is_not_here(server):
    message = error_of(lambda: server.client("ec2").describe_regions())["Message"]
    assert "does not serve 'ec2'" in message
    assert "dynamodb" in message


def test_what_is_served_unsigned(server):
    assert send(server, "GET", "/_penstock/health")[0] == 200
    status, _, body = send(server, "GET", "/")
    assert (status, body) == (200, f"healthy: dynamodb.{REGION}.amazonaws.com ".encode())
    status, headers, _ = send(server, "OPTIONS", "/bucket/key", {
        "Origin": "http://example.org", "Access-Control-Request-Method": "PUT",
        "Access-Control-Request-Headers": "authorization"})
    assert status == 200
    assert headers["Access-Control-Allow-Origin"] == "*"


def test_dynamodb_refuses_other_protocols_first(server):
    headers = {"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": "DynamoDB_20120810.ListTables"}
    status, answer, body = send(server, "POST", "/", headers, b"{}")
    assert (status, body) == (404, b"<UnknownOperationException/>\n")
    assert answer["x-amz-crc32"] == "3552371480"


def test_region_of_old_clients(server):
    headers = signed(server, "datapipeline", "POST", "/", JSON_HEADERS["datapipeline"], b"{}", region="0")
    assert send(server, "POST", "/", headers, b"{}")[0] == 200
