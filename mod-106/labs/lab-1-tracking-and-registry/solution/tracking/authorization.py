"""Who may do what on the tracking server: MLflow's `authorization_function`, with everything that is not listed refused.

MLflow 2.22's basic-auth app checks permissions only on routes it knows a rule for; every other route is open to whoever has any
account. This module is called first on each request and closes that: it authenticates (once a request; MLflow would hash the
password three times), lets admins through, leaves routes with a rule of MLflow's own to MLflow, applies a rule from RULES to the
others, and refuses what has neither. A route that the next MLflow adds is therefore closed until somebody writes its rule.

What it does not do: look at the shape of a path (the proxy does, before Python sees it) or keep accounts (MLflow does).
"""

import hashlib
import hmac
import json
import re
import secrets
from collections import OrderedDict
from pathlib import PurePosixPath
from threading import Lock
from urllib.parse import quote, unquote, urlsplit

from flask import after_this_request, g, make_response, request
from mlflow.exceptions import MlflowException
from mlflow.server import auth
from mlflow.server.handlers import _get_artifact_repo_mlflow_artifacts, _get_tracking_store
from werkzeug.security import check_password_hash, generate_password_hash

# --- Authentication ---------------------------------------------------------------------------------------------------------


class VerifiedPasswords:
    """Remembers which passwords matched which stored hash, so that scrypt's 60 ms are spent once and not on every metric.

    The key holds the stored hash itself: a changed password, or a deleted user, is refused at once. Passwords are kept only as an
    HMAC under a key that dies with this process.
    """

    def __init__(self, size=256):
        self._key, self._size, self._seen, self._lock = secrets.token_bytes(32), size, OrderedDict(), Lock()

    def match(self, password_hash, password):
        """Whether the password is the one behind the hash."""
        entry = (password_hash, hmac.digest(self._key, password.encode(), hashlib.sha256))
        with self._lock:
            if entry in self._seen:
                self._seen.move_to_end(entry)
                return True
        if not check_password_hash(password_hash, password):
            return False
        with self._lock:
            self._seen[entry] = True
            while len(self._seen) > self._size:
                self._seen.popitem(last=False)
        return True


VERIFIED = VerifiedPasswords()
# An unknown user costs as much time as a wrong password, so that the clock does not tell who has an account.
NOBODYS_HASH = generate_password_hash(secrets.token_hex(16))


def authenticate():
    """MLflow calls this for every request, and again from its own rules: only the first call does any work."""
    if "tracking_authorization" in g:
        return g.tracking_authorization
    given = request.authorization
    if given is None or given.type != "basic" or given.username is None or given.password is None:
        return auth.make_basic_auth_response()
    try:
        user = auth.store.get_user(given.username)
    except MlflowException:
        user = None
    if not VERIFIED.match(user.password_hash if user else NOBODYS_HASH, given.password) or user is None:
        return auth.make_basic_auth_response()
    g.tracking_authorization = given
    after_this_request(name_file_in_ascii)
    return refusal(user) or given


def name_file_in_ascii(response):
    """MLflow puts an artifact's name into a header as it is; one outside Latin-1 would end the connection instead of the download."""
    disposition = response.headers.get("Content-Disposition", "")
    try:
        disposition.encode("latin-1")
    except UnicodeEncodeError:
        name = disposition.partition("filename=")[2]
        response.headers["Content-Disposition"] = "attachment; filename*=UTF-8''" + quote(name, safe="")
    return response


def refusal(user):
    """The answer that refuses this request, or None when it may go on."""
    if request.method == "POST" and request.path.endswith("/experiments/create"):
        if not is_ours(body().get("artifact_location") or "mlflow-artifacts:/"):
            return invalid("artifact_location must be left out, or lie in this deployment's artifact store")
    if request.method == "POST" and request.path.endswith("/model-versions/create"):
        # Also for prompts, whose tag has MLflow skip its own test (CVE-2026-2614); theirs names no file.
        if not is_ours(body().get("source"), "runs:/", "models:/") and body().get("source") != "dummy-source":
            return invalid("Invalid model version source")
    if request.url_rule is None:  # an unknown path is a 404, which Flask answers
        return None
    rule = re.sub(r"^/(ajax-)?api/2\.0/", "/", request.url_rule.rule)
    if rule in CLOSED:
        return auth.make_forbidden_response()
    if user.is_admin:
        return None
    if rule == "/mlflow/model-versions/create" and not source_is_readable():
        return auth.make_forbidden_response()
    if rule == "/mlflow/experiments/create" and body().get("artifact_location"):
        return auth.make_forbidden_response()
    if auth.BEFORE_REQUEST_VALIDATORS.get((request.path, request.method)):
        return None
    allowed = RULES.get((request.method, rule))
    return None if allowed and allowed() else auth.make_forbidden_response()


