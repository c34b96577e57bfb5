"""Copies the artifacts between the bucket and a tar stream: `artifacts.py export >FILE` and `artifacts.py import <FILE`.

A stream, so that it passes through `docker exec` and needs no shared folder, and constant memory however large an object is. Objects are
numbered in the tar and named in its headers, because a key may be what no file can be called ("a" beside "a/b", a trailing slash).
Stores other than S3 have their own tools (`gcloud storage rsync`, replication); then this says so and copies nothing.
"""

import io
import os
import sys
import tarfile
import tempfile
from urllib.parse import urlsplit

import boto3

PART = 8 << 20


def store():
    """The client, the bucket and the prefix that TRACKING_ARTIFACTS names."""
    root = urlsplit(os.environ["TRACKING_ARTIFACTS"])
    if root.scheme != "s3":
        print(f"artifacts in {root.scheme}:// are not copied; use the store's own tool or its replication", file=sys.stderr)
        sys.exit(0)
    client = boto3.client("s3", endpoint_url=os.environ.get("MLFLOW_S3_ENDPOINT_URL") or None)
    return client, root.netloc, root.path.strip("/") + "/"


def export(out):
    client, bucket, prefix = store()
    with tarfile.open(fileobj=out, mode="w|", format=tarfile.PAX_FORMAT) as tar:
        number = 0
        for page in client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
            for listed in page.get("Contents", []):
                answer = client.get_object(Bucket=bucket, Key=listed["Key"])
                number += 1
                member = tarfile.TarInfo(f"{number:09}")
                member.size = answer["ContentLength"]
                member.pax_headers = {
                    "MLOPS.key": listed["Key"].removeprefix(prefix),
                    "MLOPS.type": answer.get("ContentType", "binary/octet-stream"),
                }
                tar.addfile(member, answer["Body"])
    print(f"{number} artifacts copied out of s3://{bucket}/{prefix}", file=sys.stderr)


def restore(source):
    client, bucket, prefix = store()
    number = 0
    with tarfile.open(fileobj=source, mode="r|") as tar:
        for member in tar:
            body = tar.extractfile(member)
            # The S3 client wants to rewind when it retries, which a stream cannot; small objects stay in memory, large ones do not.
            with tempfile.SpooledTemporaryFile(PART) as spool:
                while chunk := body.read(1 << 20):
                    spool.write(chunk)
                spool.seek(0)
                client.upload_fileobj(
                    io.BufferedReader(spool) if hasattr(spool, "readinto") else spool,
                    bucket,
                    prefix + member.pax_headers["MLOPS.key"],
                    ExtraArgs={"ContentType": member.pax_headers["MLOPS.type"]},
                )
            number += 1
    print(f"{number} artifacts copied into s3://{bucket}/{prefix}", file=sys.stderr)


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["export"]:
            export(sys.stdout.buffer)
        case ["import"]:
            restore(sys.stdin.buffer)
        case _:
            sys.exit("usage: artifacts.py export >FILE | artifacts.py import <FILE")
