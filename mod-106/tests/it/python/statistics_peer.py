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


def psi_of_counts(left, right):
    left, right = left[left + right > 0] + 0.5, right[left + right > 0] + 0.5
    p, q = left / left.sum(), right / right.sum()
    return [np.sum((p - q) * np.log(p / q))]


def psi_of_samples(q):
    a, b = floats(q["a"]), floats(q["b"])
    edges = np.quantile(a, np.arange(1, 10) / 10)
    counts = [np.bincount(np.searchsorted(edges, side), minlength=len(edges) + 1).astype(float) for side in (a, b)]
    return psi_of_counts(*counts)


def scores(q):
    truth, score = np.array(q["labels"]), floats(q["a"])
    guess = (score >= 0.5).astype(int)
    nan = {"zero_division": np.nan}
    place = np.minimum((score * 10).astype(int), 9)
    bins = [place == bin for bin in range(10) if (place == bin).any()]
    return [
        metrics.accuracy_score(truth, guess),
        metrics.precision_score(truth, guess, **nan),
        metrics.recall_score(truth, guess, **nan),
        metrics.f1_score(truth, guess, **nan),
        metrics.roc_auc_score(truth, score) if len(set(truth)) == 2 else np.nan,
        metrics.log_loss(truth, score, labels=[0, 1]),
        metrics.brier_score_loss(truth, score, pos_label=1),
        # The expected calibration error is no metric of scikit-learn's: Naeini 2015.
        sum(bin.mean() * abs(truth[bin].mean() - score[bin].mean()) for bin in bins),
    ]


def classes(q):
    truth, guess = q["a"], q["b"]
    if q["positive"]:
        of = {"labels": [q["positive"]], "average": "macro", "zero_division": np.nan}
    else:
        of = {"average": "macro", "zero_division": 0}
    found = metrics.precision_recall_fscore_support(truth, guess, **of)
    return [metrics.accuracy_score(truth, guess), *found[:3]]


def numbers(q):
    truth, guess = floats(q["a"]), floats(q["b"])
    constant = np.ptp(truth) == 0
    return [
        metrics.mean_absolute_error(truth, guess),
        metrics.root_mean_squared_error(truth, guess),
        np.nan if constant else metrics.r2_score(truth, guess),
    ]


def newcombe(q):
    (h, k), (m, n) = q["hits"], q["n"]
    return list(confint_proportions_2indep(h, m, k, n, method="newcomb", compare="diff", alpha=0.05))


ANSWERS = {
    "ks": ks,
    "wasserstein": wasserstein,
    "chi_squared": chi_squared,
    "jensen_shannon": jensen_shannon,
    "area": area,
    "psi": lambda q: psi_of_counts(floats(q["a"]), floats(q["b"])),
    "psi_of_samples": psi_of_samples,
    "scores": scores,
    "classes": classes,
    "numbers": numbers,
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
