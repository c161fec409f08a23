"""The answer of `uplift` in sentences: the verdict first, then what it stands on, error terms included."""

from __future__ import annotations

from collections.abc import Iterator

from generator.recommend.uplift import POWER, WINDOW_DAYS, Estimate, Uplift


def lines(found: Uplift) -> Iterator[str]:
    yield f"{found.verdict.value}"
    yield ""
    yield f"readers by lot              {found.readers} with recommendations, {found.held_out} with the popularity list"
    yield f"activity of the held out    {found.held_out_mean:.2f} points a reader in {WINDOW_DAYS} days"
    if found.effect is None:
        yield "too few on one side for any figure"
        return
    yield f"effect on activity          {_of(found.effect)} points a reader"
    if found.relative is not None:
        yield f"  as a share                {_share(found.relative)}"
    needed = f", {found.needed} readers would do" if found.needed and found.power < POWER else ""
    yield f"chance to see {found.worth:.0%}           {found.power:.0%}{needed}"
    yield ""
    yield "behaviour x → recommendation y = f(x) + e → activity z = g(y) + h"
    if found.followed is not None:
        strength = f" (F = {found.first_stage:.1f})" if found.first_stage is not None else ""
        yield f"  lot on y                  {_of(found.followed)} recommendations followed{strength}"
    if found.e is not None:
        yield f"  e, unexplained in y       {found.e:.2f}, standard deviation"
    if found.per_followed is not None and found.h is not None:
        yield f"  slope of g                {_of(found.per_followed)} points for each one followed"
        yield f"  h, unexplained in z       {found.h:.2f} points, standard deviation"
    else:
        yield "  slope of g, h             the lot moves too few clicks to say (F below 10)"
    if found.explained is not None:
        yield f"  x explains                {found.explained:.0%} of z's variance"


def _of(estimate: Estimate) -> str:
    return f"{estimate.value:+.2f} (95 %: {estimate.low:+.2f} to {estimate.high:+.2f})"


def _share(estimate: Estimate) -> str:
    return f"{estimate.value:+.1%} (95 %: {estimate.low:+.1%} to {estimate.high:+.1%})"
