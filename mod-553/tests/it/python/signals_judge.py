"""Judges what was exported with the programs that would read it; says what they found as JSON on standard output.

inferences FOLDER   Arize's client checks the table against the schema beside it, writes it as Arrow, and posts it to this process.
spans FOLDER        The same for spans and their evaluations; and their keys are OpenInference's.
findings FILE       Every line is a Detection Finding of OCSF 1.7.0, and nothing in it is unknown to that class.
"""

import http.server
import io
import json
import logging
import pathlib
import re
import sys
import threading


class Collector(http.server.BaseHTTPRequestHandler):
    bodies = []

    def do_POST(self):
        length = self.headers.get("content-length")
        if length is not None:
            body = self.rfile.read(int(length))
        else:
            body = b""
            while size := int(self.rfile.readline(), 16):
                body += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
        Collector.bodies.append(body)
        self.send_response(200)
        self.send_header("content-length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_):
        pass


def client():
    from arize.pandas.logger import Client

    logging.disable(logging.ERROR)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Collector)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    uri = f"http://127.0.0.1:{server.server_port}/v1"
    return Client(api_key="key", space_id="space", uri=uri, host="127.0.0.1", port=server.server_port)


def posted():
    """The rows and columns of each Arrow file that came."""
    import pyarrow

    found = []
    for body in Collector.bodies:
        table = pyarrow.ipc.open_stream(io.BytesIO(body)).read_all()
        found.append({"rows": table.num_rows, "columns": table.column_names})
    return found


def schema(told):
    from arize.utils.types import EmbeddingColumnNames, Schema

    embeddings = told.pop("embedding_feature_column_names", None)
    if embeddings:
        embeddings = {name: EmbeddingColumnNames(**columns) for name, columns in embeddings.items()}
    return Schema(**told, embedding_feature_column_names=embeddings)


def inferences(folder):
    import pandas
    from arize.utils.types import Environments, ModelTypes

    told = json.loads((folder / "schema.json").read_text())
    frames = [pandas.read_parquet(path) for path in [folder / "inferences.parquet"] if path.exists()]
    lines = folder / "inferences.jsonl"
    if lines.exists():
        frames.append(pandas.read_json(lines, lines=True, convert_dates=False, dtype={":id.id:": str}))
    frame = frames[0]
    # What the specification's readers take a name apart with.
    form = re.compile(r"^:(?P<category>\w+)\.(?P<type>\[\w+\]|\w+)(\.(?P<specifier>\w+))?:(?P<name>.*)?$")
    parts = [form.match(name).groupdict() for name in frame.columns]
    response = client().log(
        dataframe=frame,
        schema=schema(told["schema"]),
        environment=Environments[told["environment"]],
        model_id=told["model_id"],
        model_version="1",
        model_type=ModelTypes[told["model_type"]],
        override_max_past_years=20,
    )
    names = [part["name"] for part in parts if part["name"]]
    return {
        "status": response.status_code,
        "posted": posted(),
        "categories": sorted({part["category"] for part in parts}),
        "names_twice": len(names) - len(set(names)),
        "rows": len(frame),
        "first": json.loads(frame.head(1).to_json(orient="records"))[0],
    }


def spans(folder):
    import pandas
    from openinference.semconv.trace import OpenInferenceMimeTypeValues, OpenInferenceSpanKindValues, SpanAttributes

    known = {value for name, value in vars(SpanAttributes).items() if not name.startswith("_")}
    read = lambda name: pandas.read_json(folder / name, lines=True, convert_dates=False)
    frame, evaluations = read("spans.jsonl"), read("evaluations.jsonl")
    used = {name.removeprefix("attributes.") for name in frame.columns if name.startswith("attributes.")}
    kinds = set(frame["attributes.openinference.span.kind"])
    mimes = set(frame["attributes.input.mime_type"]) | set(frame["attributes.output.mime_type"])
    response = client().log_spans(dataframe=frame, evals_dataframe=evaluations, project_name="drift")
    return {
        "status": response.status_code,
        "posted": posted(),
        "unknown_attributes": sorted(used - known),
        "unknown_kinds": sorted(kinds - {kind.value for kind in OpenInferenceSpanKindValues}),
        "unknown_mime_types": sorted(mimes - {kind.value for kind in OpenInferenceMimeTypeValues}),
        "spans": len(frame),
        "evaluations": len(evaluations),
    }


def unknown(model, value, path=""):
    """Fields that the class does not know, at any depth."""
    found = []
    if isinstance(value, dict) and hasattr(type(model), "model_fields"):
        names = {field.alias or name for name, field in type(model).model_fields.items()} | set(type(model).model_fields)
        for key, inner in value.items():
            if key not in names:
                found.append(f"{path}{key}")
            else:
                found += unknown(getattr(model, key, None), inner, f"{path}{key}.")
    elif isinstance(value, list) and isinstance(model, list):
        for inner_model, inner in zip(model, value):
            found += unknown(inner_model, inner, path)
    return found


def findings(path):
    from ocsf.v1_7_0.events import DetectionFinding

    extra, count = set(), 0
    for line in path.read_text().splitlines():
        value = json.loads(line)
        extra.update(unknown(DetectionFinding.model_validate(value), value))
        count += 1
    return {"findings": count, "unknown": sorted(extra)}


if __name__ == "__main__":
    what, place = sys.argv[1], pathlib.Path(sys.argv[2])
    print(json.dumps({"inferences": inferences, "spans": spans, "findings": findings}[what](place)))
