"""Does it help? What the recommendations changed, from the browsers that by lot see the popularity list instead.

The founders' model: behaviour x → recommendation y = f(x) + e → activity z = g(y) + h.

    x   a reader's activity points in the 28 days before their lot first showed
    y   how often they followed a recommendation in the 28 days after
    z   their activity points in these 28 days

The lot alone decides which list a browser sees, so whatever differs between the two sides beyond chance is the list's doing:

- The effect on z is estimated by assignment, whether or not anybody clicked (intention to treat), with x as a covariate, centred and crossed
  with the assignment (Lin 2013, robust errors HC2). x was there before the lot, so it can remove noise and cannot bias.
- f and g are not assumed. y = f(x) + e is the regression of y on x and the assignment, with e's spread. The slope of g is the effect on z
  for each recommendation followed, with the assignment as its instrument (two-stage least squares), and h's spread is what is left. Both are
  printed with their errors; where the lot hardly moves y (first-stage F below 10) nothing is said of g.
- Those who clicked are never compared with those who did not: interested readers click more and read more anyway.

Points of a reader beyond the 99th percentile of all count as that, so that a single enthusiast does not decide. Nothing is said of an effect
when a true one of `worth` (a tenth of the other side's activity) would be missed more than once in five times: "too few readers to say".
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

WINDOW_DAYS = 28
WORTH = 0.10
POWER = 0.8
CONFIDENCE = 0.95
_CAP = 0.99
_STRONG = 10.0  # first-stage F, Staiger and Stock 1997
_LEAST = 10  # readers on a side


class Verdict(StrEnum):
    TOO_FEW = "too few readers to say"
    HELPS = "helps"
    HARMS = "harms"
    NONE = "no effect found"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One place for each reader. treated: saw the recommendations, by lot. x, y, z: as above."""

    treated: NDArray[np.bool_]
    x: Floats
    y: Floats
    z: Floats

    def __len__(self) -> int:
        return len(self.treated)


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """value with its standard error and 95 % interval."""

    value: float
    error: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Uplift:
    """readers: with recommendations, held out. held_out_mean: activity points of those.

    effect: on z, points a reader; relative: the same as a share of held_out_mean. power: to see an effect of `worth` of it. needed: readers
    on both sides together that would give the power, at this share. followed: effect of the assignment on y. per_followed: the slope of g, None
    where the instrument is too weak. e, h: standard deviations of the error terms. explained: share of z's variance that x explains.
    """

    verdict: Verdict
    readers: int
    held_out: int
    held_out_mean: float
    effect: Estimate | None = None
    relative: Estimate | None = None
    worth: float = WORTH
    power: float = 0.0
    needed: int | None = None
    followed: Estimate | None = None
    first_stage: float | None = None
    per_followed: Estimate | None = None
    e: float | None = None
    h: float | None = None
    explained: float | None = None


def analyse(trial: Trial, *, worth: float = WORTH) -> Uplift:
    """The whole answer. worth: the smallest effect that would be worth knowing, as a share of the held-out readers' activity."""
    treated, other = int(trial.treated.sum()), int((~trial.treated).sum())
    z = _capped(trial.z)
    mean = float(z[~trial.treated].mean()) if other else 0.0
    if min(treated, other) < _LEAST:
        return Uplift(
            verdict=Verdict.TOO_FEW, readers=treated, held_out=other, held_out_mean=mean, worth=worth
        )
    x = _capped(trial.x)
    value, error = effects(trial.treated[None], x[None], z[None])
    effect = _estimate(float(value[0]), float(error[0]))
    power = _power(worth * mean, effect.error)
    followed, f_error, e = _regression(trial.treated, x, trial.y)
    strength = (followed / f_error) ** 2 if f_error else 0.0
    slope, slope_error, h = _instrumented(trial.treated, x, trial.y, z)
    return Uplift(
        verdict=_verdict(effect, power),
        readers=treated,
        held_out=other,
        held_out_mean=mean,
        effect=effect,
        relative=_estimate(effect.value / mean, effect.error / mean) if mean > 0 else None,
        worth=worth,
        power=power,
        needed=_needed(worth * mean, effect.error, len(trial)),
        followed=_estimate(followed, f_error),
        first_stage=strength,
        per_followed=_estimate(slope, slope_error) if strength >= _STRONG else None,
        e=e,
        h=h if strength >= _STRONG else None,
        explained=_explained(x, z),
    )


