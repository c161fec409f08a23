"""Which models may be chosen, and with which numbers. None of the numbers is a guess about a school: validation picks among them.

baselines   popularity (of all time, lately), course order: what a model has to beat, and what stands in for it
behaviour   ItemKNN ×3, RP3beta, EASE^R, fsSLIM, from evident pairs alone
content     three sharpnesses
blends      the best behaviour with the best content, at several shares; fsSLIM whose likeness contains content
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from scipy.sparse import csr_array

from generator.recommend.blend import blended
from generator.recommend.material import Material
from generator.recommend.models import ease, neighbours
from generator.recommend.models.course_order import course_order
from generator.recommend.models.model import Model
from generator.recommend.models.popularity import popularity
from generator.recommend.models.slim import in_common, slim
from generator.recommend.models.terms import rp3beta_over_terms
from generator.recommend.readings import Readings
from generator.recommend.sparse import in_proportion

BEHAVIOURS = ("ItemKNN", "RP3beta", "EASE", "fsSLIM")
SHARPNESSES = (1.0, 2.0, 3.0)
HALF_LIVES = (30.0, 90.0)
RP3 = ((0.6, 0.2), (0.6, 0.4), (1.0, 0.2), (1.0, 0.4))
EASE_RIDGES = (50.0, 500.0)
SLIM_RIDGES = (5.0, 20.0)
SHARES = (0.1, 0.2, 0.4, 0.8, 1.6, 3.2)
TERMS_AS_READERS = (3.0, 10.0, 30.0)  # readers that join two lessons which say the same
RP3_WITH_TERMS = ((0.6, 0.2), (0.6, 0.4))
SLIM_WITH_TERMS_RIDGE = 20.0
MOST_FOR_SEVERAL_EASE = 4_000  # lessons: beyond, one ridge is tried, for the cost grows with the third power


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A model with its numbers. fit: material → weights, before they are cut to what is published."""

    name: str
    family: str
    fit: Callable[[Material], Model]


def baselines(has_times: bool) -> Iterator[Candidate]:
    yield Candidate(
        name="popularity", family="popularity", fit=lambda material: popularity(material.readings)
    )
    for days in HALF_LIVES if has_times else ():
        yield Candidate(
            name=f"popularity, half-life {days:g} days",
            family="popularity",
            fit=lambda material, days=days: popularity(material.readings, days),  # type: ignore[misc]
        )
    yield Candidate(
        name="course order",
        family="course order",
        fit=lambda material: course_order(material.courses, len(material.readings.lessons)),
    )


def behaviours(lessons: int) -> Iterator[Candidate]:
    """lessons: how many there are; EASE is not offered for more than it can bear."""
    yield _behaviour("ItemKNN cosine", "ItemKNN", neighbours.cosine)
    yield _behaviour("ItemKNN TF-IDF", "ItemKNN", neighbours.tf_idf)
    yield _behaviour("ItemKNN BM25", "ItemKNN", neighbours.bm25)
    for alpha, beta in RP3:
        yield _behaviour(
            f"RP3beta α={alpha:g} β={beta:g}",
            "RP3beta",
            lambda readings, alpha=alpha, beta=beta: neighbours.rp3beta(readings, alpha, beta),  # type: ignore[misc]
        )
    if lessons <= ease.MOST_LESSONS:
        for ridge in EASE_RIDGES if lessons <= MOST_FOR_SEVERAL_EASE else EASE_RIDGES[-1:]:
            yield _behaviour(
                f"EASE λ={ridge:g}",
                "EASE",
                lambda readings, ridge=ridge: ease.ease(readings, ridge),  # type: ignore[misc]
            )
    for ridge in SLIM_RIDGES:
        yield Candidate(
            name=f"fsSLIM ridge={ridge:g}",
            family="fsSLIM",
            fit=lambda material, ridge=ridge: slim(material.likeness, ridge),  # type: ignore[misc]
        )


def contents(material: Material) -> Iterator[Candidate]:
    for sharpness, weights in material.contents.items():
        if weights.nnz:
            yield Candidate(
                name=f"content, sharpness {sharpness:g}",
                family="content",
                fit=lambda material, sharpness=sharpness: Model(  # type: ignore[misc]
                    name=f"content, sharpness {sharpness:g}", weights=material.contents[sharpness]
                ),
            )


def blends(behaviour: Candidate, sharpness: float) -> Iterator[Candidate]:
    """behaviour, sharpness: the best of each kind so far."""
    for share in SHARES:
        name = f"{behaviour.name} + {share:g} × content, sharpness {sharpness:g}"
        yield Candidate(
            name=name,
            family="blend",
            fit=lambda material, share=share, name=name: Model(  # type: ignore[misc]
                name=name,
                weights=blended(weights_of(behaviour, material), material.contents[sharpness], share),
            ),
        )


def over_terms() -> Iterator[Candidate]:
    """Models in which terms join lessons as readers do; only where the material has terms."""
    for readers in TERMS_AS_READERS:
        for alpha, beta in RP3_WITH_TERMS:
            yield _over_terms(
                f"RP3beta α={alpha:g} β={beta:g} with terms as {readers:g} readers",
                lambda material, terms, readers=readers, alpha=alpha, beta=beta: rp3beta_over_terms(  # type: ignore[misc]
                    material, terms, readers, alpha, beta
                ),
            )
        yield _over_terms(
            f"fsSLIM with terms as {readers:g} readers",
            lambda material, terms, readers=readers: (
                slim(  # type: ignore[misc]
                    material.likeness.with_terms(terms, readers, _joined(material, terms)),
                    SLIM_WITH_TERMS_RIDGE,
                ).weights
            ),
        )


def together(first: Candidate, second: Candidate) -> Candidate:
    """Both, with equal say: what one of them cannot know, the other may."""
    name = f"{first.name} + {second.name}"
    return Candidate(
        name=name,
        family="blend",
        fit=lambda material: Model(
            name=name,
            weights=csr_array(
                in_proportion(weights_of(first, material)) + in_proportion(weights_of(second, material))
            ),
        ),
    )


def weights_of(candidate: Candidate, material: Material) -> csr_array:
    """The candidate's evident weights, worked out once for this material."""
    if candidate.name not in material.kept:
        material.kept[candidate.name] = candidate.fit(material).weights
    return material.kept[candidate.name]


def _behaviour(name: str, family: str, fit: Callable[[Readings], Model]) -> Candidate:
    return Candidate(
        name=name,
        family=family,
        fit=lambda material: Model(name=name, weights=material.evident(fit(material.readings).weights)),
    )


def _over_terms(name: str, fit: Callable[[Material, csr_array], csr_array]) -> Candidate:
    def fitted(material: Material) -> Model:
        assert material.terms is not None  # noqa: S101 - offered only where there are terms
        return Model(name=name, weights=fit(material, material.terms))

    return Candidate(name=name, family="blend", fit=fitted)


def _joined(material: Material, terms: csr_array) -> csr_array:
    """What lessons say in common, worked out once for this material."""
    if "terms in common" not in material.kept:
        material.kept["terms in common"] = in_common(terms)
    return material.kept["terms in common"]
