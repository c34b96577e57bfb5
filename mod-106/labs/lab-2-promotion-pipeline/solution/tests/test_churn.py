"""The training, without a server: it learns what there is to learn, and the same seed gives the same model."""

import csv
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent))

import churn
import observe


def test_the_model_ranks_leavers_before_stayers():
    model, losses = churn.train(churn.draw(1500, seed=1))
    assert losses[-1] < losses[0]
    assert churn.auc(model, churn.draw(800, seed=2)) > 0.75
    assert model["weights"]["tenure_months"] < 0 < model["weights"]["support_calls"]


def test_a_seed_decides_everything():
    assert churn.draw(50, seed=3) == churn.draw(50, seed=3)
    assert churn.draw(50, seed=3) != churn.draw(50, seed=4)
    assert churn.train(churn.draw(200, seed=3), epochs=5) == churn.train(churn.draw(200, seed=3), epochs=5)


def test_what_is_written_can_be_read_again(tmp_path):
    customers = churn.draw(20, seed=5)
    model, _ = churn.train(customers, epochs=5)
    churn.write(tmp_path / "a.csv", customers, model)
    with open(tmp_path / "a.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [float(row["tenure_months"]) for row in rows] == [each["tenure_months"] for each in customers]
    assert all(0 <= float(row["score"]) <= 1 for row in rows)


def test_a_side_counts_its_own_requests_only():
    requests = [
        {"version": "1", "ok": True, "latency_ms": 20.0, "quality": 1.0},
        {"version": "2", "ok": True, "latency_ms": 30.0},
        {"version": "2", "ok": False, "latency_ms": 5.0, "quality": None},
    ]
    assert observe.side(requests, "2") == {
        "version": "2",
        "requests": 2,
        "errors": 1,
        "latency_ms": [30.0],
        "quality": [],
    }
