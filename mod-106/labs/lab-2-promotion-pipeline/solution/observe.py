"""Watches canary and champion until both took enough requests, and writes what was seen of each.

    python observe.py churn VERSION observations.json [--enough N] [--minutes M]

GATEWAY_URL/requests?model=MODEL answers what the gateway logged since the canary began, as JSON Lines:
`{"version": "3", "ok": true, "latency_ms": 21.5, "quality": 1.0}`; quality comes later than the rest, or never. Whether enough was seen
is decided by the engine: what is here when the time is up is written down, and may be inconclusive.
"""

import argparse
import json
import os
import sys
import time
import urllib.parse
import urllib.request

from tracking import mod_106


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model")
    parser.add_argument("version")
    parser.add_argument("file")
    parser.add_argument("--enough", type=int, default=1000, help="samples of everything, on both sides")
    parser.add_argument("--minutes", type=float, default=90)
    given = parser.parse_args()
    gateway = os.environ.get("GATEWAY_URL") or sys.exit("GATEWAY_URL is not set: where are requests logged?")

    # The first champion has nobody to be compared with: the canary then stands on both sides, and the engine does not look.
    champion = mod_106("promote", "status", given.model)["aliases"].get("champion", given.version)
    deadline = time.monotonic() + 60 * given.minutes
    while True:
        requests = logged(gateway, given.model)
        seen = {"baseline": side(requests, str(champion)), "canary": side(requests, given.version)}
        counts = [len(each[key]) for each in seen.values() for key in ("latency_ms", "quality")]
        if min(counts) >= given.enough or time.monotonic() > deadline:
            break
        time.sleep(15)
    # First whole, then there: what reads it next never finds half a file.
    with open(given.file + ".part", "w") as file:
        json.dump(seen, file)
    os.replace(given.file + ".part", given.file)
    print(f"seen of the champion, and of the canary: {counts[0]} and {counts[2]} requests")


def logged(gateway, model):
    address = f"{gateway.rstrip('/')}/requests?{urllib.parse.urlencode({'model': model})}"
    with urllib.request.urlopen(address, timeout=30) as answer:
        return [json.loads(line) for line in answer if line.strip()]


def side(requests, version):
    """What was seen of one version, as `mod-106 promote --observations` reads it."""
    own = [each for each in requests if each["version"] == version]
    return {
        "version": version,
        "requests": len(own),
        "errors": sum(not each["ok"] for each in own),
        "latency_ms": [each["latency_ms"] for each in own if each["ok"]],
        "quality": [each["quality"] for each in own if each.get("quality") is not None],
    }


if __name__ == "__main__":
    main()
