"""What most readers took up, of all time or lately: the list that every other model has to beat."""

from __future__ import annotations

import numpy as np

from generator.recommend.models.model import Model
from generator.recommend.readings import Readings
from generator.recommend.sparse import Vector, empty

DAY_SECONDS = 86_400


def popularity(readings: Readings, half_life_days: float | None = None) -> Model:
    """half_life_days: after how many days a reading counts half; None, or readings without times: all count the same."""
    count = len(readings.lessons)
    name = "popularity" if half_life_days is None else f"popularity, half-life {half_life_days:g} days"
    return Model(name=name, weights=empty((count, count)), base=_counted(readings, half_life_days))


def _counted(readings: Readings, half_life_days: float | None) -> Vector:
    if half_life_days is None or readings.at is None or not len(readings.at):
        return readings.counts
    age = (readings.at.max() - readings.at) / (half_life_days * DAY_SECONDS)
    counted: Vector = np.bincount(
        readings.matrix.indices, weights=np.exp2(-age), minlength=len(readings.lessons)
    ).astype(np.float32)
    return counted
