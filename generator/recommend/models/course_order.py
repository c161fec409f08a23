"""The next lesson of the course, then the one after it: what an author meant."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.sparse import csr_array

from generator.recommend.models.model import Model

AHEAD = 3


def course_order(courses: Sequence[Sequence[int]], lessons: int) -> Model:
    """courses: the places of each course's lessons, in reading order. The n-th lesson ahead weighs 1/n²."""
    rows: list[int] = []
    columns: list[int] = []
    values: list[float] = []
    for course in courses:
        for place, lesson in enumerate(course):
            for ahead, other in enumerate(course[place + 1 : place + 1 + AHEAD], 1):
                rows.append(lesson)
                columns.append(other)
                values.append(1 / ahead**2)
    weights = csr_array((np.array(values, np.float32), (rows, columns)), shape=(lessons, lessons))
    return Model(name="course order", weights=weights)
