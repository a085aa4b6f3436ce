from __future__ import annotations

import pytest

from brt_watch.errors import SparkFailed
from brt_watch.transform.spark_storage import storage_of, what_is_missing


@pytest.mark.parametrize(
    ("address", "expected", "settings"),
    [
        ("/mnt/share/lake", "/mnt/share/lake", {}),
        ("gs://bucket/brt", "gs://bucket/brt", {}),
        ("s3a://bucket/brt", "s3a://bucket/brt", {}),
        ("s3://bucket/brt/?region=sa-east-1", "s3a://bucket/brt", {"endpoint.region": "sa-east-1"}),
        (
            "s3://id:a%2Fb@bucket/brt?endpoint_override=127.0.0.1:9000&scheme=http",
            "s3a://bucket/brt",
            {
                "endpoint": "http://127.0.0.1:9000",
                "connection.ssl.enabled": "false",
                "path.style.access": "true",
                "access.key": "id",
                "secret.key": "a/b",
            },
        ),
    ],
)
def test_spark_takes_the_addresses_of_lake_push(address: str, expected: str, settings: dict[str, str]) -> None:
    assert storage_of(address) == (expected, {f"spark.hadoop.fs.s3a.{name}": settings[name] for name in settings})


def test_an_unknown_parameter_of_the_storage_is_refused() -> None:
    with pytest.raises(SparkFailed, match="unknown parameter: regoin"):
        storage_of("s3://bucket/brt?regoin=x")


def test_a_missing_library_of_the_storage_is_named() -> None:
    missing = "java.lang.ClassNotFoundException: Class org.apache.hadoop.fs."
    assert "hadoop-aws:3.5.0" in what_is_missing(f"x {missing}s3a.S3AFileSystem not found", "3.5.0")
    assert "no library for this storage" in what_is_missing(f"{missing}gs.GoogleHadoopFileSystem", "3.5.0")
    assert what_is_missing("java.io.IOException: s3a", "3.5.0") == ""
