"""How alike lessons are by what they say: words of their public text, their headings and their tags.

- Words: Latin words in lower case, and pairs of neighbouring Chinese, Japanese or Korean signs, which need no dictionary (Nie et al. 2000).
- TF-IDF with 1 + ln tf; `sharpness` is the power of the idf: 1 as usual, 2 and 3 let rare terms say more, which suits tags.
- Of each lesson only the TERMS heaviest terms count: the rest costs much and says little.
- `features` may also stand beside readers: a term joins lessons as a reader does who took them up (`models.terms`).
- Private text takes part only if school.yml says `recommendations: {private_text: true}`, and then only the order of a lesson's neighbours
  remains of the likeness (`by_rank`): no term, no score and no topic of it gets into anything public. Topics are named from tags and headings
  of public text alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array, hstack
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.preprocessing import normalize

from generator.recommend.sparse import scaled_columns, top_products, top_rows

TERMS = 100
KEEP = 200
MOST_HOLDERS, MOST_SHARE = (
    100,
    0.1,
)  # a term of more lessons, and of more than this share, says little and costs most
_PARTS = {"text": 1.0, "headings": 0.7, "tags": 1.0}

_LATIN = re.compile(r"[a-z][a-z0-9_+#]*[a-z0-9_+#]")
_SIGNS = re.compile(r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Traits:
    """What a lesson says of itself. text: public (and private, where the school allows it). tags, headings: public ones."""

    text: str = ""
    headings: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()


def words(text: str) -> list[str]:
    """The terms of a text, in order, each as often as it stands there."""
    text = text.lower()
    found = _LATIN.findall(text)
    for run in _SIGNS.findall(text):
        found.extend(run[place : place + 2] for place in range(len(run) - 1))
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """How often lessons say what: name of a part → lessons × terms. lessons: how many there are."""

    lessons: int
    parts: Mapping[str, csr_array]


def counted(traits: Sequence[Traits]) -> Counted:
    """Reads every text once; `features` may then weigh them in several ways."""
    found = {
        "text": _terms([words(one.text) for one in traits]),
        "headings": _terms([words("\n".join(one.headings)) for one in traits]),
        "tags": _terms([[tag.casefold() for tag in one.tags] for one in traits]),
    }
    return Counted(
        lessons=len(traits), parts={name: part for name, part in found.items() if part is not None}
    )


def features(said: Counted, *, sharpness: float = 1.0) -> csr_array:
    """lessons × terms. A lesson's row has length 1 on average: one that says more that joins it to others has a longer one."""
    weighted = {name: weighed(part, sharpness) for name, part in said.parts.items()}
    parts = [
        csr_array(part * np.float32(_PARTS[name] / _usual_length(part)))
        for name, part in weighted.items()
        if part.nnz
    ]
    if not parts:
        return csr_array((said.lessons, 0), dtype=np.float32)
    return evened(csr_array(hstack(parts, format="csr")))


def evened(terms: csr_array) -> csr_array:
    """The matrix times the factor that gives its rows length 1 on average."""
    return csr_array(terms / np.float32(_usual_length(terms))) if terms.nnz else terms


def alike(said: Counted, *, sharpness: float = 1.0, keep: int = KEEP) -> csr_array:
    """lessons × lessons, from 0 to 1: the `keep` most alike of each lesson, by cosine. A lesson without terms is like none."""
    return near(features(said, sharpness=sharpness), keep)


def near(features: csr_array, keep: int) -> csr_array:
    """features: lessons × terms. The `keep` greatest cosines of each row."""
    if not features.nnz:
        return csr_array((features.shape[0],) * 2, dtype=np.float32)
    rows = csr_array(normalize(features), dtype=np.float32)
    return top_products(rows, csr_array(rows.T), keep)


def weighed(counts: csr_array, sharpness: float) -> csr_array:
    """counts: lessons × terms. TF-IDF of the TERMS heaviest terms of each lesson; terms of one lesson or of most are left out."""
    holders = np.bincount(counts.indices, minlength=counts.shape[1])
    idf = np.log((1 + counts.shape[0]) / (1 + holders)) + 1
    tells = (holders > 1) & (holders <= max(MOST_HOLDERS, MOST_SHARE * counts.shape[0]))
    weight = np.where(tells, idf**sharpness, 0).astype(np.float32)
    often = csr_array((1 + np.log(counts.data), counts.indices, counts.indptr), shape=counts.shape)
    return top_rows(scaled_columns(often, weight), TERMS)


def by_rank(matrix: csr_array) -> csr_array:
    """The same neighbours in the same order, each row's values replaced by 1, 1/2, 1/3, …: what is left of a likeness that may not show."""
    ranked = matrix.copy()
    for row in range(matrix.shape[0]):
        here = slice(matrix.indptr[row], matrix.indptr[row + 1])
        order = np.lexsort((matrix.indices[here], -matrix.data[here]))
        ranked.data[here][order] = 1 / np.arange(1, len(order) + 1, dtype=np.float32)
    return ranked


def _terms(documents: Sequence[Iterable[str]]) -> csr_array | None:
    if not any(documents):
        return None
    return csr_array(CountVectorizer(analyzer=list, dtype=np.float32).fit_transform(documents))


def _usual_length(matrix: csr_array) -> float:
    """The root of the mean square of the rows' lengths, of the rows that have any."""
    filled = max(1, int(np.count_nonzero(np.diff(matrix.indptr))))
    return float(np.sqrt((matrix.data.astype(np.float64) ** 2).sum() / filled)) or 1.0
