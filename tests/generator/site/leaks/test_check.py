"""The leak check of a whole school: what is secret, what is public anyway, and how a hit is told (L01-L12)."""

from __future__ import annotations

import base64
import dataclasses
import gzip
import hashlib
import json
from pathlib import Path

import pytest

from generator.errors import LeakError
from generator.site.leaks import Secrets, canaries, check, examine, markup, public_digest
from generator.site.leaks.check import MAXIMUM_HITS
from tests.generator.site.leaks.observatory import (
    EIGHT_WORDS,
    FIFTEEN_CHARACTERS,
    LAMP,
    SEVEN_WORDS,
    SHARED,
    SIXTEEN_CHARACTERS,
    WORKBOOK_MEMBER,
    Observatory,
    tarred,
    zipped,
)


def page(text: str) -> str:
    return f"<!doctype html>\n<title>Optics</title>\n<body><p>{text}</p></body>\n"


def test_a_clean_site_is_attested(school: Observatory) -> None:
    school.put("index.html", page("You will grind one lens in this course and measure it"))
    school.put("optics/files/lamp.svg", LAMP)
    attestation = check(school.public, school.secrets)
    assert attestation.hits == 0
    assert attestation.files == 2
    assert attestation.size_bytes == sum(p.stat().st_size for p in school.public.rglob("*") if p.is_file())
    assert attestation.phrases > 100
    digests = {
        path: hashlib.sha256((school.public / path).read_bytes()).hexdigest()
        for path in ("index.html", "optics/files/lamp.svg")
    }
    assert attestation.digest == public_digest(digests)
    assert json.dumps(attestation.to_json())


def test_the_attested_digest_tells_names_and_bytes_apart() -> None:
    one = public_digest({"a": "0" * 64, "b": "1" * 64})
    assert one == public_digest({"b": "1" * 64, "a": "0" * 64})
    assert len({one, public_digest({"a": "1" * 64, "b": "0" * 64}), public_digest({"a": "0" * 64})}) == 3


def test_a_hit_names_lesson_line_phrase_and_file_and_ends_with_exit_code_4(school: Observatory) -> None:
    school.put("optics/light/index.html", page(EIGHT_WORDS))
    with pytest.raises(LeakError) as caught:
        check(school.public, school.secrets)
    assert caught.value.exit_code == 4
    (line,) = caught.value.hits
    assert line == (
        f"optics/02-lenses.md:14: “{EIGHT_WORDS}” of optics/lenses stands in the public file optics/light/index.html"
    )


def test_a_long_leak_is_told_once_and_shortened(school: Observatory) -> None:
    markdown = school.edition.lessons["optics/lenses"].private_markdown
    assert markdown is not None
    paragraph = next(line for line in markdown.splitlines() if line.startswith("Turn the tool"))
    school.put("index.html", page(paragraph))
    (hit,) = school.hits()
    assert hit.where == "optics/02-lenses.md:16"
    assert hit.what.startswith("“turn the tool a twentieth after")
    assert len(hit.what) < 70


def test_more_hits_than_a_person_can_read_are_counted(school: Observatory) -> None:
    for number in range(MAXIMUM_HITS + 7):
        school.put(f"{number:04d}.html", page(EIGHT_WORDS))
    with pytest.raises(LeakError) as caught:
        check(school.public, school.secrets)
    assert len(caught.value.hits) == MAXIMUM_HITS + 1
    assert caught.value.hits[-1] == "and 7 more"


def test_a_phrase_of_the_rendered_half_is_found_and_placed_in_the_source(school: Observatory) -> None:
    """Only the rendered half has these words in a row: the link's target is gone."""
    school.parts["optics/lenses"] += (
        b"<p>Only the renderer <b>wrote this</b> sentence into the hidden half</p>"
    )
    school.put("index.html", page("only the renderer wrote this sentence into the"))
    (hit,) = school.hits()
    assert (hit.lesson, hit.where) == ("optics/lenses", "optics/02-lenses.md")
    school.put("index.html", page("The answers are in the workbook. " + EIGHT_WORDS))
    assert [hit.where for hit in school.hits()] == ["optics/02-lenses.md:14"]