def invalid(message):
    return make_response({"error_code": "INVALID_PARAMETER_VALUE", "message": message}, 400)


# --- What a request speaks of -------------------------------------------------------------------------------------------------


def body():
    """The JSON body as MLflow will read it: maybe encoded twice (old clients), maybe in camelCase (protobuf accepts both)."""
    content = request.get_json(force=True, silent=True)
    if isinstance(content, str):
        try:
            content = json.loads(content)
        except ValueError:
            content = None
    if not isinstance(content, dict):
        return {}
    return {re.sub(r"[A-Z]", lambda found: "_" + found.group().lower(), key): value for key, value in content.items()}


def field(name):
    """A field of the body, or of the query of a GET."""
    return request.args.get(name) if request.method == "GET" else body().get(name)


def experiment_of_run(run_id):
    return _get_tracking_store().get_run(run_id).info.experiment_id


def experiment_of_artifact(path):
    """Proxied artifacts lie under their experiment's id."""
    first = PurePosixPath(path or "").parts[:1]
    return first[0] if first and first[0].isascii() and first[0].isdigit() else None


def on_experiment(experiment_id):
    if experiment_id is None:
        return auth.get_permission(auth.auth_config.default_permission)
    username = g.tracking_authorization.username
    return auth._get_permission_from_store_or_default(
        lambda: auth.store.get_experiment_permission(str(experiment_id), username).permission
    )


def on_model(name):
    username = g.tracking_authorization.username
    return auth._get_permission_from_store_or_default(
        lambda: auth.store.get_registered_model_permission(name, username).permission
    )


# --- Rules for the routes that MLflow 2.22 leaves open ------------------------------------------------------------------------


def anyone():
    return True


def reads_all_experiments():
    ids = request.args.getlist("experiment_ids") if request.method == "GET" else body().get("experiment_ids")
    return isinstance(ids, list) and all(on_experiment(each).can_read for each in ids)


def reads_all_runs():
    ids = request.args.getlist("run_id") + request.args.getlist("run_ids")
    return bool(ids) and all(on_experiment(experiment_of_run(each)).can_read for each in ids)


def reads_run():
    return on_experiment(experiment_of_run(field("run_id") or field("run_uuid"))).can_read


def updates_run():
    # upload-artifact names its run in the query although it is a POST.
    run_id = field("run_id") or request.args.get("run_uuid")
    return on_experiment(experiment_of_run(run_id)).can_update


def updates_experiment():
    return on_experiment(field("experiment_id")).can_update


def reads_model():
    return on_model(field("name")).can_read


def lists_artifacts():
    return on_experiment(experiment_of_artifact(request.args.get("path"))).can_read


def touches_artifact():
    """Download, upload and delete; MLflow has this rule for /api and forgot /ajax-api."""
    permission = on_experiment(experiment_of_artifact(request.view_args.get("artifact_path")))
    return {"GET": permission.can_read, "PUT": permission.can_update, "DELETE": permission.can_delete}[request.method]


def uploads_artifact():
    """Multipart upload: the same permission as uploading in one piece (CVE-2026-2651 is this rule missing)."""
    return on_experiment(experiment_of_artifact(request.view_args.get("artifact_path"))).can_update


def experiment_of_trace():
    given = request.view_args or {}
    trace_id = given.get("request_id") or given.get("trace_id") or request.args.get("request_id")
    return _get_tracking_store().get_trace_info(trace_id).experiment_id


def reads_trace():
    return on_experiment(experiment_of_trace()).can_read


def updates_trace():
    return on_experiment(experiment_of_trace()).can_update


def searches_versions():
    """MLflow answers with every model's versions; the ones this user may not read are taken out on the way back."""

    @after_this_request
    def keep_readable(response):
        content = response.get_json(silent=True) if response.status_code == 200 else None
        if content and content.get("model_versions"):
            readable = {name: on_model(name).can_read for name in {each["name"] for each in content["model_versions"]}}
            content["model_versions"] = [each for each in content["model_versions"] if readable[each["name"]]]
            response.set_data(json.dumps(content))
        return response

    return True


