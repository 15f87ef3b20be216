"""Local S3 against boto3: every operation that it serves, and its errors."""
import base64
import hashlib
import threading
import urllib.error
import urllib.request
import zlib

import botocore.exceptions
import pytest

MIB = 1 << 20


def failure(call, *arguments, **options):
    """The error's code and HTTP status."""
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        call(*arguments, **options)
    answer = caught.value.response
    return answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"]


def keys(s3, bucket, **options):
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, **options)
    return [item["Key"] for page in pages for item in page.get("Contents", [])]


def test_buckets(s3, unique):
    assert failure(s3.head_bucket, Bucket=unique) == ("404", 404)
    s3.create_bucket(Bucket=unique)
    s3.create_bucket(Bucket=unique)
    assert unique in [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]]
    assert s3.head_bucket(Bucket=unique)["ResponseMetadata"]["HTTPHeaders"]["x-amz-bucket-region"] == "us-east-1"
    assert s3.get_bucket_location(Bucket=unique)["LocationConstraint"] is None
    s3.put_object(Bucket=unique, Key="k", Body=b"x")
    assert failure(s3.delete_bucket, Bucket=unique) == ("BucketNotEmpty", 409)
    s3.delete_object(Bucket=unique, Key="k")
    s3.delete_bucket(Bucket=unique)
    assert failure(s3.list_objects_v2, Bucket=unique) == ("NoSuchBucket", 404)


