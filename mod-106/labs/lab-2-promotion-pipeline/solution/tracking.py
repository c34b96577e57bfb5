"""The tracking server, by way of `mod-106`: one function, so that no script here knows HTTP, tokens or retries."""

import json
import subprocess


class Refused(Exception):
    """`mod-106` said no; the message is its own."""


def mod_106(*words):
    """Calls `mod-106 … --json`, and answers what it printed."""
    done = subprocess.run(["mod-106", *words, "--json"], capture_output=True, text=True)
    if done.returncode != 0:
        raise Refused(f"mod-106 {' '.join(words[:2])}: {done.stderr.strip()}")
    return json.loads(done.stdout) if done.stdout.strip() else None
