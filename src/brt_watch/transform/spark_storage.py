"""The address of a lake for Spark: as `lake push` takes it, in the words of hadoop-aws.

    s3://bucket/brt?region=sa-east-1    s3a://bucket/brt, and spark.hadoop.fs.s3a.endpoint.region=sa-east-1

Keys of the environment (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY) are taken by Spark itself.
"""

from __future__ import annotations

from urllib.parse import parse_qsl, unquote, urlsplit

from brt_watch.errors import SparkFailed

MISSING = "java.lang.ClassNotFoundException: Class org.apache.hadoop.fs."
"""How Hadoop refuses an address whose storage it has no classes for."""


def storage_of(address: str) -> tuple[str, dict[str, str]]:
    """Return the address for Spark and the settings of its session; raises SparkFailed for an unknown parameter."""
    parts = urlsplit(address)
    if parts.scheme not in ("s3", "s3a"):
        return address, {}
    asked = dict(parse_qsl(parts.query))
    if unknown := set(asked) - {"region", "scheme", "endpoint_override", "allow_bucket_creation"}:
        raise SparkFailed(reason=f"the address of the storage has an unknown parameter: {', '.join(sorted(unknown))}")
    found = {}
    if endpoint := asked.get("endpoint_override"):
        scheme = asked.get("scheme", "https")
        found["endpoint"] = f"{scheme}://{endpoint}"
        found["connection.ssl.enabled"] = str(scheme == "https").lower()
        # Storage other than Amazon's seldom has a name for each bucket.
        found["path.style.access"] = "true"
    if region := asked.get("region"):
        found["endpoint.region"] = region
    if parts.username and parts.password:
        found |= {"access.key": unquote(parts.username), "secret.key": unquote(parts.password)}
    bucket = parts.netloc.rpartition("@")[2]
    return f"s3a://{bucket}{parts.path.rstrip('/')}", {f"spark.hadoop.fs.s3a.{name}": found[name] for name in found}


def what_is_missing(reason: str, hadoop: str) -> str:
    """Return what to do when Hadoop has no classes for a storage, and "" for any other reason."""
    if MISSING not in reason:
        return ""
    library = f"hadoop-aws, org.apache.hadoop:hadoop-aws:{hadoop}" if "s3a" in reason.partition(MISSING)[2][:20] else ""
    return f"Spark has no library for this storage ({library or 'see the docs of the storage'}); docs/how-to/scale.md"
