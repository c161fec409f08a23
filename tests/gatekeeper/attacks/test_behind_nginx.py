"""Everything that is tried on the gate itself, once more through the documented nginx: no layer in between opens what is closed.

P01 P02 P04 P08 P09 P10 P13 P15 P18 P20 H01 H04 H05 H06 H10 H11 U03 U06 U07 U11 U15 U16 C01 C02
J01 J04 J05 J07 J08 J10 J14 J18 J24 J25: the functions are those of the gate's own tests, with another way to the server.
"""

from __future__ import annotations

import inspect
from types import ModuleType

from tests.gatekeeper.gate import test_headers, test_paths, test_store_door, test_tokens_at_the_door

# nginx itself refuses these requests; `test_refused_by_nginx` asks them.
ENDS_SOONER = {
    "test_a_page_dressed_as_a_static_file_is_not_found_and_not_kept",
    "test_raw_control_bytes_in_a_path_are_refused",
    "test_other_verbs_are_refused_for_owners_too",
    "test_a_name_with_spaces_percent_and_chinese_works",
    "test_a_signature_opens_nothing_but_its_object_as_it_was_signed",
    "test_a_url_for_reading_changes_nothing",
    "test_a_token_above_four_kilobytes_is_refused",
    "test_a_token_of_megabytes_does_not_get_past_the_server",
}
AT_THE_GATE: tuple[ModuleType, ...] = (test_headers, test_paths, test_store_door, test_tokens_at_the_door)

for module in AT_THE_GATE:
    for name, function in vars(module).items():
        if (
            name[:5] == "test_"
            and name not in ENDS_SOONER
            and "gatekeeper" in inspect.signature(function).parameters
        ):
            globals()[name] = function


def test_nothing_is_left_out_by_a_mistyped_name() -> None:
    assert {name for module in AT_THE_GATE for name in vars(module)} >= ENDS_SOONER
