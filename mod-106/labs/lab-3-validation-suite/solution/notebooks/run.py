"""Runs notebooks from top to bottom, without a browser, and compares what they say now with what was committed.

    python run.py [--write] NOTEBOOK…

Run ids, times and addresses differ from run to run; they are struck out on both sides, and notices on standard error (a slow server,
a request tried twice) are not compared. Exit code 0: the same; 1: something else,
which is shown; 2: no such notebook. With --write, the outputs of this run become the committed ones.
"""

import difflib
import os
import re
import sys
import tempfile
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

CHANGES = [
    (re.compile(r"\b[0-9a-f]{32}\b"), "<run>"),
    (re.compile(r"sha256:[0-9a-f]{64}"), "sha256:<digest>"),
    (re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(Z| UTC|[+-]\d\d:\d\d)?"), "<time>"),
    (re.compile(r"http://127\.0\.0\.1:\d+"), "<server>"),
    (re.compile(r"View run \S+"), "View run <name>"),
    (re.compile(r"/experiments/\d+"), "/experiments/<number>"),
    (re.compile(r"/tmp/[\w./-]+"), "<file>"),
]


# Progress bars and notices are about the machine, not about the result.
QUIET = {"MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false", "MLFLOW_DISABLE_TELEMETRY": "true", "PYTHONWARNINGS": "ignore"}


def struck_out(text):
    for pattern, word in CHANGES:
        text = pattern.sub(word, text)
    return text


def said(notebook):
    """What a reader sees below each cell, as lines."""
    lines = []
    for number, cell in enumerate(cell for cell in notebook.cells if cell.cell_type == "code"):
        lines.append(f"--- cell {number + 1}")
        for output in cell.outputs:
            if output.get("name") == "stderr":
                continue
            text = output.get("text") or output.get("data", {}).get("text/plain", "")
            for kind in ("image/svg+xml", "text/html"):
                text = output.get("data", {}).get(kind, text)
            lines += struck_out("".join(text)).splitlines()
    return lines


def tidied(notebook):
    """Without what says when, and by which kernel, it ran."""
    notebook.metadata = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}
    for cell in notebook.cells:
        cell.metadata = {}
        for output in cell.get("outputs", []):
            if "text" in output:
                output["text"] = struck_out(output["text"])
    return notebook


def execute(notebook):
    """Runs it in a folder of its own. The kernel is spoken to through sockets in a folder, not through ports: a port that is free when
    it is chosen may be taken when the kernel comes to bind it, on a machine where much else starts."""
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory(prefix="jp-") as sockets:
        client = NotebookClient(
            notebook, timeout=300, startup_timeout=180, kernel_name="python3", resources={"metadata": {"path": folder}}
        )
        kernel = client.create_kernel_manager()
        kernel.transport, kernel.ip = "ipc", f"{sockets}/kernel"
        client.execute()


def main(words):
    write, paths = "--write" in words, [Path(word) for word in words if word != "--write"]
    if not paths or not all(path.is_file() for path in paths):
        print(__doc__, file=sys.stderr)
        return 2
    os.environ.update(QUIET)
    same = True
    for path in paths:
        committed = nbformat.read(path, as_version=4)
        notebook = nbformat.read(path, as_version=4)
        try:
            execute(notebook)
        except CellExecutionError as error:
            print(f"{path.name}: a cell failed\n{error}", file=sys.stderr)
            same = False
            continue
        if write:
            nbformat.write(tidied(notebook), path)
            print(f"{path.name}: written")
            continue
        difference = list(difflib.unified_diff(said(committed), said(notebook), "committed", "now", lineterm=""))
        print(f"{path.name}: {'something else' if difference else 'the same'}")
        print("\n".join(difference), file=sys.stderr)
        same = same and not difference
    return 0 if same else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
