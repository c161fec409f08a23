"""BG/NBD: how often a reader comes while interested, and whether they still are.

A reader comes at random with a rate λ, which differs among readers as a gamma(r, α) does, and loses interest after any visit with a
chance p, which differs as a beta(a, b) does. What is known of a reader is how many repeat visits there were, when the last was, and how
long they have been known. Readers with a single active day tell nothing of p (the model would hold them interested for ever), so the fit
is conditional on a second visit, and they are judged apart (`once`).

Source: Fader, Hardie and Lee, "Counting Your Customers" the Easy Way, Marketing Science 24 (2005). `lifetimes` is no longer
kept and `pymc-marketing` brings a sampler of several hundred MB, so the likelihood is fitted here.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from generator.members.activity import Floats, Visits

MINIMUM_READERS = 30  # below this four numbers say more than the readers do
_SAMPLE = 50_000  # readers; more do not move the second digit
_PENALTY = 1e-3  # on the logarithms, keeps a flat likelihood from running away
_LIMIT = 12.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """r, alpha: of the rates, visits a day; a, b: of the chances to lose interest after a visit."""

    r: float
    alpha: float
    a: float
    b: float

    def alive(self, visits: Visits) -> Floats:
        """The chance that each reader with a repeat visit is still interested."""
        x, recency, age = visits.repeats, visits.recency, visits.age
        odds = (self.r + x) * (np.log(self.alpha + age) - np.log(self.alpha + recency))
        with np.errstate(over="ignore"):
            return np.asarray(1 / (1 + self.a / (self.b + np.maximum(x, 1) - 1) * np.exp(odds)))

    def returns(self, visits: Visits, days: float) -> Floats:
        """The chance of at least one visit in the next `days`, for readers with a repeat visit."""
        # Interested readers of this history have rates as gamma(r + x, α + age).
        stays_away = ((self.alpha + visits.age) / (self.alpha + visits.age + days)) ** (
            self.r + visits.repeats
        )
        return np.asarray(self.alive(visits) * (1 - stays_away))


def fit(visits: Visits) -> Model | None:
    """The likeliest model of the readers who came again; None where there are too few of them."""
    again = np.flatnonzero(~visits.came_once)
    if len(again) < MINIMUM_READERS:
        return None
    if len(again) > _SAMPLE:
        again = np.random.default_rng(0).choice(again, _SAMPLE, replace=False)
    rows = np.stack([visits.repeats[again], visits.recency[again], np.maximum(visits.age[again], 0.5)])
    distinct, weights = np.unique(rows, axis=1, return_counts=True)
    from scipy.optimize import minimize

    scale = float(np.median(rows[2]))

    def loss(logs: Floats) -> float:
        r, alpha, a, b = np.exp(np.clip(logs, -_LIMIT, _LIMIT))
        found = _likelihood(r, alpha * scale, a, b, *distinct)
        return float(-(weights @ found) / weights.sum() + _PENALTY * (logs @ logs))

    best = minimize(loss, np.zeros(4), method="L-BFGS-B", bounds=[(-8, 8)] * 4)
    r, alpha, a, b = np.exp(best.x)
    return Model(r=float(r), alpha=float(alpha * scale), a=float(a), b=float(b))


def _likelihood(
    r: float, alpha: float, a: float, b: float, x: Floats, recency: Floats, age: Floats
) -> Floats:
    """The logarithm of each history's likelihood, given that there was a second visit."""
    from scipy.special import betaln, gammaln

    common = gammaln(r + x) - gammaln(r) + r * np.log(alpha)
    interested = betaln(a, b + x) - betaln(a, b) - (r + x) * np.log(alpha + age)
    lost = betaln(a + 1, b + x - 1) - betaln(a, b) - (r + x) * np.log(alpha + recency)
    # A second visit by `age` has this chance, whatever came after it.
    again = np.log(-np.expm1(r * (np.log(alpha) - np.log(alpha + age))))
    return np.asarray(common + np.logaddexp(interested, lost) - again)
