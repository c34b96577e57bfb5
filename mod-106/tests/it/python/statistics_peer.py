"""Answers with scipy, statsmodels, numpy and scikit-learn what our statistics answer: one JSON question a line in, one answer a line out.

Numbers that JSON cannot hold come as the texts "nan", "inf" and "-inf".
"""

import json
import sys
import warnings

import numpy as np
from scipy import spatial, stats
from sklearn import metrics
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint

warnings.simplefilter("ignore")


def floats(values):
    return np.array([float(value) for value in values])


def ks(q):
    a, b = floats(q["a"]), floats(q["b"])
    found = stats.ks_2samp(a[~np.isnan(a)], b[~np.isnan(b)])
    return [found.statistic, found.pvalue]


def wasserstein(q):
    a, b = floats(q["a"]), floats(q["b"])
    return [stats.wasserstein_distance(a[np.isfinite(a)], b[np.isfinite(b)])]


def chi_squared(q):
    table = np.array([q["a"], q["b"]])
    found = stats.chi2_contingency(table[:, table.sum(axis=0) > 0], correction=False)
    return [found.statistic, found.pvalue, found.dof]


def jensen_shannon(q):
    return [spatial.distance.jensenshannon(np.array(q["a"], float), np.array(q["b"], float), base=2)]


def area(q):
    scores, labels = floats(q["a"]), np.array(q["labels"])
    positive, negative = scores[labels], scores[~labels]
    # DeLong's variance from its definition, all pairs.
    above = (positive[:, None] > negative).astype(float) + 0.5 * (positive[:, None] == negative)
    variance = above.mean(axis=1).var(ddof=1) / len(positive) + above.mean(axis=0).var(ddof=1) / len(negative)
    return [metrics.roc_auc_score(labels, scores), variance]


def newcombe(q):
    (h, k), (m, n) = q["hits"], q["n"]
    return list(confint_proportions_2indep(h, m, k, n, method="newcomb", compare="diff", alpha=0.05))


ANSWERS = {
    "ks": ks,
    "wasserstein": wasserstein,
    "chi_squared": chi_squared,
    "jensen_shannon": jensen_shannon,
    "area": area,
    "newcombe": newcombe,
    "kstwo": lambda q: [stats.kstwo.sf(q["x"], q["n"])],
    "benjamini_hochberg": lambda q: list(multipletests(q["a"], method="fdr_bh")[1]),
    "holm": lambda q: list(multipletests(q["a"], method="holm")[1]),
    "wilson": lambda q: list(proportion_confint(q["hits"], q["n"], alpha=1 - q["confidence"], method="wilson")),
    "student": lambda q: [stats.t.ppf(q["share"], q["n"])],
    "noncentral": lambda q: [stats.ncx2.sf(q["x"], q["n"], q["noncentrality"])],
    "quantile": lambda q: [np.quantile(floats(q["a"]), q["share"])],
}

for line in sys.stdin:
    question = json.loads(line)
    answer = [float(value) for value in ANSWERS[question["what"]](question)]
    print(json.dumps([repr(value) for value in answer]), flush=True)
