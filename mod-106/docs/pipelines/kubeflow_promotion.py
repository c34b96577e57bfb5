"""Validates a registered model version and promotes it to staging: Kubeflow Pipelines components that call the command mod-106.

A component is shipped as source, so each holds all that it needs. `python kubeflow_promotion.py` compiles the pipeline.
"""

from kfp import compiler, dsl

# Pin it by digest in your own copy.
IMAGE = "registry.example.com/ml-platform/mod-106:1"


@dsl.component(base_image=IMAGE, packages_to_install=[])
def validate(spec: str, run_id: str, model: str, version: str) -> str:
    import subprocess

    words = ["mod-106", "validate", spec, "--log-to-run", run_id, "--model", model, "--version", version]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    print(done.stderr)
    if done.returncode != 0:
        # Kubeflow knows no third outcome: undecided (4) must not promote, so it stops the pipeline as a failure does.
        raise SystemExit(done.returncode)
    return version


@dsl.component(base_image=IMAGE, packages_to_install=[])
def promote(model: str, version: str) -> str:
    import json
    import subprocess

    words = ["mod-106", "promote", "to", "staging", model, "--version", version, "--json"]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    print(done.stderr)
    if done.returncode != 0:
        raise SystemExit(done.returncode)
    return json.loads(done.stdout)["outcome"]


@dsl.pipeline(name="promotion", description="Validates a model version and promotes it to staging.")
def promotion(spec: str, run_id: str, model: str, version: str) -> str:
    validated = validate(spec=spec, run_id=run_id, model=model, version=version)
    # The version comes out of the validation, so that nothing is promoted without one. Servers out of reach (3) are tried again; all is
    # repeatable.
    validated.set_retry(num_retries=3, backoff_duration="60s", backoff_factor=2.0)
    promoted = promote(model=model, version=validated.output)
    promoted.set_retry(num_retries=3, backoff_duration="60s", backoff_factor=2.0)
    return promoted.output


if __name__ == "__main__":
    compiler.Compiler().compile(promotion, "promotion.yaml")
