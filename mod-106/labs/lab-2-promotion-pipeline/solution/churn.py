"""Customers who leave: data drawn by seed, and logistic regression on them. Small enough to read, good enough to promote.

A real training reads its data from a warehouse, and its model from a library; nothing behind `train.py` would change.
"""

import csv
import math
import random

FEATURES = ["tenure_months", "monthly_fee", "support_calls"]
PLANS = ["basic", "family", "business"]


def draw(rows, seed):
    """Customers, each a dictionary with the features, the plan, and whether they left."""
    chance = random.Random(seed)
    customers = []
    for _ in range(rows):
        tenure = round(chance.expovariate(1 / 24), 1)
        fee = round(max(5.0, chance.gauss(40.0, 12.0)), 2)
        calls = sum(chance.random() < 0.25 for _ in range(8))
        risk = -1.2 - 0.06 * (tenure - 24) + 0.03 * (fee - 40) + 0.7 * (calls - 2)
        customers.append({
            "tenure_months": tenure,
            "monthly_fee": fee,
            "support_calls": float(calls),
            "plan": chance.choices(PLANS, [5, 3, 2])[0],
            "churned": int(chance.random() < logistic(risk)),
        })
    return customers


def logistic(x):
    return 1 / (1 + math.exp(-max(-60.0, min(60.0, x))))


def train(customers, epochs=60, rate=0.8):
    """Gradient descent on standardised features; answers the parameters and the loss after each epoch."""
    rows = len(customers)
    mean = {name: sum(each[name] for each in customers) / rows for name in FEATURES}
    deviation = {
        name: math.sqrt(sum((each[name] - mean[name]) ** 2 for each in customers) / rows) or 1.0 for name in FEATURES
    }
    model = {"mean": mean, "deviation": deviation, "weights": dict.fromkeys(FEATURES, 0.0), "bias": 0.0}
    losses = []
    for _ in range(epochs):
        slope, bias, loss = dict.fromkeys(FEATURES, 0.0), 0.0, 0.0
        for each in customers:
            chance = score(model, each)
            error = chance - each["churned"]
            loss -= math.log(max(1e-12, chance if each["churned"] else 1 - chance))
            bias += error
            for name in FEATURES:
                slope[name] += error * (each[name] - mean[name]) / deviation[name]
        for name in FEATURES:
            model["weights"][name] -= rate * slope[name] / rows
        model["bias"] -= rate * bias / rows
        losses.append(loss / rows)
    return model, losses


def score(model, customer):
    """The probability that a customer leaves."""
    standardised = ((customer[name] - model["mean"][name]) / model["deviation"][name] for name in FEATURES)
    weights = (model["weights"][name] for name in FEATURES)
    return logistic(model["bias"] + sum(weight * value for weight, value in zip(weights, standardised)))


def auc(model, customers):
    """The share of pairs of a leaver and a stayer that are ranked rightly (Mann and Whitney, 1947); ties count half."""
    left = sorted(score(model, each) for each in customers if each["churned"])
    stayed = sorted(score(model, each) for each in customers if not each["churned"])
    right = sum((high > low) + (high == low) / 2 for high in left for low in stayed)
    return right / (len(left) * len(stayed))


def write(path, customers, model):
    """Customers with the model's scores, as CSV."""
    with open(path, "w", newline="") as file:
        out = csv.DictWriter(file, [*FEATURES, "plan", "churned", "score"])
        out.writeheader()
        for each in customers:
            out.writerow({**each, "score": f"{score(model, each):.6f}"})
