"""What stands in the search index is looked into like any other public file (L02)."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import cbor2
import pytest

from generator.site.leaks import Secrets, containers, examine
from generator.site.leaks.sources import PrivateText
from generator.site.search import words
from tests.generator.site.leaks.test_containers import EIGHT, FIFTEEN, SEVEN, SIXTEEN
from tests.support.searching import index_site

SIGNATURE = b"pagefind_dcd"


def packed(content: bytes) -> bytes:
    return gzip.compress(SIGNATURE + content, mtime=0)


def fragment(text: str) -> bytes:
    return packed(json.dumps({"url": "/a/", "content": text, "meta": {"title": "T"}, "anchors": []}).encode())


def secrets(root: Path, private: str = "", canary: str = "") -> Secrets:
    texts = [PrivateText(lesson="a", path="a.md", line=1, text=private)] if private else []
    return Secrets(
        texts=tuple(texts),
        names=(),
        public_texts=(),
        public_markdown={},
        root=root,
        canaries=(canary,) if canary else (),
    )


def hits(folder: Path, private: str) -> int:
    return len(examine(folder, secrets(folder, private))[1])


@pytest.mark.parametrize(("phrase", "count"), [(EIGHT, 1), (SEVEN, 0), (SIXTEEN, 1), (FIFTEEN, 0)])
def test_a_private_run_in_a_fragment_is_found_l02(tmp_path: Path, phrase: str, count: int) -> None:
    (tmp_path / "en_1.pf_fragment").write_bytes(fragment(words.encode(f"before {phrase} after")))
    assert hits(tmp_path, phrase) == count


def test_a_canary_of_a_private_half_is_found_in_what_pagefind_made_of_it_l02(tmp_path: Path) -> None:
    """A page that held private text, indexed by the real Pagefind."""
    site = tmp_path / "site"
    (site / "a").mkdir(parents=True)
    page = f'<html><body><article data-pagefind-body data-label="T"><h1>T</h1><p>{SIXTEEN} CANARY-7319</p></article></body></html>'
    (site / "a" / "index.html").write_text(page, "utf-8")
    index_site(site, tmp_path / "cache")
    (site / "a" / "index.html").unlink()
    known = secrets(site, SIXTEEN, "CANARY-7319")
    found = [hit for hit in examine(site, known)[1] if "/fragment/" in hit.public_file]
    assert any("canary" in hit.what for hit in found)
    assert any("canary" not in hit.what for hit in found)


def test_an_apostrophe_that_the_index_sets_apart_makes_no_word_of_its_own(tmp_path: Path) -> None:
    """A public `we’ll` is not the private `we`: the fragment is read as it was before, and in no other way."""
    private = "whenever somebody tries to compile this code we stop"
    public = words.encode("whenever somebody tries to compile this code we’ll start")
    assert "we ’ ll" in public
    written = json.dumps({"url": "/a/", "content": public}, ensure_ascii=False)  # as Pagefind writes it
    (tmp_path / "en_1.pf_fragment").write_bytes(packed(written.encode()))
    assert hits(tmp_path, private) == 0


def test_every_word_of_the_index_is_read_l02(tmp_path: Path) -> None:
    chunk = packed(
        cbor2.dumps([[["canary7319", [[0, [1, 2], []]], []], ["zebra", [[1, [4], []]], [["zébra", []]]]]])
    )
    (leaf,) = [leaf for leaf in containers.unpack("en_1.pf_index", chunk) if leaf.name.endswith("words.txt")]
    assert leaf.data.decode().split("\n") == ["canary7319", "zebra", "zébra"]
    (tmp_path / "en_1.pf_index").write_bytes(chunk)
    found = examine(tmp_path, secrets(tmp_path, canary="canary7319"))[1]
    assert any(hit.public_file.endswith("words.txt") for hit in found)


def test_the_program_of_the_search_is_read_as_any_binary() -> None:
    leaves = list(
        containers.unpack("wasm.en.pagefind", packed(b"\0asm\1\0\0\0 a canary in the program \0\0"))
    )
    assert any("a canary in the program" in containers.printable(leaf.data) for leaf in leaves)


@pytest.mark.parametrize("content", [b"{broken", b"\xff\xff", b"\x9f"])
def test_an_index_that_cannot_be_read_is_not_let_pass(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "en_1.pf_fragment").write_bytes(packed(content))
    assert hits(tmp_path, EIGHT) == 1
