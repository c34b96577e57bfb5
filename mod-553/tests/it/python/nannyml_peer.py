"""NannyML's CBPE and reconstruction error of two CSV files, in chunks of so many rows: JSON, chunk by chunk."""

import json
import sys
import warnings

import pandas as pd

warnings.filterwarnings("ignore")
import nannyml as nml  # noqa: E402

nml.disable_usage_logging()

what, reference, current, rows = sys.argv[1], pd.read_csv(sys.argv[2]), pd.read_csv(sys.argv[3]), int(sys.argv[4])
if what == "cbpe":
    metrics = ["accuracy", "precision", "recall", "f1", "roc_auc"]
    estimator = nml.CBPE(
        problem_type="classification_binary",
        y_pred_proba="score",
        y_pred="predicted",
        y_true="label",
        metrics=metrics,
        chunk_size=rows,
    ).fit(reference)
    found = estimator.estimate(current.drop(columns="label")).filter(period="analysis").to_df()
    answer = {
        "calibrated": bool(estimator.needs_calibration),
        "chunks": [{metric: float(found[(metric, "value")][chunk]) for metric in metrics} for chunk in range(len(found))],
        "usual": {
            metric: [float(found[(metric, "lower_threshold")][0]), float(found[(metric, "upper_threshold")][0])]
            for metric in metrics
        },
    }
else:
    calculator = nml.DataReconstructionDriftCalculator(column_names=list(reference.columns), chunk_size=rows).fit(reference)
    found = calculator.calculate(current).filter(period="analysis").to_df()
    column = "reconstruction_error"
    answer = {
        "chunks": [float(value) for value in found[(column, "value")]],
        "alerts": [bool(value) for value in found[(column, "alert")]],
        "usual": [float(found[(column, "lower_threshold")][0]), float(found[(column, "upper_threshold")][0])],
    }
print(json.dumps(answer))
