"""River's ADWIN over the values of mod-553/examples/online.rs: CPU time of the updates alone, and the alarms."""

import json
import sys
import time

from river import drift

COUNT = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
state = 553


def uniform():
    global state
    state = (state * 6364136223846793005 + 1442695040888963407) & 0xFFFFFFFFFFFFFFFF
    return (state >> 11) / (1 << 53)


values = []
for index in range(COUNT):
    level = index // 100_000 % 2 * 0.1
    a, b, c, d = uniform(), uniform(), uniform(), uniform()
    values.append(a + b + c + d + level)

detector = drift.ADWIN()
alarms = []
before = time.process_time()
for index, value in enumerate(values):
    detector.update(value)
    if detector.drift_detected:
        alarms.append(index)
print(json.dumps({"cpu_s": time.process_time() - before, "alarms": alarms}))
