"""On one origin the site's folders and the service's addresses share their first part; courses keep away from those of the service."""

from __future__ import annotations

from pathlib import Path

from generator.catalogue.names import RESERVED
from tests.support.shop import open_shop


def test_no_course_can_take_an_address_of_the_service(tmp_path: Path) -> None:
    with open_shop(tmp_path) as shop:
        heads = {rule.rule.split("/")[1] for rule in shop.app.url_map.iter_rules()}
    assert sorted(head for head in heads if head and head not in RESERVED) == []