@pytest.mark.parametrize("text", [SEVEN_WORDS, FIFTEEN_CHARACTERS])
def test_one_word_or_character_less_is_no_hit_in_a_school(school: Observatory, text: str) -> None:
    school.put("index.html", page(text))
    assert school.hits() == ()


def test_sixteen_characters_are_a_hit_in_a_school(school: Observatory) -> None:
    school.put("index.html", page(SIXTEEN_CHARACTERS))
    assert [hit.lesson for hit in school.hits()] == ["guangxue/mojing"]


def test_what_also_stands_in_public_text_does_not_count(school: Observatory) -> None:
    assert SHARED in (school.edition.lessons["optics/lenses"].private_markdown or "")
    school.put("optics/light/index.html", page(SHARED))
    school.put("search/search_index.json", json.dumps({"docs": [{"text": SHARED}]}))
    assert school.hits() == ()
    without = dataclasses.replace(school.secrets, public_texts=(), public_markdown={})
    assert len(school.hits(without)) == 2


def test_a_run_is_public_only_as_far_as_it_stands_in_public_text(school: Observatory) -> None:
    """The shared sentence is followed by private text: the words around the seam are a run of their own."""
    text = school.edition.lessons["optics/lenses"].private_markdown or ""
    before = text.split(SHARED)[0].split()[-4:]
    school.put("index.html", page(f"{' '.join(before)} {SHARED}"))
    assert [hit.lesson for hit in school.hits()] == ["optics/lenses"]


def test_a_public_heading_in_its_own_id_and_a_title_said_in_a_row_are_public(school: Observatory) -> None:
    """Pages make ids of headings and say titles and addresses several times: both stand in private anchors and links, too."""
    heading = "Alder, birch, cedar, dahlia, elder, fennel, and ginger"
    address = heading.lower().replace(", ", "-").replace(" ", "-")
    cut = school.edition.lessons["optics/light"]
    title = "Hyssop iris juniper kelp lupin"
    public = dataclasses.replace(
        cut,
        lesson=dataclasses.replace(cut.lesson, title=title),
        public_markdown=f"# Light travels\n\n## {heading}\n",
    )
    edition = dataclasses.replace(school.edition, lessons={**school.edition.lessons, "optics/light": public})
    secrets = Secrets.of(edition, school.parts)
    text = dataclasses.replace(secrets.texts[0], text=f'<a id="{address}"></a>\n\n{title} {title}')
    secrets = dataclasses.replace(secrets, texts=(text,), public_markdown={})
    school.put(
        "optics/light/index.html", f'<h2 id="{address}">{heading}</h2>\n<h1>{title}</h1>\n<p>{title}</p>\n'
    )
    assert school.hits(secrets) == ()
    assert len(school.hits(dataclasses.replace(secrets, public_texts=()))) >= 2


def test_public_markdown_is_rendered_before_it_is_called_private(school: Observatory) -> None:
    """Tab labels move to the front when they are rendered; no reading of the source guesses that."""
    public = (
        "# Light travels\n\n"
        '=== "Alder birch"\n\n    cedar dahlia\n\n'
        '=== "Elder fennel"\n\n    ginger hyssop\n'
    )
    shown = "alder birch elder fennel cedar dahlia ginger hyssop"
    text = dataclasses.replace(school.secrets.texts[0], text=shown)
    secrets = dataclasses.replace(school.secrets, texts=(text,), public_texts=(public,))
    school.put("optics/light/index.html", page(shown))
    assert len(school.hits(dataclasses.replace(secrets, public_markdown={}))) == 1
    for address in ("optics/light/", "optics/elsewhere/"):
        assert school.hits(dataclasses.replace(secrets, public_markdown={address: public})) == ()


