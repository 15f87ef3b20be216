"""Local S3 against the aws CLI's own commands."""
import os


def test_mb_cp_ls_rm_rb(server, unique, tmp_path):
    uri = f"s3://{unique}"
    server.aws("s3", "mb", uri)
    source, back = tmp_path / "a b.txt", tmp_path / "back"
    source.write_text("hello")
    server.aws("s3", "cp", str(source), f"{uri}/dir/")
    server.aws("s3", "cp", f"{uri}/dir/a b.txt", f"{uri}/copy.txt")
    assert "PRE dir/" in server.aws("s3", "ls", uri).stdout
    assert "copy.txt" in server.aws("s3", "ls", f"{uri}/", "--recursive", "--summarize").stdout
    server.aws("s3", "cp", f"{uri}/dir/a b.txt", str(back))
    assert back.read_text() == "hello"
    assert server.aws("s3", "cp", f"{uri}/copy.txt", "-").stdout == "hello"
    assert "BucketNotEmpty" in server.aws("s3", "rb", uri, check=False).stderr
    server.aws("s3", "rm", f"{uri}/copy.txt")
    server.aws("s3", "rb", uri, "--force")
    assert "NoSuchBucket" in server.aws("s3", "ls", uri, check=False).stderr


def test_a_large_file_goes_in_parts(server, bucket, tmp_path):
    source, back = tmp_path / "large", tmp_path / "back"
    source.write_bytes(os.urandom(20 << 20))
    server.aws("s3", "cp", str(source), f"s3://{bucket}/large", "--only-show-errors")
    head = server.client("s3").head_object(Bucket=bucket, Key="large")
    assert head["ContentLength"] == 20 << 20 and head["ETag"].endswith('-3"')
    server.aws("s3", "cp", f"s3://{bucket}/large", str(back), "--only-show-errors")
    assert back.read_bytes() == source.read_bytes()
    server.aws("s3", "cp", f"s3://{bucket}/large", f"s3://{bucket}/again", "--only-show-errors")
    server.aws("s3", "mv", f"s3://{bucket}/again", str(back), "--only-show-errors")
    assert back.read_bytes() == source.read_bytes()


def test_sync(server, bucket, tmp_path):
    here, there = tmp_path / "here", tmp_path / "there"
    for number in range(12):
        path = here / f"d{number % 3}" / f"{number} ü+&.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(str(number))
    server.aws("s3", "sync", str(here), f"s3://{bucket}/tree")
    assert server.aws("s3", "sync", str(here), f"s3://{bucket}/tree").stdout == ""
    server.aws("s3", "sync", f"s3://{bucket}/tree", str(there))
    names = sorted(str(path.relative_to(here)) for path in here.rglob("*.txt"))
    assert sorted(str(path.relative_to(there)) for path in there.rglob("*.txt")) == names
    (here / names[0]).unlink()
    assert "delete:" in server.aws("s3", "sync", str(here), f"s3://{bucket}/tree", "--delete").stdout
    listed = server.client("s3").list_objects_v2(Bucket=bucket)["Contents"]
    assert [item["Key"] for item in listed] == ["tree/" + name for name in sorted(names[1:], key=str.encode)]
    server.aws("s3", "rm", f"s3://{bucket}/tree", "--recursive", "--only-show-errors")
    assert server.client("s3").list_objects_v2(Bucket=bucket)["KeyCount"] == 0


def test_sync_with_empty_files(server, bucket, tmp_path):
    """An empty body gets its "100 Continue" too, or this client waits a minute for the connection's next answer."""
    for number in range(20):
        (tmp_path / f"{number}.txt").write_text("x" * (number % 2))
    server.aws("s3", "sync", str(tmp_path), f"s3://{bucket}", timeout=40)
    assert server.client("s3").list_objects_v2(Bucket=bucket)["KeyCount"] == 20


def test_presigned_by_the_cli(server, bucket):
    import urllib.request
    server.client("s3").put_object(Bucket=bucket, Key="k", Body=b"cli")
    url = server.aws("s3", "presign", f"s3://{bucket}/k").stdout.strip()
    assert urllib.request.urlopen(url, timeout=10).read() == b"cli"
