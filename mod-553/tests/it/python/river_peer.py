"""River's detectors answer what ours were asked: one JSON question a line, one JSON answer a line, the indices of alarms and warnings."""

import json
import sys

from river import drift

DETECTORS = {
    "adwin": drift.ADWIN,
    "page_hinkley": drift.PageHinkley,
    "kswin": drift.KSWIN,
    "ddm": drift.binary.DDM,
    "eddm": drift.binary.EDDM,
    "hddm_a": drift.binary.HDDMA,
    "hddm_w": drift.binary.HDDMW,
}

for line in sys.stdin:
    question = json.loads(line)
    settings = question["settings"]
    detector = DETECTORS[settings.pop("detector")](**settings)
    warns = hasattr(detector, "warning_detected")
    drifts, warnings = [], []
    for index, value in enumerate(question["values"]):
        detector.update(value)
        if detector.drift_detected:
            drifts.append(index)
        elif warns and detector.warning_detected:
            warnings.append(index)
    print(json.dumps([drifts, warnings]))