@pytest.mark.parametrize(
    ("code", "shown"),
    [
        ('say("alder\\r\\nBirch cedar dahlia elder fennel ginger hyssop")', r'<span class="s">alder</span><span class="se">\r\n</span><span class="s">Birch cedar dahlia elder fennel ginger hyssop</span>'),
        ("<i> if alder < birch and cedar > dahlia elder fennel ginger hyssop iris juniper", "&lt;i&gt; if alder &lt; birch and cedar &gt; dahlia elder fennel ginger hyssop iris juniper"),
    ],
    ids=["cut by highlighting", "comparisons that look like a tag"],
)  # fmt: skip
def test_public_code_is_not_taken_for_the_same_code_in_private(
    school: Observatory, code: str, shown: str
) -> None:
    """One lesson sells what another shows; the page and the search index write it differently from the source."""
    # What is left of the second one when its middle is taken for a tag stands in private text, too.
    private = "if alder dahlia elder fennel ginger hyssop iris juniper"
    source = dataclasses.replace(school.secrets.texts[0], text=f"{private}\n{code}")
    rendered = dataclasses.replace(source, line=0, text=markup.decode_entities(markup.without_tags(shown)))
    secrets = dataclasses.replace(
        school.secrets, texts=(source, rendered), public_texts=(code,), public_markdown={}
    )
    school.put("index.html", f"<pre><code>{shown}</code></pre>")
    school.put("search/search_index.json", json.dumps([shown]))
    assert school.hits(dataclasses.replace(secrets, public_texts=())) != ()
    assert school.hits(secrets) == ()


def test_strings_of_the_theme_are_public(school: Observatory, tmp_path: Path) -> None:
    theme = tmp_path / "theme"
    theme.mkdir()
    (theme / "footer.html").write_text(f"<footer><b>{EIGHT_WORDS}</b></footer>")
    school.put("index.html", page(EIGHT_WORDS))
    bare = Secrets.of(school.edition, school.parts, theme=())
    assert len(school.hits(bare)) == 1
    assert school.hits(Secrets.of(school.edition, school.parts, theme=[theme])) == ()
    assert school.hits(Secrets.of(school.edition, school.parts, theme=(), public_texts=[EIGHT_WORDS])) == ()


def test_only_an_unchanged_file_of_the_theme_is_not_searched(school: Observatory, tmp_path: Path) -> None:
    theme = tmp_path / "theme"
    (theme / "assets").mkdir(parents=True)
    script = f"const text = {json.dumps(EIGHT_WORDS)}\n".encode()
    (theme / "assets/app.js").write_bytes(script)
    secrets = Secrets.of(school.edition, school.parts, theme=[theme])
    school.put("assets/app.js", script)
    assert school.hits(secrets) == ()
    for changed in (script + b"\n", script.replace(b"const", b"let  ")):
        school.put("assets/app.js", changed)
        assert len(school.hits(secrets)) == 1


def test_the_outline_that_a_course_shows_is_public_l09(school: Observatory) -> None:
    heading = "The one heading that only buyers of this course may ever read"
    school.put("optics/lenses/index.html", page(heading))
    assert school.hits() == ()
    lessons = {id_: dataclasses.replace(cut, outline=()) for id_, cut in school.edition.lessons.items()}
    hidden = Secrets.of(dataclasses.replace(school.edition, lessons=lessons), school.parts)
    assert [hit.lesson for hit in school.hits(hidden)] == ["optics/lenses"]
    school.put("optics/lenses/index.html", f'<a href="#{heading.lower().replace(" ", "-")}">next</a>')
    assert [hit.lesson for hit in school.hits(hidden)] == ["optics/lenses"]


def test_alternative_text_of_a_private_picture_is_private(school: Observatory) -> None:
    school.put("index.html", '<img src="x.png" alt="Where the strokes go, drawn from above for a disc">')
    assert [hit.lesson for hit in school.hits()] == ["optics/lenses"]


def test_attributes_that_only_the_rendered_half_has_are_private(school: Observatory) -> None:
    school.parts["optics/lenses"] += (
        b'<abbr title="a jar of pitch warmed until thumbs leave marks">jar</abbr>'
    )
    school.put("index.html", page("a jar of pitch warmed until thumbs leave"))
    assert [hit.lesson for hit in school.hits()] == ["optics/lenses"]


