"""Every definition under examples/ runs."""
import pipelines

EXAMPLES = pipelines.ROOT / "examples"


def test_two_steps(server, bucket, unique):
    pipeline = pipelines.run(server, unique, EXAMPLES / "two-steps.json", myFolder=f"s3://{bucket}/out",
                             myLogs=f"s3://{bucket}/logs")
    done = pipelines.wait(server, pipeline)
    assert {f["@status"] for f in done.values()} == {"FINISHED"}, pipelines.status(server, pipeline)
    s3 = server.client("s3")
    keys = [o["Key"] for o in s3.list_objects_v2(Bucket=bucket)["Contents"]]
    [greeting] = [k for k in keys if k.startswith("out/")]
    assert s3.get_object(Bucket=bucket, Key=greeting)["Body"].read().decode() == f"hello from {pipeline}\n"
    [output] = [k for k in keys if "/Count/" in k and k.endswith("StdOutput")]
    assert s3.get_object(Bucket=bucket, Key=output)["Body"].read().decode().split()[0] == "3"


def test_all_examples_are_tested():
    assert {p.name for p in EXAMPLES.glob("*.json")} == {"two-steps.json"}