def effects(treated: NDArray[np.bool_], x: Floats, z: Floats) -> tuple[Floats, Floats]:
    """The effect of the assignment on z and its standard error, for many trials at once. Each of shape (trials, readers).

    Source: Lin, Agnostic notes on regression adjustments, 2013: a line in x on each side, compared at the mean of x; errors HC2.
    """
    middle = x - x.mean(axis=1, keepdims=True)
    total = np.zeros(len(x))
    variance = np.zeros(len(x))
    for side, sign in ((treated, 1.0), (~treated, -1.0)):
        on = side.astype(np.float64)
        count = on.sum(axis=1)
        mean_x = (middle * on).sum(axis=1) / count
        mean_z = (z * on).sum(axis=1) / count
        dx = (middle - mean_x[:, None]) * on
        spread = (dx**2).sum(axis=1)
        slope = np.divide(
            (dx * (z - mean_z[:, None])).sum(axis=1), spread, out=np.zeros_like(spread), where=spread > 0
        )
        left = (z - mean_z[:, None] - slope[:, None] * dx) * on
        leverage = 1 / count[:, None] + np.divide(
            dx**2, spread[:, None], out=np.zeros_like(dx), where=spread[:, None] > 0
        )
        # The line's value at the mean of x is a weighted sum of z; its variance takes each left-over with its own weight.
        weight = (
            1 / count[:, None]
            - np.divide(dx, spread[:, None], out=np.zeros_like(dx), where=spread[:, None] > 0)
            * mean_x[:, None]
        )
        total += sign * (mean_z - slope * mean_x)
        variance += ((weight * left) ** 2 * on / np.maximum(1 - leverage, 1e-9)).sum(axis=1)
    return total, np.sqrt(variance)


def _capped(values: Floats) -> Floats:
    return np.minimum(values, np.quantile(values, _CAP)) if len(values) else values


def _estimate(value: float, error: float) -> Estimate:
    half = NormalDist().inv_cdf(0.5 + CONFIDENCE / 2) * error
    return Estimate(value=value, error=error, low=value - half, high=value + half)


def _power(size: float, error: float) -> float:
    """The chance to see a true effect of `size`, two-sided."""
    if error <= 0 or size <= 0:
        return 0.0
    normal = NormalDist()
    edge = normal.inv_cdf(0.5 + CONFIDENCE / 2)
    return normal.cdf(size / error - edge) + normal.cdf(-size / error - edge)


def _needed(size: float, error: float, readers: int) -> int | None:
    if size <= 0 or error <= 0:
        return None
    normal = NormalDist()
    wanted = size / (normal.inv_cdf(0.5 + CONFIDENCE / 2) + normal.inv_cdf(POWER))
    return int(np.ceil(readers * (error / wanted) ** 2))


def _verdict(effect: Estimate, power: float) -> Verdict:
    if power < POWER:
        return Verdict.TOO_FEW
    if effect.low > 0:
        return Verdict.HELPS
    return Verdict.HARMS if effect.high < 0 else Verdict.NONE


def _regression(treated: NDArray[np.bool_], x: Floats, y: Floats) -> tuple[float, float, float]:
    """y = f(x) + e: the assignment's coefficient, its robust error, and e's standard deviation."""
    value, error = effects(treated[None], x[None], y[None])
    design = np.stack([np.ones(len(x)), treated.astype(np.float64), x - x.mean()], axis=1)
    fitted = design @ np.linalg.lstsq(design, y, rcond=None)[0]
    freedom = max(len(x) - 3, 1)
    return float(value[0]), float(error[0]), float(np.sqrt(((y - fitted) ** 2).sum() / freedom))


def _instrumented(treated: NDArray[np.bool_], x: Floats, y: Floats, z: Floats) -> tuple[float, float, float]:
    """z = g(y) + h with the assignment as instrument of y: g's slope, its robust error, h's standard deviation."""
    one, lot = np.ones(len(x)), treated.astype(np.float64)
    instruments = np.stack([one, lot, x - x.mean()], axis=1)
    design = np.stack([one, y, x - x.mean()], axis=1)
    fitted = instruments @ np.linalg.lstsq(instruments, design, rcond=None)[0]
    solve = np.linalg.pinv(fitted.T @ fitted)
    found = solve @ fitted.T @ z
    left = z - design @ found  # with y itself, not with what the instrument says of it
    meat = fitted.T @ (fitted * (left**2)[:, None])
    covariance = solve @ meat @ solve
    freedom = max(len(x) - 3, 1)
    return (
        float(found[1]),
        float(np.sqrt(max(covariance[1, 1], 0.0))),
        float(np.sqrt((left**2).sum() / freedom)),
    )


def _explained(x: Floats, z: Floats) -> float:
    if x.std() == 0 or z.std() == 0:
        return 0.0
    return float(np.corrcoef(x, z)[0, 1] ** 2)
