"""Every refusal says where, what, and what to do; nothing half-read comes out (rule R3, case L18)."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from generator import catalogue
from generator.errors import ContentError
from tests.generator.catalogue.building import COURSE, SCHOOL, only, refused, write

SITES = Path(__file__).parents[2] / "sites"


def test_every_mistake_of_every_file_is_reported_at_once_in_order() -> None:
    with pytest.raises(ContentError) as caught:
        catalogue.read(SITES / "every-mistake" / "content")
    expected = (SITES / "every-mistake" / "expected.txt").read_text(encoding="utf-8")
    assert "".join(f"{problem}\n" for problem in caught.value.problems) == expected


@pytest.mark.parametrize(
    ("front_matter", "line", "what", "hint"),
    [
        ("acess: free", 2, "unknown field 'acess'", "did you mean 'access'?"),
        ("title: A\ncolour: red", 3, "unknown field 'colour'", "known are: access, "),
        ("visibility: public", 2, "unknown field 'visibility'", "use 'access'"),
        ("access: payd", 2, "access: 'payd' is not one of free, member, paid", "did you mean 'paid'?"),
        (
            "access: true",
            2,
            "access: the YAML boolean 'true' is not one of free, member, paid",
            "write one of the words",
        ),
        ("access: no", 2, "access: the YAML boolean 'false'", "write one of the words"),
        (
            "status: off",
            2,
            "status: the YAML boolean 'false' is not one of draft, scheduled",
            "write one of the words",
        ),
        ("access:", 2, "access: nothing", "write a value"),
        ("title: 2026", 2, "title: a number, not a text", 'quote it: "2026"'),
        ("title: Yes", 2, "title: a YAML boolean, not a text", "quotes"),
        ("title: ''", 2, "title: empty", "write something"),
        ("tags: [a, b, NULL]", 2, "tags: nothing", "quotes"),
        ("tags: a", 2, "tags: a list is expected", "[a, b]"),
        ("minutes: -5", 2, "minutes: -5 is not a positive whole number", ""),
        ("minutes: ten", 2, "minutes: 'ten' is not a whole number", "digits"),
        ("updated: yesterday", 2, "updated: not a date", "2026-11-10"),
        ("search: {exclude: 'yes'}", 2, "search.exclude: 'yes' is neither true nor false", "true or false"),
        ("search: {hide: true}", 2, "unknown field 'hide'", "exclude"),
        ("title: A\ntitle: B", 3, "'title' is given twice", "the first is in line 2"),
        ("title: A: B", 2, "broken YAML: mapping values are not allowed", "quotes"),
        ("title: [A", 3, "broken YAML", ""),
        ("title: !!python/name:os.system x", 2, "the YAML tag", "plain value"),
        ("- a\n- b", 2, "not a list of 'field: value' lines", "title: …"),
        ("just words", 2, "not a list of 'field: value' lines", "title: …"),
        ("1: a", 2, "not a list of 'field: value' lines", "title: …"),
        ("title: A\n2: b", 3, "'2' is not a text and cannot name a field", 'quote it: "2"'),
        ("status: scheduled", 2, "scheduled without a date", "publish_at: 2027-"),
        (
            "publish_at: 2027-03-01T09:00:00Z",
            2,
            "publish_at in a lesson that is published",
            "status: scheduled",
        ),
        (
            "status: draft\npublish_at: 2027-03-01T09:00:00Z",
            3,
            "publish_at in a lesson that is draft",
            "scheduled",
        ),
        (
            "status: scheduled\npublish_at: 2027-03-01T09:00:00",
            3,
            "publish_at: a time without a zone",
            "+08:00",
        ),
        ("status: scheduled\npublish_at: 2027-03-01", 3, "publish_at: not a date and time", "RFC 3339"),
        ("status: scheduled\npublish_at: 2027-02-30T09:00:00Z", 3, "publish_at: no such date", "2027-03-01"),
        ("authors: [bob]", 2, "there is no author 'bob'", "school.yml"),
        ("authors: [adda]", 2, "there is no author 'adda'", "did you mean 'ada'?"),
        (
            "prerequisites: [rust/frist]",
            2,
            "prerequisites: there is no lesson or course 'rust/frist'",
            "'rust/first'",
        ),
        (
            "prerequisites: [rust/first]",
            2,
            "prerequisites go in a circle: rust/first → rust/first",
            "take one",
        ),
        ("products: [rusty]", 2, "there is no product 'rusty'", "did you mean 'rust'?"),
        ("access: free\nproducts: [rust]", 3, "a free lesson with products", "access: paid"),
        ("id: assets", 2, "the id 'assets' belongs to the site itself", "choose another"),
        ("id: 第一课", 2, "id: '第一课' cannot be an id", "letters"),
        ("id: ../up", 2, "id: '../up' cannot be an id", "letters"),
        ("moved_from: ../secret", 2, "moved_from: '../secret' is no address", "rust/old-name/"),
        ("moved_from: rust/first", 2, "moved_from: 'rust/first/' is in use", "take it out"),
    ],
)
def test_a_mistake_in_front_matter_is_shown_at_its_own_line(
    tmp_path: Path, front_matter: str, line: int, what: str, hint: str
) -> None:
    text = f"---\n{front_matter}\n---\n# First\n"
    problem = only(refused(tmp_path, {"rust/01-first.md": text}))
    assert problem.where == f"rust/01-first.md:{line}"
    assert what in problem.what
    assert hint in problem.hint


@pytest.mark.parametrize(
    ("text", "line", "what"),
    [
        ("---\ntitle: A\n\n# First\n", 1, "the front matter has no end"),
        ("---\naccess paid\n---\n# First\n", 2, "not a list of 'field: value' lines"),
        ("\n\n---\naccess: paid\n---\n# First\n", 3, "the front matter must start in line 1"),
        ("access: paid\n\n# First\n", 1, "front matter without its lines '---'"),
        ("+++\naccess = 'paid'\n+++\n# First\n", 1, "front matter in TOML"),
        ("---\n\naccess paid\naccess: paid\n---\n# First\n", 4, "not a list of 'field: value' lines"),
        ("", 1, "the lesson has no title"),
        ("No heading at all.\n", 1, "the lesson has no title"),
    ],
)
def test_whatever_looks_like_lost_front_matter_is_refused(
    tmp_path: Path, text: str, line: int, what: str
) -> None:
    problem = only(refused(tmp_path, {"rust/01-first.md": text}))
    assert (problem.where, problem.what) == (f"rust/01-first.md:{line}", what)


@pytest.mark.parametrize(
    ("entry", "line", "what", "hint"),
    [
        (
            "{id: x, kind: course, title: X, grants: [rsut], prices: {USD: 1}}",
            8,
            "grants 'rsut'",
            "did you mean 'rust'?",
        ),
        (
            "{id: x, kind: course, title: X, grants: [rust], prices: {USD: 0}}",
            8,
            "the price '0'",
            "minor unit",
        ),
        (
            "{id: x, kind: course, title: X, grants: [rust], prices: {USD: -5}}",
            8,
            "the price '-5'",
            "minor unit",
        ),
        (
            "{id: x, kind: course, title: X, grants: [rust], prices: {USD: 9.99}}",
            8,
            "the price '9.99'",
            "minor unit",
        ),
        (
            "{id: x, kind: course, title: X, grants: [rust], prices: {USD: true}}",
            8,
            "the price 'True'",
            "minor unit",
        ),
        (
            "{id: x, kind: course, title: X, grants: [rust], prices: {usd: 5}}",
            8,
            "'usd' is no currency code",
            "USD",
        ),
        ("{id: x, kind: course, title: X, grants: [rust], prices: {}}", 8, "prices: empty", "at least one"),
        ("{id: x, kind: course, title: X, grants: [rust]}", 8, "no 'prices'", "prices"),
        ("{id: x, kind: course, title: X, grants: [], prices: {USD: 1}}", 8, "grants: empty", "at least one"),
        (
            "{id: x, kind: club, title: X, grants: [rust], prices: {USD: 1}}",
            8,
            "'club' is not one of course, bundle",
            "",
        ),
        (
            "{id: rust, kind: course, title: X, grants: [rust], prices: {USD: 1}}",
            8,
            "'rust' is given twice",
            "again",
        ),
        (
            "{id: x, kind: subscription, title: X, grants: [rust], prices: {USD: 1}}",
            8,
            "has no interval",
            "month",
        ),
        (
            "{id: x, kind: course, interval: month, title: X, grants: [rust], prices: {USD: 1}}",
            8,
            "an interval",
            "kind",
        ),
        (
            "{id: x, kind: course, title: X, grant: [rust], grants: [rust], prices: {USD: 1}}",
            8,
            "'grant'",
            "'grants'",
        ),
        (
            "{id: x, kind: course, title: {en: A, fr: B}, grants: [rust], prices: {USD: 1}}",
            8,
            "'fr' is not one of",
            "",
        ),
        (
            "{id: x, kind: course, title: {en: now, and then}, grants: [rust], prices: {USD: 1}}",
            8,
            "'and then' is not one of zh, en",
            "a text with a comma must stand in quotes",
        ),
    ],
)
def test_a_mistake_in_a_product_is_shown_at_its_own_line(
    tmp_path: Path, entry: str, line: int, what: str, hint: str
) -> None:
    problem = only(refused(tmp_path, {"school.yml": f"{SCHOOL}  - {entry}\n"}))
    assert problem.where == f"school.yml:{line}"
    assert what in problem.what
    assert hint in problem.hint


TRIAL = "kind: trial, title: T, grants: [rust/first]"


@pytest.mark.parametrize(
    ("entry", "what", "hint"),
    [
        ("{id: x, kind: membership, title: X, grants: [rust], prices: {USD: 1}}", "everything", "bundle"),
        ("{id: x, kind: membership, title: X}", "no 'prices'", "USD"),
        ("{id: x, kind: membership, interval: year, title: X, prices: {USD: 1}}", "an interval", "kind"),
        ("{id: x, kind: course, title: X, prices: {USD: 1}}", "no 'grants'", "grants"),
        ("{id: x, kind: course, title: X, grants: [rust], prices: {USD: 1}, grace_days: 3}", "grace", "out"),
        ("{id: x, kind: course, title: X, grants: [rust], prices: {USD: 1}, days: 3}", "no trial", "trial"),
        (
            "{id: x, kind: course, title: X, grants: [rust], prices: {USD: 1}, seats: {max: 3}}",
            "no team",
            "team",
        ),
        ("{id: x, kind: team, title: X, grants: [rust], prices: {USD: 1}}", "no seats", "seats: {min: 3"),
        (
            "{id: x, kind: team, title: X, grants: [rust], prices: {USD: 1}, seats: {min: 5, max: 3}}",
            "5 to 3 seats",
            "min",
        ),
        (
            "{id: x, kind: team, title: X, grants: [rust], prices: {USD: 1}, seats: {min: 0, max: 3}}",
            "0 is not",
            "",
        ),
        (
            "{id: x, kind: team, title: X, grants: [rust], prices: {USD: 1}, seats: {max: 1001}}",
            "1001",
            "1000",
        ),
        (
            "{id: x, kind: subscription, interval: month, giftable: true, title: X, grants: [rust], prices: {USD: 1}}",
            "given away",
            "paid once",
        ),
        (f"{{id: x, {TRIAL}, prices: {{USD: 1}}}}", "has a price", "take it out"),
        (f"{{id: x, {TRIAL}, refund_days: 3}}", "refunded", "take"),
        (f"{{id: x, {TRIAL}, giftable: true}}", "given away", "paid once"),
        (f"{{id: x, {TRIAL}, days: 0}}", "0 is not", ""),
        ("{id: x, kind: trial, title: T, grants: [rust]}", "not one lesson", "rust/traits"),
        ('{id: x, kind: trial, title: T, grants: ["*"]}', "not one lesson", "rust/traits"),
        ("{id: x, kind: trial, title: T, grants: [rust/frist]}", "neither", "rust/first"),
    ],
)
def test_each_kind_of_product_says_what_it_needs_and_what_it_cannot_have(
    tmp_path: Path, entry: str, what: str, hint: str
) -> None:
    problem = only(refused(tmp_path, {"school.yml": f"{SCHOOL}  - {entry}\n"}))
    assert problem.where == "school.yml:8"
    assert what in problem.what
    assert hint in problem.hint


def test_a_trial_of_a_lesson_that_is_free_is_a_mistake(tmp_path: Path) -> None:
    files = {
        "school.yml": f"{SCHOOL}  - {{id: x, {TRIAL}}}\n",
        "rust/01-first.md": "---\naccess: free\n---\n# F\n",
    }
    assert "free already" in only(refused(tmp_path, files)).what


def test_a_trial_alone_does_not_put_a_lesson_on_sale(tmp_path: Path) -> None:
    school = SCHOOL.replace("kind: course, title: Rust, grants: [rust], prices: {USD: 1900}", TRIAL)
    assert "no product opens" in only(refused(tmp_path, {"school.yml": school})).what


def test_a_trial_is_not_named_by_a_course_which_it_would_open_wholly(tmp_path: Path) -> None:
    files = {
        "school.yml": f"{SCHOOL}  - {{id: taste, {TRIAL}}}\n",
        "rust/course.yml": "title: Rust\naccess: paid\nproducts: [rust, taste]\n",
    }
    problem = only(refused(tmp_path, files))
    assert (problem.where, "is a trial" in problem.what) == ("rust/course.yml:3", True)


@pytest.mark.parametrize(
    ("entry", "what", "hint"),
    [
        ("{code: AB, percent: 10}", "'AB' cannot be", "4 to 40"),
        ("{code: SPRING 27, percent: 10}", "cannot be", "letters"),
        ("{code: SPRING}", "takes off nothing", "percent"),
        ("{code: SPRING, percent: 10, amount: {USD: 5}}", "a part and an amount", "either"),
        ("{code: SPRING, percent: 0}", "greater than or equal to 1", ""),
        ("{code: SPRING, percent: 101}", "less than or equal to 100", ""),
        ("{code: SPRING, amount: {USD: 0}}", "not a positive whole number", "minor unit"),
        ("{code: SPRING, amount: {EUR: 5}}", "takes off EUR", "USD"),
        ("{code: SPRING, percent: 5, products: [rsut]}", "is no product", "did you mean 'rust'?"),
        ("{code: SPRING, percent: 5, uses: 0}", "0 is not", ""),
        ("{code: SPRING, percent: 5, expires: 2027-01-01}", "not a date and time", "zone"),
        ("{code: SPRING, percent: 5, expired: x}", "unknown field 'expired'", "expires"),
        ("{code: SUMMER, percent: 5}\n  - {code: summer, percent: 9}", "given twice", "capital"),
    ],
)
def test_a_mistake_in_a_coupon_is_shown_at_its_own_line(
    tmp_path: Path, entry: str, what: str, hint: str
) -> None:
    problem = only(refused(tmp_path, {"school.yml": f"{SCHOOL}coupons:\n  - {entry}\n"}))
    assert problem.where == ("school.yml:10" if "\n" in entry else "school.yml:9")
    assert what in problem.what
    assert hint in problem.hint


@pytest.mark.parametrize(
    ("course", "line", "what"),
    [
        (
            "title: Rust\naccess: paid\nid: rusty\n",
            3,
            "the course id 'rusty' is not its folder's name 'rust'",
        ),
        ("title: Rust\naccess: paid\nstatus: scheduled\n", 3, "a course cannot be scheduled"),
        ("title: Rust\naccess: paid\ncover: files/none.svg\n", 3, "cover: there is no file 'files/none.svg'"),
        ("title: Rust\naccess: paid\ncover: ../school.yml\n", 3, "cover: there is no file '../school.yml'"),
        (
            "title: Rust\naccess: paid\noutline: yes\n",
            3,
            "outline: the YAML boolean 'true' is not one of public, hidden",
        ),
        (
            "title: Rust\naccess: paid\nmissing_files: ignore\n",
            3,
            "missing_files: 'ignore' is not one of error, warn",
        ),
        ("title: Rust\naccess: paid\nprerequisites: [go]\n", 3, "prerequisites: there is no course 'go'"),
        (
            "title: Rust\naccess: paid\nprerequisites: [rust/first]\n",
            3,
            "prerequisites: there is no course 'rust/first'",
        ),
        ("title: Rust\naccess: paid\nproducts: []\n", 1, "no product opens this paid lesson"),
        (
            "title: Rust\naccess: paid\nlessons: [01-first.md, 02-gone.md]\n",
            3,
            "there is no lesson '02-gone.md'",
        ),
        (
            "title: Rust\naccess: paid\nlessons:\n  - 01-first.md\n  - 01-first.md\n",
            5,
            "'01-first.md' is named twice",
        ),
        ("title: Rust\naccess: paid\nlessons: SUMMARY.md\n", 3, "there is no rust/SUMMARY.md"),
        ("title: Rust\naccess: paid\nlessons: 7\n", 3, "lessons: neither a list nor SUMMARY.md"),
        ("access: paid\n", 1, "no 'title'"),
        ("title: Rust\n", 1, "no access rule"),
    ],
)
def test_a_mistake_in_a_course_is_shown_at_its_own_line(
    tmp_path: Path, course: str, line: int, what: str
) -> None:
    problems = refused(tmp_path, {"rust/course.yml": course})
    assert (line, what) in {
        (int(problem.where.rpartition(":")[2]), problem.what) for problem in problems if ":" in problem.where
    }


def test_a_lesson_that_no_list_names_is_refused_by_name(tmp_path: Path) -> None:
    files = {
        "rust/course.yml": COURSE + "lessons: [02-b.md]\n",
        "rust/01-a.md": "# A\n",
        "rust/02-b.md": "# B\n",
    }
    problem = only(refused(tmp_path, files))
    assert (problem.where, problem.what) == ("rust/01-a.md", "not named by 'lessons' in rust/course.yml")


@pytest.mark.parametrize(
    ("name", "suggested"),
    [
        ("rust/files/my picture.png", "my-picture.png"),
        ("rust/files/图表.png", "file.png"),
        ("rust/files/a%20b.png", "a-b.png"),
        ("rust/files/café.png", "cafe.png"),
        ("rust/02-所有权 ownership.md", "02-ownership.md"),
        ("rust/02-所有权.md", "02-lesson.md"),
        ("rust/part one/02-x.md", "part-one"),
        ("rust/files/a~b.zip", "a-b.zip"),
    ],
)
def test_a_name_that_cannot_be_an_address_is_refused_with_a_better_one(
    tmp_path: Path, name: str, suggested: str
) -> None:
    problems = refused(tmp_path, {"rust/01-first.md": "# First\n", name: b"# X\n"})
    problem = only([each for each in problems if "name may only have letters" in each.what])
    assert problem.where in name
    assert problem.hint == f"rename it, for example to '{suggested}'"


def test_broken_text_is_refused_at_its_line(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {
        "rust/01-a.md": b"# A\n\nfine\n\xff\xfe\n",
        "rust/02-b.md": b"# B\n\nbell \x07\n",
        "rust/course.yml": b"title: Rust\naccess: paid\nsummary: \xe4\xf6\n",
        "school.yml": SCHOOL,
    }
    found = {(problem.where, problem.what) for problem in refused(tmp_path, files)}
    assert ("rust/course.yml:3", "not UTF-8 text") in found
    files["rust/course.yml"] = COURSE
    assert {(problem.where, problem.what) for problem in refused(tmp_path, files)} == {
        ("rust/01-a.md:4", "not UTF-8 text"),
        ("rust/02-b.md:3", "a control character (U+0007)"),
    }


def test_p16_symbolic_links_are_refused_wherever_they_point(tmp_path: Path) -> None:
    """P16"""
    content = write(tmp_path, {})
    (tmp_path / "outside.md").write_text("# Outside\n")
    (content / "rust" / "02-link.md").symlink_to(tmp_path / "outside.md")
    (content / "rust" / "files").symlink_to(tmp_path)
    with pytest.raises(ContentError) as caught:
        catalogue.read(content)
    assert [(problem.where, problem.what) for problem in caught.value.problems] == [
        ("rust/02-link.md", "a symbolic link"),
        ("rust/files", "a symbolic link"),
    ]


def test_p16_special_files_are_refused(tmp_path: Path) -> None:
    """P16"""
    content = write(tmp_path, {})
    os.mkfifo(content / "rust" / "pipe")
    with pytest.raises(ContentError) as caught:
        catalogue.read(content)
    assert [problem.what for problem in caught.value.problems] == ["neither a file nor a folder"]


@pytest.mark.parametrize(
    "name", ["files", "gate", "store", "account", "assets", "tags", "search", "zh", "en", "api", "Buy"]
)
def test_a_course_cannot_take_an_address_of_the_site(tmp_path: Path, name: str) -> None:
    files = {
        "school.yml": SCHOOL,
        f"{name}/course.yml": "title: X\naccess: free\n",
        f"{name}/01-a.md": "# A\n",
    }
    problem = only(refused(tmp_path, files | {"rust/01-first.md": "# First\n"}))
    assert problem.what == f"the id '{name}' belongs to the site itself"


@pytest.mark.parametrize(
    ("first", "second", "what"),
    [
        ("a.md", "a/index.md", "its address 'rust/a/' is already that of rust/a.md"),
        ("a/README.md", "a/index.md", "its address 'rust/a/' is already that of rust/a/README.md"),
        ("a.md", "A/index.md", "its address 'rust/A/' is already that of rust/a.md"),
    ],
)
def test_two_lessons_cannot_share_an_address(tmp_path: Path, first: str, second: str, what: str) -> None:
    problems = refused(tmp_path, {f"rust/{first}": "# A\n", f"rust/{second}": "# B\n"})
    assert what in {problem.what for problem in problems}
    assert any(
        "is already that of" in problem.what and problem.what.startswith("the id") for problem in problems
    )


def test_two_lessons_cannot_share_an_id(tmp_path: Path) -> None:
    text = "---\nid: rust/one\n---\n# A\n"
    problem = only(refused(tmp_path, {"rust/01-a.md": text, "rust/02-b.md": text}))
    assert (problem.where, problem.what) == (
        "rust/02-b.md:2",
        "the id 'rust/one' is already that of rust/01-a.md",
    )


def test_prerequisites_that_go_in_a_circle_are_shown_once(tmp_path: Path) -> None:
    files = {
        f"rust/0{n}-{name}.md": f"---\ntitle: X\nprerequisites: [rust/{before}]\n---\n"
        for n, (name, before) in enumerate([("a", "c"), ("b", "a"), ("c", "b")], 1)
    }
    problem = only(refused(tmp_path, files))
    assert problem.where == "rust/01-a.md:3"
    assert problem.what == "prerequisites go in a circle: rust/a → rust/c → rust/b → rust/a"


def test_a_paid_lesson_that_no_product_opens_is_refused(tmp_path: Path) -> None:
    school = SCHOOL.partition("products:")[0]
    problem = only(refused(tmp_path, {"school.yml": school}))
    assert (problem.where, problem.what) == ("rust/01-first.md:1", "no product opens this paid lesson")


def test_markdown_outside_of_a_course_is_refused(tmp_path: Path) -> None:
    found = refused(
        tmp_path,
        {
            "README.md": "# R\n",
            "go/01-a.md": "# A\n",
            "rust/files/notes.md": "# N\n",
            "rust/01-a.md": "# A\n",
        },
    )
    assert [(problem.where, problem.what) for problem in found] == [
        ("README.md", "a Markdown file outside of every course"),
        ("go", "a folder with Markdown and without course.yml"),
        ("rust/files/notes.md", "a Markdown file among the attachments"),
    ]


def test_a_folder_without_a_school_is_refused(tmp_path: Path) -> None:
    assert only(refused(tmp_path, {"x/y.txt": "z"}, base=False)).what == "there is no school.yml"
    with pytest.raises(ContentError) as caught:
        catalogue.read(tmp_path / "nowhere")
    assert caught.value.problems[0].what == "there is no such folder"


def test_a_broken_school_file_does_not_hide_the_mistakes_of_lessons_nor_add_any(tmp_path: Path) -> None:
    found = refused(tmp_path, {"school.yml": "name: [", "rust/01-a.md": "---\nacces: free\n---\n# A\n"})
    assert [problem.where.split(":")[0] for problem in found] == ["rust/01-a.md", "school.yml"]


def test_yaml_that_contains_itself_or_explodes_is_refused_or_harmless(tmp_path: Path) -> None:
    found = refused(tmp_path, {"rust/01-a.md": "---\ntitle: A\ntags: &a [x, *a]\n---\n"})
    assert "a value that contains itself" in {problem.what for problem in found}
    laughs = "a: &a [x, x]\n" + "".join(
        f"{c}: &{c} [*{p}, *{p}]\n"
        for p, c in zip("abcdefghijklmnopqrstu", "bcdefghijklmnopqrstuv", strict=True)
    )
    found = refused(tmp_path, {"rust/01-a.md": f"---\n{laughs}---\n"})
    assert all("unknown field" in problem.what for problem in found)
