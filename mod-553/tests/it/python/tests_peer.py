"""Answers with scipy and statsmodels what our tests of two samples answer: one JSON question a line in, one answer a line out.

Numbers that JSON cannot hold come and go as texts. What a test refuses is answered by null.
"""

import json
import sys
import warnings

import numpy as np
from scipy import stats
from statsmodels.stats.proportion import proportions_ztest

warnings.simplefilter("ignore")


def floats(values):
    return np.array([float(value) for value in values])


def two(found):
    return [found.statistic, found.pvalue]


def mann_whitney(alternative, method="auto"):
    return lambda a, b: two(stats.mannwhitneyu(a, b, alternative=alternative, method=method))


def anderson(variant):
    return lambda a, b: two(stats.anderson_ksamp([a, b], variant=variant))


RANKS = {
    "anderson_midrank": anderson("midrank"),
    "anderson_right": anderson("right"),
    "cramer_von_mises": lambda a, b: two(stats.cramervonmises_2samp(a, b)),
    "mann_whitney": mann_whitney("two-sided"),
    "mann_whitney_less": mann_whitney("less"),
    "mann_whitney_greater": mann_whitney("greater"),
    "mann_whitney_asymptotic": mann_whitney("two-sided", "asymptotic"),
}
VALUES = {
    "energy": lambda a, b: [stats.energy_distance(a, b)],
    "student": lambda a, b: two(stats.ttest_ind(a, b)),
    "epps_singleton": lambda a, b: two(stats.epps_singleton_2samp(a, b)),
}


def contingency(table):
    return table[:, table.sum(axis=0) > 0]


def g(a, b):
    found = stats.chi2_contingency(contingency(np.array([a, b])), correction=False, lambda_="log-likelihood")
    return [found.statistic, found.pvalue]


def expected(a, b):
    a, b = np.array(a, float), np.array(b, float)
    return b, a * b.sum() / a.sum()


def hellinger(a, b):
    p, q = np.array(a) / sum(a), np.array(b) / sum(b)
    return [np.linalg.norm(np.sqrt(p) - np.sqrt(q)) / np.sqrt(2)]


TABLES = {
    "g": g,
    "against_expected": lambda a, b: two(stats.chisquare(*expected(a, b))),
    "g_against_expected": lambda a, b: two(stats.power_divergence(*expected(a, b), lambda_="log-likelihood")),
    "hellinger": hellinger,
    "total_variation": lambda a, b: [np.abs(np.array(a) / sum(a) - np.array(b) / sum(b)).sum() / 2],
    "kullback_leibler": lambda a, b: [stats.entropy(a, b)],
}
PAIRS = {
    "fisher": lambda a, b: [stats.fisher_exact([a, b]).pvalue],
    "proportions": lambda a, b: list(proportions_ztest([a[0], b[0]], [sum(a), sum(b)])),
}


def answer(question):
    a, b = question["a"], question["b"]
    if question["what"] == "values":
        a, b = floats(a), floats(b)
        a, b = a[~np.isnan(a)], b[~np.isnan(b)]
        yield from ((name, test, a, b) for name, test in RANKS.items())
        if question["exact"]:
            yield "mann_whitney_exact", mann_whitney("two-sided", "exact"), a, b
        a, b = a[np.isfinite(a)], b[np.isfinite(b)]
        yield from ((name, test, a, b) for name, test in VALUES.items())
    else:
        yield from ((name, test, a, b) for name, test in (TABLES if question["what"] == "table" else PAIRS).items())


for line in sys.stdin:
    answers = {}
    for name, test, a, b in answer(json.loads(line)):
        try:
            answers[name] = [repr(float(value)) for value in test(a, b)]
        except (IndexError, ValueError):
            answers[name] = None
    print(json.dumps(answers), flush=True)