def test_bucket_in_another_region(server, unique):
    s3 = server.client("s3", region="eu-west-1")
    s3.create_bucket(Bucket=unique, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    assert s3.get_bucket_location(Bucket=unique)["LocationConstraint"] == "eu-west-1"
    again = failure(s3.create_bucket, Bucket=unique, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    assert again == ("BucketAlreadyOwnedByYou", 409)


def test_put_get_head(s3, bucket):
    put = s3.put_object(Bucket=bucket, Key="dir/key", Body=b"hello", ContentType="text/plain", CacheControl="max-age=5",
                        ContentDisposition="inline", ContentLanguage="en", Metadata={"Name": "v"},
                        StorageClass="STANDARD_IA", ServerSideEncryption="AES256", Tagging="a=1&b=2")
    assert put["ETag"] == '"5d41402abc4b2a76b9719d911017c592"'
    assert put["ServerSideEncryption"] == "AES256"
    for answer in s3.get_object(Bucket=bucket, Key="dir/key"), s3.head_object(Bucket=bucket, Key="dir/key"):
        assert answer["ContentLength"] == 5
        assert answer["ContentType"] == "text/plain"
        assert answer["CacheControl"] == "max-age=5"
        assert answer["ContentDisposition"] == "inline"
        assert answer["ContentLanguage"] == "en"
        assert answer["Metadata"] == {"name": "v"}
        assert answer["StorageClass"] == "STANDARD_IA"
        assert answer["AcceptRanges"] == "bytes"
    assert s3.get_object(Bucket=bucket, Key="dir/key", ResponseContentType="a/b")["ContentType"] == "a/b"
    assert failure(s3.get_object, Bucket=bucket, Key="absent") == ("NoSuchKey", 404)
    assert failure(s3.head_object, Bucket=bucket, Key="absent") == ("404", 404)


@pytest.mark.parametrize("key", ["plain", "a b+c&d=e?f#g%h", "ümlaut/日本語/🙂", "//double//", "../up", "./here", " ", "trailing/",
                                 "quote\"'<>&", "tilde~*()", "x" * 1024, "line\nbreak"])
def test_keys_of_all_kinds(s3, bucket, key):
    s3.put_object(Bucket=bucket, Key=key, Body=key.encode())
    assert s3.get_object(Bucket=bucket, Key=key)["Body"].read() == key.encode()
    assert keys(s3, bucket) == [key]
    copied = s3.copy_object(Bucket=bucket, Key="copy", CopySource={"Bucket": bucket, "Key": key})
    assert copied["CopyObjectResult"]["ETag"]
    deleted = s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": key}, {"Key": "copy"}]})
    assert len(deleted["Deleted"]) == 2
    assert keys(s3, bucket) == []


def test_a_key_that_is_too_long(s3, bucket):
    assert failure(s3.put_object, Bucket=bucket, Key="x" * 1025, Body=b"") == ("KeyTooLongError", 400)


def test_ranges(s3, bucket):
    s3.put_object(Bucket=bucket, Key="k", Body=b"0123456789")
    for range_, expected in {"bytes=2-4": b"234", "bytes=7-": b"789", "bytes=-3": b"789", "bytes=0-99": b"0123456789"}.items():
        answer = s3.get_object(Bucket=bucket, Key="k", Range=range_)
        assert answer["Body"].read() == expected
        assert answer["ResponseMetadata"]["HTTPStatusCode"] == 206
        assert answer["ContentRange"].endswith("/10")
    assert failure(s3.get_object, Bucket=bucket, Key="k", Range="bytes=10-") == ("InvalidRange", 416)


def test_conditional_reads(s3, bucket):
    put = s3.put_object(Bucket=bucket, Key="k", Body=b"x")
    modified = s3.head_object(Bucket=bucket, Key="k")["LastModified"]
    assert s3.get_object(Bucket=bucket, Key="k", IfMatch=put["ETag"])["ContentLength"] == 1
    assert failure(s3.get_object, Bucket=bucket, Key="k", IfMatch='"x"') == ("PreconditionFailed", 412)
    assert failure(s3.get_object, Bucket=bucket, Key="k", IfNoneMatch=put["ETag"]) == ("304", 304)
    assert failure(s3.head_object, Bucket=bucket, Key="k", IfModifiedSince=modified) == ("304", 304)


def add_header(client, operation, name, value):
    """This botocore does not know the parameter yet."""
    client.meta.events.register(f"before-call.s3.{operation}",
                                lambda params, **_: params["headers"].__setitem__(name, value))


def test_conditional_writes(server, s3, bucket):
    only_new = server.client("s3")
    add_header(only_new, "PutObject", "If-None-Match", "*")
    only_new.put_object(Bucket=bucket, Key="k", Body=b"first")
    assert failure(only_new.put_object, Bucket=bucket, Key="k", Body=b"second") == ("PreconditionFailed", 412)
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"first"


def test_one_of_many_creates(server, bucket):
    outcomes = []

    def create(number):
        client = server.client("s3")
        add_header(client, "PutObject", "If-None-Match", "*")
        try:
            client.put_object(Bucket=bucket, Key="race", Body=str(number).encode())
            outcomes.append(number)
        except botocore.exceptions.ClientError:
            pass

    threads = [threading.Thread(target=create, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(outcomes) == 1
    assert server.client("s3").get_object(Bucket=bucket, Key="race")["Body"].read() == str(outcomes[0]).encode()


@pytest.mark.parametrize("algorithm", ["CRC32", "SHA1", "SHA256"])
def test_checksums(s3, bucket, algorithm):
    body = b"some bytes"
    raw = {"CRC32": lambda: zlib.crc32(body).to_bytes(4, "big"), "SHA1": lambda: hashlib.sha1(body).digest(),
           "SHA256": lambda: hashlib.sha256(body).digest()}[algorithm]()
    value = base64.b64encode(raw).decode()
    put = s3.put_object(Bucket=bucket, Key="k", Body=body, ChecksumAlgorithm=algorithm)
    assert put["Checksum" + algorithm] == value
    got = s3.get_object(Bucket=bucket, Key="k", ChecksumMode="ENABLED")
    assert got["Checksum" + algorithm] == value
    assert got["Body"].read() == body
    wrong = {"Checksum" + algorithm: base64.b64encode(bytes(len(raw))).decode()}
    assert failure(s3.put_object, Bucket=bucket, Key="k", Body=body, **wrong) == ("BadDigest", 400)
    attributes = s3.get_object_attributes(Bucket=bucket, Key="k", ObjectAttributes=["Checksum", "ObjectSize", "ETag"])
    assert attributes["Checksum"]["Checksum" + algorithm] == value
    assert attributes["ObjectSize"] == len(body)


def test_content_md5(s3, bucket):
    md5 = base64.b64encode(hashlib.md5(b"other").digest()).decode()
    assert failure(s3.put_object, Bucket=bucket, Key="k", Body=b"x", ContentMD5=md5) == ("BadDigest", 400)
    assert failure(s3.put_object, Bucket=bucket, Key="k", Body=b"x", ContentMD5="no") == ("InvalidDigest", 400)
    assert keys(s3, bucket) == []


@pytest.fixture
def tree(s3, bucket):
    for key in ["a", "b/1", "b/2", "b/c/3", "d", "e/", "e/4", "é/5", "z z"]:
        s3.put_object(Bucket=bucket, Key=key, Body=b"x")
    return bucket


def test_listing_with_delimiter(s3, tree):
    for page_size in 1, 2, 3, 1000:
        found, prefixes = [], []
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket=tree, Delimiter="/", PaginationConfig={"PageSize": page_size}):
            assert page["KeyCount"] <= page_size
            found += [item["Key"] for item in page.get("Contents", [])]
            prefixes += [item["Prefix"] for item in page.get("CommonPrefixes", [])]
        assert found == ["a", "d", "z z"]
        assert prefixes == ["b/", "e/", "é/"]
        v1, v1_prefixes = [], []
        for page in s3.get_paginator("list_objects").paginate(Bucket=tree, Delimiter="/", PaginationConfig={"PageSize": page_size}):
            v1 += [item["Key"] for item in page.get("Contents", [])]
            v1_prefixes += [item["Prefix"] for item in page.get("CommonPrefixes", [])]
        assert (v1, v1_prefixes) == (found, prefixes)
    inside = s3.list_objects_v2(Bucket=tree, Delimiter="/", Prefix="e/")
    assert [item["Key"] for item in inside["Contents"]] == ["e/", "e/4"]


def test_listing_from_somewhere(s3, tree):
    assert keys(s3, tree, StartAfter="b/2") == ["b/c/3", "d", "e/", "e/4", "z z", "é/5"]
    assert keys(s3, tree, Prefix="b/") == ["b/1", "b/2", "b/c/3"]
    first = s3.list_objects_v2(Bucket=tree, MaxKeys=2, FetchOwner=True)
    assert first["IsTruncated"] and first["KeyCount"] == 2 and first["Contents"][0]["Owner"]["ID"]
    second = s3.list_objects_v2(Bucket=tree, MaxKeys=2, ContinuationToken=first["NextContinuationToken"])
    assert [item["Key"] for item in second["Contents"]] == ["b/2", "b/c/3"]
    empty = s3.list_objects_v2(Bucket=tree, MaxKeys=0)
    assert not empty["IsTruncated"] and empty["KeyCount"] == 0
    assert failure(s3.list_objects_v2, Bucket=tree, ContinuationToken="made up")[0] == "InvalidArgument"
    versions = s3.list_object_versions(Bucket=tree, Prefix="b/")["Versions"]
    assert [(item["Key"], item["VersionId"], item["IsLatest"]) for item in versions][0] == ("b/1", "null", True)


def test_more_than_one_page_by_default(s3, bucket):
    names = [f"{number:05}" for number in range(1010)]
    threads = [threading.Thread(target=lambda part: [s3.put_object(Bucket=bucket, Key=name, Body=b"") for name in part],
                                args=(names[start::8],)) for start in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert s3.list_objects_v2(Bucket=bucket)["KeyCount"] == 1000
    assert keys(s3, bucket) == names
    deleted = s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": name} for name in names[:1000]], "Quiet": True})
    assert "Deleted" not in deleted
    assert keys(s3, bucket) == names[1000:]
    too_many = {"Objects": [{"Key": name} for name in names[:1001]]}
    assert failure(s3.delete_objects, Bucket=bucket, Delete=too_many) == ("MalformedXML", 400)


def test_copy(s3, bucket):
    s3.put_object(Bucket=bucket, Key="k", Body=b"x", Metadata={"a": "1"}, ContentType="text/plain")
    s3.copy_object(Bucket=bucket, Key="c", CopySource=f"{bucket}/k")
    assert s3.head_object(Bucket=bucket, Key="c")["Metadata"] == {"a": "1"}
    s3.copy_object(Bucket=bucket, Key="c", CopySource=f"{bucket}/k", MetadataDirective="REPLACE", Metadata={"b": "2"})
    head = s3.head_object(Bucket=bucket, Key="c")
    assert head["Metadata"] == {"b": "2"} and head["ContentType"] == "binary/octet-stream"
    assert failure(s3.copy_object, Bucket=bucket, Key="k", CopySource=f"{bucket}/k") == ("InvalidRequest", 400)
    assert failure(s3.copy_object, Bucket=bucket, Key="c", CopySource=f"{bucket}/absent") == ("NoSuchKey", 404)


def test_multipart(s3, bucket):
    upload = s3.create_multipart_upload(Bucket=bucket, Key="k", Metadata={"a": "1"})["UploadId"]
    parts, bodies = [], {1: b"a" * 5 * MIB, 2: b"b" * 5 * MIB, 3: b"end"}
    for number in 3, 1, 2:
        etag = s3.upload_part(Bucket=bucket, Key="k", UploadId=upload, PartNumber=number, Body=bodies[number])["ETag"]
        parts.append({"PartNumber": number, "ETag": etag})
    listed = s3.list_parts(Bucket=bucket, Key="k", UploadId=upload)
    assert [(part["PartNumber"], part["Size"]) for part in listed["Parts"]] == [(1, 5 * MIB), (2, 5 * MIB), (3, 3)]
    assert [one["UploadId"] for one in s3.list_multipart_uploads(Bucket=bucket)["Uploads"]] == [upload]
    complete = {"Bucket": bucket, "Key": "k", "UploadId": upload}
    assert failure(s3.complete_multipart_upload, **complete, MultipartUpload={"Parts": parts}) == ("InvalidPartOrder", 400)
    parts.sort(key=lambda part: part["PartNumber"])
    wrong = [dict(parts[0], ETag='"x"')] + parts[1:]
    assert failure(s3.complete_multipart_upload, **complete, MultipartUpload={"Parts": wrong}) == ("InvalidPart", 400)
    done = s3.complete_multipart_upload(**complete, MultipartUpload={"Parts": parts})
    digests = b"".join(hashlib.md5(bodies[number]).digest() for number in (1, 2, 3))
    assert done["ETag"] == f'"{hashlib.md5(digests).hexdigest()}-3"'
    assert s3.complete_multipart_upload(**complete, MultipartUpload={"Parts": parts})["ETag"] == done["ETag"]
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == bodies[1] + bodies[2] + bodies[3]
    assert s3.get_object(Bucket=bucket, Key="k", Range=f"bytes={5 * MIB - 1}-{5 * MIB}")["Body"].read() == b"ab"
    part = s3.get_object(Bucket=bucket, Key="k", PartNumber=3)
    assert part["Body"].read() == b"end" and part["PartsCount"] == 3
    assert failure(s3.upload_part, **complete, PartNumber=1, Body=b"x") == ("NoSuchUpload", 404)


def test_small_parts_and_aborting(s3, bucket):
    upload = s3.create_multipart_upload(Bucket=bucket, Key="k")["UploadId"]
    parts = [{"PartNumber": number, "ETag": s3.upload_part(Bucket=bucket, Key="k", UploadId=upload, PartNumber=number,
                                                           Body=b"small")["ETag"]} for number in (1, 2)]
    assert failure(s3.complete_multipart_upload, Bucket=bucket, Key="k", UploadId=upload,
                   MultipartUpload={"Parts": parts}) == ("EntityTooSmall", 400)
    s3.abort_multipart_upload(Bucket=bucket, Key="k", UploadId=upload)
    assert "Uploads" not in s3.list_multipart_uploads(Bucket=bucket)
    assert failure(s3.list_parts, Bucket=bucket, Key="k", UploadId=upload) == ("NoSuchUpload", 404)


def test_parts_by_copy(s3, bucket):
    s3.put_object(Bucket=bucket, Key="source", Body=b"0123456789")
    upload = s3.create_multipart_upload(Bucket=bucket, Key="k")["UploadId"]
    copied = s3.upload_part_copy(Bucket=bucket, Key="k", UploadId=upload, PartNumber=1, CopySource=f"{bucket}/source",
                                 CopySourceRange="bytes=2-5")["CopyPartResult"]
    s3.complete_multipart_upload(Bucket=bucket, Key="k", UploadId=upload,
                                 MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": copied["ETag"]}]})
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"2345"


def test_multipart_checksum(s3, bucket):
    upload = s3.create_multipart_upload(Bucket=bucket, Key="k", ChecksumAlgorithm="SHA256")["UploadId"]
    part = s3.upload_part(Bucket=bucket, Key="k", UploadId=upload, PartNumber=1, Body=b"x", ChecksumAlgorithm="SHA256")
    done = s3.complete_multipart_upload(
        Bucket=bucket, Key="k", UploadId=upload,
        MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": part["ETag"], "ChecksumSHA256": part["ChecksumSHA256"]}]})
    expected = base64.b64encode(hashlib.sha256(hashlib.sha256(b"x").digest()).digest()).decode() + "-1"
    assert done["ChecksumSHA256"] == expected
    assert s3.head_object(Bucket=bucket, Key="k", ChecksumMode="ENABLED")["ChecksumSHA256"] == expected
    assert s3.get_object(Bucket=bucket, Key="k", ChecksumMode="ENABLED")["Body"].read() == b"x"


@pytest.mark.parametrize("version", ["s3", "s3v4"])
def test_presigned(server, bucket, version):
    client = server.client("s3", signature_version=version)
    put = client.generate_presigned_url("put_object", Params={"Bucket": bucket, "Key": "a b/é"})
    request = urllib.request.Request(put, data=b"presigned", method="PUT")
    request.add_unredirected_header("Content-Type", "")
    urllib.request.urlopen(request, timeout=10).close()
    get = client.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": "a b/é"})
    assert urllib.request.urlopen(get, timeout=10).read() == b"presigned"
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(get.replace("Signature=", "Signature=A"), timeout=10)
    assert refused.value.code == 403
    assert b"<Code>SignatureDoesNotMatch</Code>" in refused.value.read()


def test_tags(s3, bucket):
    s3.put_object(Bucket=bucket, Key="k", Body=b"")
    tags = [{"Key": "a", "Value": "1"}, {"Key": "b", "Value": ""}]
    s3.put_object_tagging(Bucket=bucket, Key="k", Tagging={"TagSet": tags})
    assert s3.get_object_tagging(Bucket=bucket, Key="k")["TagSet"] == tags
    assert s3.get_object(Bucket=bucket, Key="k")["TagCount"] == 2
    s3.delete_object_tagging(Bucket=bucket, Key="k")
    assert s3.get_object_tagging(Bucket=bucket, Key="k")["TagSet"] == []
    assert failure(s3.get_bucket_tagging, Bucket=bucket) == ("NoSuchTagSet", 404)
    s3.put_bucket_tagging(Bucket=bucket, Tagging={"TagSet": tags})
    assert s3.get_bucket_tagging(Bucket=bucket)["TagSet"] == tags


def test_settings(s3, bucket):
    assert "Status" not in s3.get_bucket_versioning(Bucket=bucket)
    grants = s3.get_bucket_acl(Bucket=bucket)["Grants"]
    assert [grant["Permission"] for grant in grants] == ["FULL_CONTROL"]
    assert failure(s3.get_bucket_policy, Bucket=bucket) == ("NoSuchBucketPolicy", 404)
    assert failure(s3.get_bucket_cors, Bucket=bucket) == ("NoSuchCORSConfiguration", 404)
    assert failure(s3.get_bucket_lifecycle_configuration, Bucket=bucket) == ("NoSuchLifecycleConfiguration", 404)
    assert s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]["BlockPublicAcls"]
    assert s3.get_bucket_request_payment(Bucket=bucket)["Payer"] == "BucketOwner"
    assert failure(s3.put_bucket_request_payment, Bucket=bucket,
                   RequestPaymentConfiguration={"Payer": "Requester"}) == ("NotImplemented", 501)


def test_versions(s3, bucket):
    s3.put_object(Bucket=bucket, Key="k", Body=b"zero")
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    assert s3.get_bucket_versioning(Bucket=bucket)["Status"] == "Enabled"
    first = s3.put_object(Bucket=bucket, Key="k", Body=b"one")["VersionId"]
    upload = s3.create_multipart_upload(Bucket=bucket, Key="k")["UploadId"]
    etag = s3.upload_part(Bucket=bucket, Key="k", UploadId=upload, PartNumber=1, Body=b"two")["ETag"]
    done = s3.complete_multipart_upload(Bucket=bucket, Key="k", UploadId=upload,
                                        MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": etag}]})
    read = s3.get_object(Bucket=bucket, Key="k")
    assert (read["Body"].read(), read["VersionId"]) == (b"two", done["VersionId"])
    assert s3.get_object(Bucket=bucket, Key="k", VersionId=first)["Body"].read() == b"one"
    assert s3.get_object(Bucket=bucket, Key="k", VersionId="null")["Body"].read() == b"zero"
    deleted = s3.delete_object(Bucket=bucket, Key="k")
    assert deleted["DeleteMarker"]
    assert failure(s3.get_object, Bucket=bucket, Key="k") == ("NoSuchKey", 404)
    assert failure(s3.head_object, Bucket=bucket, Key="k", VersionId=deleted["VersionId"]) == ("405", 405)
    assert keys(s3, bucket) == []
    listed = s3.list_object_versions(Bucket=bucket)
    assert [version["IsLatest"] for version in listed["Versions"]] == [False] * 3
    assert listed["DeleteMarkers"][0]["IsLatest"]
    assert failure(s3.delete_bucket, Bucket=bucket) == ("BucketNotEmpty", 409)
    s3.delete_object(Bucket=bucket, Key="k", VersionId=deleted["VersionId"])
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"two"
    listed = s3.list_object_versions(Bucket=bucket)["Versions"]
    s3.delete_objects(Bucket=bucket, Delete={
        "Objects": [{"Key": version["Key"], "VersionId": version["VersionId"]} for version in listed]})
    s3.delete_bucket(Bucket=bucket)


def test_cors(server, s3, bucket):
    rule = {"AllowedMethods": ["PUT"], "AllowedOrigins": ["https://*.example.org"], "AllowedHeaders": ["*"],
            "ExposeHeaders": ["ETag"], "MaxAgeSeconds": 60}

    def preflight(origin):
        request = urllib.request.Request(f"{server.url}/{bucket}/key", method="OPTIONS", headers={
            "Origin": origin, "Access-Control-Request-Method": "PUT", "Access-Control-Request-Headers": "x-amz-date"})
        try:
            with urllib.request.urlopen(request) as answer:
                return answer.headers["Access-Control-Allow-Origin"]
        except urllib.error.HTTPError as error:
            return error.code

    assert preflight("https://a.example.org") == "*"
    s3.put_bucket_cors(Bucket=bucket, CORSConfiguration={"CORSRules": [rule]})
    assert s3.get_bucket_cors(Bucket=bucket)["CORSRules"] == [rule]
    assert preflight("https://a.example.org") == "https://a.example.org"
    assert preflight("https://elsewhere.org") == 403
    s3.delete_bucket_cors(Bucket=bucket)
    assert preflight("https://elsewhere.org") == "*"


def post_form(server, bucket, post, content, content_type="multipart/form-data; boundary=XX"):
    parts = [f'--XX\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
             for name, value in post["fields"].items()]
    parts.append(b'--XX\r\nContent-Disposition: form-data; name="file"; filename="f.txt"\r\n\r\n' + content +
                 b"\r\n--XX--\r\n")
    request = urllib.request.Request(post["url"], b"".join(parts), {"Content-Type": content_type}, method="POST")
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


@pytest.mark.parametrize("version", ["s3v4", "s3"])
def test_upload_by_form(server, s3, bucket, version):
    signer = server.client("s3", signature_version=version)
    conditions = [["starts-with", "$x-amz-meta-a", ""], ["content-length-range", 1, 100_000]]
    post = signer.generate_presigned_post(bucket, "up/${filename}", Fields={"x-amz-meta-a": "b"}, Conditions=conditions)
    assert post_form(server, bucket, post, b"x" * 90_000)[0] == 204
    read = s3.get_object(Bucket=bucket, Key="up/f.txt")
    assert (read["Body"].read(), read["Metadata"]) == (b"x" * 90_000, {"a": "b"})
    status, body = post_form(server, bucket, post, b"x" * 100_001)
    assert status == 400 and "EntityTooLarge" in body
    post["fields"]["acl"] = "private"
    status, body = post_form(server, bucket, post, b"x")
    assert status == 403 and "Extra input fields: acl" in body
    del post["fields"]["acl"]
    post["fields"]["policy"] = post["fields"]["policy"][:-4] + "AAAA"
    status, body = post_form(server, bucket, post, b"x")
    assert status == 403 and "SignatureDoesNotMatch" in body


def test_survives_a_kill(new_server, unique):
    server = new_server()
    s3 = server.client("s3")
    s3.create_bucket(Bucket=unique)
    s3.put_object(Bucket=unique, Key="kept", Body=b"x" * 100_000)
    upload = s3.create_multipart_upload(Bucket=unique, Key="k")["UploadId"]
    etag = s3.upload_part(Bucket=unique, Key="k", UploadId=upload, PartNumber=1, Body=b"part")["ETag"]
    server.stop(9)
    server.start()
    s3 = server.client("s3")
    assert s3.get_object(Bucket=unique, Key="kept")["Body"].read() == b"x" * 100_000
    s3.complete_multipart_upload(Bucket=unique, Key="k", UploadId=upload,
                                 MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": etag}]})
    assert keys(s3, unique) == ["k", "kept"]
