"""How MLflow's application is served: gunicorn's settings, and the secrets handed over without environment or arguments.

`mlflow server` would put the database's URL and the form secret into the environment of every worker, where `/proc`, `docker inspect`
and each child process show them. Here they come from files: the database login through libpq's service file, the S3 key through the
AWS shared credentials file, the admin's first password and the form secret through what this file writes or sets in memory.
Settings come from TRACKING_* variables, none of them secret. Next on the way: authorization.py.
"""

import os
from pathlib import Path

RUN = Path(os.environ["TRACKING_RUN"])
SECRETS = Path(os.environ["TRACKING_SECRETS"])

bind = os.environ["TRACKING_BIND"]
pidfile = str(RUN / "gunicorn.pid")
# A socket file is for the proxy alone to find; who may connect is decided by its folder.
umask = 0o007
# Two processes for two cores; threads, so that a slow artifact does not hold up every metric.
workers = int(os.environ.get("TRACKING_WORKERS", "2"))
worker_class = "draining_worker.DrainingWorker"
threads = 8
# One import of MLflow for all workers, its migrations run once and not in a race; workers share the memory of it.
preload_app = True
# Artifacts of gigabytes take minutes; the worker beats the heart beside its threads, so this only catches a hung process.
timeout = 120
graceful_timeout = 30
# The proxy makes a connection for each request.
keepalive = 0
worker_tmp_dir = str(RUN)
# The proxy keeps the access log. Python's own warnings and errors go to standard error.
accesslog = None
errorlog = "-"
loglevel = "info"
proc_name = "tracking"
wsgi_app = "mlflow.server.auth:create_app()"

# What `mlflow server` would hand over from its arguments.
os.environ["_MLFLOW_SERVER_FILE_STORE"] = "postgresql+psycopg2:///?service=tracking"
os.environ["_MLFLOW_SERVER_REGISTRY_STORE"] = os.environ["_MLFLOW_SERVER_FILE_STORE"]
os.environ["_MLFLOW_SERVER_ARTIFACT_ROOT"] = "mlflow-artifacts:/"
os.environ["_MLFLOW_SERVER_ARTIFACT_DESTINATION"] = os.environ["TRACKING_ARTIFACTS"]
os.environ["_MLFLOW_SERVER_SERVE_ARTIFACTS"] = "true"
os.environ["MLFLOW_AUTH_CONFIG_PATH"] = str(RUN / "basic_auth.ini")
# Set in this process's memory: /proc/PID/environ shows only what a process was started with.
os.environ["MLFLOW_FLASK_SERVER_SECRET_KEY"] = (SECRETS / "flask-secret-key").read_text().strip()


def write_auth_settings():
    """MLflow reads the admin's first password from an INI file only, so it is written for the owner alone, at each start."""
    content = f"""[mlflow]
default_permission = {os.environ["TRACKING_DEFAULT_PERMISSION"]}
database_uri = postgresql+psycopg2:///?service=accounts
admin_username = {os.environ["TRACKING_ADMIN"]}
admin_password = {(SECRETS / "admin-password").read_text().strip()}
authorization_function = authorization:authenticate
"""
    path = RUN / "basic_auth.ini"
    path.unlink(missing_ok=True)
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(content)


write_auth_settings()


def pre_fork(server, worker):
    """Closes the connections that the import made: a forked socket shared by two workers mixes up their answers."""
    from mlflow.server import auth, handlers
    from version_numbers import give_out_in_turn

    auth.store.engine.dispose()
    if handlers._tracking_store is None:
        # Migrations run here, once, before the first worker exists.
        handlers.initialize_backend_stores(
            os.environ["_MLFLOW_SERVER_FILE_STORE"],
            os.environ["_MLFLOW_SERVER_REGISTRY_STORE"],
            os.environ["_MLFLOW_SERVER_ARTIFACT_ROOT"],
        )
        give_out_in_turn(handlers._model_registry_store)
    for store in (handlers._tracking_store, handlers._model_registry_store):
        store.engine.dispose()


def post_fork(server, worker):
    """The password is needed once, to make the admin; after that the file would only be one more copy of it."""
    (RUN / "basic_auth.ini").unlink(missing_ok=True)


def worker_exit(server, worker):
    """A drained worker has nothing left to do; Python would spend seconds taking MLflow's modules apart first."""
    if worker.draining:
        os._exit(0)