def is_ours(location, *schemes):
    """Whether a location lies in the artifact store: anywhere else, the server would read any file or URL that it can reach itself."""
    location = str(location or "")
    while (decoded := unquote(location)) != location:
        location = decoded
    store = _get_artifact_repo_mlflow_artifacts().artifact_uri.rstrip("/") + "/"
    plain = location.isprintable() and ".." not in location and not any(each in location for each in "#?\\")
    return plain and location.startswith(("mlflow-artifacts:/", store, *schemes))


def source_is_readable():
    """A version's files are readable by whoever may read the model, so its maker must be able to read them too."""
    source = urlsplit(str(body().get("source") or ""))
    if source.scheme == "mlflow-artifacts":
        experiment = experiment_of_artifact(source.path.lstrip("/"))
        return experiment is not None and on_experiment(experiment).can_read
    if source.scheme == "runs":
        return on_experiment(experiment_of_run(source.path.lstrip("/").split("/")[0])).can_read
    if source.scheme == "models":
        return on_model(source.path.lstrip("/").split("/")[0]).can_read
    return False


CLOSED = {
    # Nested queries without a bound (CVE-2025-0453), and no permissions; under basic auth 2.22 answers it with a 500 anyway.
    "/graphql",
    # Fetches a URL of the caller's choice from inside our network.
    "/mlflow/gateway-proxy",
    "/mlflow/runs/create-promptlab-run",
}
ARTIFACT = "/mlflow-artifacts/artifacts/<path:artifact_path>"
RULES = {
    # What every account may do. Searches for experiments and models are filtered by MLflow itself.
    ("GET", "/"): anyone,
    ("GET", "/version"): anyone,
    ("GET", "/static-files/<path:path>"): anyone,
    ("POST", "/mlflow/experiments/create"): anyone,
    ("GET", "/mlflow/experiments/search"): anyone,
    ("POST", "/mlflow/experiments/search"): anyone,
    ("POST", "/mlflow/registered-models/create"): anyone,
    ("GET", "/mlflow/registered-models/search"): anyone,
    # Runs and what hangs on them.
    ("POST", "/mlflow/runs/search"): reads_all_experiments,
    ("POST", "/mlflow/experiments/search-datasets"): reads_all_experiments,
    ("POST", "/api/2.0mlflow/experiments/search-datasets"): reads_all_experiments,
    ("POST", "/mlflow/runs/log-inputs"): updates_run,
    ("GET", "/mlflow/metrics/get-history-bulk"): reads_all_runs,
    ("GET", "/mlflow/metrics/get-history-bulk-interval"): reads_all_runs,
    ("GET", "/mlflow/model-versions/search"): searches_versions,
    # Artifacts, by each of the doors to them.
    ("GET", "/mlflow-artifacts/artifacts"): lists_artifacts,
    ("GET", ARTIFACT): touches_artifact,
    ("PUT", ARTIFACT): touches_artifact,
    ("DELETE", ARTIFACT): touches_artifact,
    ("POST", "/mlflow-artifacts/mpu/create/<path:artifact_path>"): uploads_artifact,
    ("POST", "/mlflow-artifacts/mpu/complete/<path:artifact_path>"): uploads_artifact,
    ("POST", "/mlflow-artifacts/mpu/abort/<path:artifact_path>"): uploads_artifact,
    ("POST", "/mlflow/upload-artifact"): updates_run,
    ("GET", "/get-artifact"): reads_run,
    ("GET", "/model-versions/get-artifact"): reads_model,
    # Traces.
    ("GET", "/mlflow/traces"): reads_all_experiments,
    ("POST", "/mlflow/traces"): updates_experiment,
    ("POST", "/mlflow/traces/delete-traces"): updates_experiment,
    ("GET", "/mlflow/traces/<request_id>/info"): reads_trace,
    ("PATCH", "/mlflow/traces/<request_id>"): updates_trace,
    ("PATCH", "/mlflow/traces/<request_id>/tags"): updates_trace,
    ("DELETE", "/mlflow/traces/<request_id>/tags"): updates_trace,
    ("GET", "/mlflow/get-trace-artifact"): reads_trace,
}