def test_a_name_that_public_text_mentions_is_public(school: Observatory) -> None:
    school.put("index.html", page("Ask for answers-workbook.zip at the desk"))
    assert len(school.hits()) == 1
    mentioned = Secrets.of(school.edition, school.parts, public_texts=["Ask for answers-workbook.zip!"])
    assert school.hits(mentioned) == ()


def test_a_tag_that_the_theme_says_is_public(school: Observatory, tmp_path: Path) -> None:
    theme = tmp_path / "theme"
    theme.mkdir()
    (theme / "main.html").write_text("<b>Catadioptrics</b>")
    school.put("index.html", page("Catadioptrics"))
    assert len(school.hits(Secrets.of(school.edition, school.parts, theme=()))) == 1
    assert school.hits(Secrets.of(school.edition, school.parts, theme=[theme])) == ()


@pytest.mark.parametrize("inside", ["raw", "gzip", "zip", "data URI", "other name"])
def test_the_bytes_of_a_private_file_are_never_public_l10(school: Observatory, inside: str) -> None:
    chart = school.chart
    name, data = {
        "raw": ("a.png", chart),
        "gzip": ("a.gz", gzip.compress(chart)),
        "zip": ("a.zip", zipped(b__png=chart)),
        "data URI": ("a.html", b'<img src="data:image/png;base64,' + base64.b64encode(chart) + b'">'),
        "other name": ("assets/0123.css", chart),
    }[inside]
    school.put(name, data)
    (hit,) = school.hits()
    assert hit.where == "optics/files/stroke-chart.png"
    assert hit.public_file.partition("!")[0] == name


def test_a_file_out_of_a_private_archive_is_private_l10(school: Observatory) -> None:
    school.put("a.txt", WORKBOOK_MEMBER)
    school.put("b.zip", zipped(renamed__txt=WORKBOOK_MEMBER))
    school.put("c.tar", tarred(WORKBOOK_MEMBER))
    assert [hit.where for hit in school.hits()] == ["optics/files/answers-workbook.zip"] * 3


def test_bytes_that_a_public_file_has_too_are_public(school: Observatory) -> None:
    """The same drawing may serve a lead-in and a private half under two names."""
    (school.edition.school.root / "optics/files/stroke-chart.png").write_bytes(LAMP)
    school.put("optics/files/lamp.svg", LAMP)
    assert school.hits() == ()


@pytest.mark.parametrize(
    "text",
    [
        "see answers-workbook.zip",
        '<a href="/optics/files/answers-workbook.zip">x</a>',
        "ANSWERS-WORKBOOK.ZIP",
        "<script>fetch('answers\\u002dworkbook.zip')</script>",
        "&#97;nswers-workbook.zip",
    ],
)
def test_the_name_of_a_private_file_is_never_public_l10(school: Observatory, text: str) -> None:
    school.put("index.html", page(text))
    assert {hit.where for hit in school.hits()} == {"optics/files/answers-workbook.zip"}


@pytest.mark.parametrize(
    "text", ["my-answers-workbook.zip", "answers-workbook.zipper", "answers, workbook, zip"]
)
def test_a_longer_name_or_the_words_of_a_name_are_no_hit(school: Observatory, text: str) -> None:
    school.put("index.html", page(text))
    assert school.hits() == ()


def test_a_private_file_name_with_chinese_in_it_is_found_in_its_escaped_form(school: Observatory) -> None:
    root = school.edition.school.root
    (root / "guangxue" / "行程图.png").write_bytes(b"a drawing of sixteen bytes")
    path = next(iter(school.edition.private_files)).with_name("行程图.png")
    path = path.parent.parent.parent / "guangxue" / "行程图.png"
    files = {**school.edition.school.files, path: 26}
    edition = dataclasses.replace(
        school.edition, school=dataclasses.replace(school.edition.school, files=files)
    )
    secrets = Secrets.of(edition, school.parts)
    for text in ("行程图.png", "%E8%A1%8C%E7%A8%8B%E5%9B%BE.png", "&#34892;程图.png"):
        school.put("index.html", f'<a href="{text}">x</a>')
        assert {hit.where for hit in school.hits(secrets)} == {"guangxue/行程图.png"}, text
    school.put("index.html", "<p>行程图</p>")
    assert school.hits(secrets) == ()


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("index.html", "<nav>Folding with catadioptric mirrors</nav>"),
        ("index.html", "<p>nobody has been told about this lesson before</p>"),
        ("sitemap.xml", "<urlset><loc>https://school.example/optics/catadioptric-folding/</loc></urlset>"),
        ("index.html", '<a rel="next" href="../catadioptric-folding/">x</a><a href="/optics/catadioptric-folding/">'),
        ("tags/index.html", '<h2 id="tag:catadioptrics">catadioptrics</h2>'),
        ("feed.xml", "<rss><title>Folding with catadioptric mirrors</title></rss>"),
        ("optics/catadioptric-folding/index.html", "moved"),
        ("index.html", "<p>a spherical mirror removes what the sphere did</p>"),
    ],
    ids=["nav", "summary", "sitemap", "next", "tag", "feed", "address", "body"],
)  # fmt: skip
def test_nothing_of_a_hidden_lesson_is_public_l11(school: Observatory, name: str, text: str) -> None:
    school.put(name, text)
    assert {hit.lesson for hit in school.hits()} == {"optics/catadioptric-folding"}


def test_a_tag_that_a_public_lesson_has_too_is_public(school: Observatory) -> None:
    school.put("tags/index.html", "<h2>glass</h2>")
    assert school.hits() == ()


def test_a_single_word_of_a_title_means_nothing_in_a_program(school: Observatory) -> None:
    school.put("assets/app.js", "const catadioptrics = 1")
    assert school.hits() == ()


def test_an_announced_lesson_shows_its_title_but_not_its_body_l11(school: Observatory) -> None:
    school.put("index.html", page("Reading fringes. Stripes that measure a tenth of a wave. fringes"))
    assert school.hits() == ()
    school.put("feed.xml", "<rss>Lay the flat upon the glass with one thin strip</rss>")
    assert [(hit.lesson, hit.where) for hit in school.hits()] == [
        ("optics/fringes", "optics/04-fringes.md:10")
    ]


@pytest.mark.parametrize("spelling", sorted(set(canaries.spellings("canary-nightjar-二十")), key=repr))
def test_a_canary_is_found_in_every_encoding_l01(school: Observatory, spelling: bytes) -> None:
    secrets = Secrets.of(school.edition, school.parts, canaries=["canary-nightjar-二十"])
    school.put("x.bin", b"\xff\0" + spelling + b"\0")
    assert [str(hit) for hit in school.hits(secrets)] == ["x.bin: holds the canary canary-nightjar-二十"]


def test_a_canary_inside_base64_or_an_archive_is_found_at_every_offset_l01(school: Observatory) -> None:
    secrets = Secrets.of(school.edition, school.parts, canaries=["canary-nightjar-20"])
    for offset in range(3):
        school.put(f"{offset}.txt", base64.b64encode(b"x" * offset + b"canary-nightjar-20" + b"yz"))
    school.put("a.zip", zipped(a__gz=gzip.compress(b"CANARY-nightjar-20")))
    assert [hit.public_file.partition("!")[0] for hit in school.hits(secrets)] == [
        "0.txt",
        "1.txt",
        "2.txt",
        "a.zip",
    ]
    school.put("a.zip", zipped(a__txt=b"canary-nightjar-2"))
    assert len(school.hits(secrets)) == 3


def test_a_canary_too_short_to_be_one_is_refused(school: Observatory) -> None:
    with pytest.raises(ValueError, match="at least 8"):
        Secrets.of(school.edition, school.parts, canaries=["short"])


def test_two_checks_of_the_same_files_state_the_same(school: Observatory) -> None:
    school.put("b.html", page(EIGHT_WORDS))
    school.put("a.html", page(SIXTEEN_CHARACTERS))
    first, second = examine(school.public, school.secrets), examine(school.public, school.secrets)
    assert first == second
    assert [hit.public_file for hit in first[1]] == ["a.html", "b.html"]
