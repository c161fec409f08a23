"""The fields of school.yml, course.yml and a lesson's front matter, as pydantic checks them.

The shape of each file is the model; what a field means stands in `docs/authors.md`. Checks that need more than one file
are in `courses`, `products` and `checks`.
"""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictBool,
    StrictInt,
    ValidationInfo,
)
from pydantic_core import PydanticCustomError

from gatekeeper.contract.products import ProductKind
from gatekeeper.contract.signals import Privacy
from generator.catalogue.model import Access, Level, Status, Visibility
from generator.catalogue.names import is_id
from generator.members.settings import HALF_LIFE_DAYS

# Page fields of MkDocs, Material and well-known plugins, as real folders of Markdown hold them. They say nothing about who may
# read a page, so a folder that has them need not be edited to become a course.
FOREIGN = frozenset(
    {
        "comments",
        "hide",
        "icon",
        "include_yaml",
        "render_macros",
        "robots",
        "subtitle",
        "template",
        "toc_depth",
    }
)

_RFC_3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(?:\.\d+)?(?P<zone>[Zz]|[+-]\d\d:\d\d)?", re.ASCII)
_CURRENCY = re.compile(r"[A-Z]{3}", re.ASCII)
_COUPON = re.compile(r"[A-Z0-9](?:[A-Z0-9-]{2,38})[A-Z0-9]", re.ASCII)
_ADDRESS = re.compile(r"/?[A-Za-z0-9_-][A-Za-z0-9._-]*(?:/[A-Za-z0-9_-][A-Za-z0-9._-]*)*/?", re.ASCII)


def _wrong(what: str, hint: str = "") -> PydanticCustomError:
    # Braces would be read as a template's fields.
    return PydanticCustomError("lyceum", "{what}", {"what": what, "hint": hint})


def _line_of_text(value: str) -> str:
    text = " ".join(value.split())
    if not text:
        raise _wrong("empty", "write something, or take the field out")
    return text


def _in_languages(value: Any, info: ValidationInfo) -> Any:
    """A text alone stands for the school's first language."""
    if isinstance(value, str):
        return {(info.context or {}).get("language", "en"): value}
    return value


def _in_languages_list(value: Any, info: ValidationInfo) -> Any:
    if isinstance(value, list):
        return {(info.context or {}).get("language", "en"): value}
    return value


def _an_id(value: str) -> str:
    if not is_id(value):
        raise _wrong(
            f"'{value}' cannot be an id", "use letters a-z, digits, '.', '_' and '-', in parts joined by '/'"
        )
    return value


def _a_moment(value: Any) -> Any:
    match = _RFC_3339.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise _wrong("not a date and time", "write RFC 3339 with a zone: 2027-03-01T09:00:00+08:00")
    if match["zone"] is None:
        raise _wrong("a time without a zone", f"add the zone: {value.replace(' ', 'T')}+08:00, or Z for UTC")
    try:
        return datetime.fromisoformat(value.upper().replace(" ", "T"))
    except ValueError as error:
        raise _wrong(f"no such date and time: {error}", "write 2027-03-01T09:00:00+08:00") from error


def _a_day(value: Any) -> Any:
    try:
        return date.fromisoformat(value)
    except (TypeError, ValueError) as error:
        raise _wrong("not a date", "write 2026-11-10") from error


def _an_address(value: str) -> str:
    if not _ADDRESS.fullmatch(value):
        raise _wrong(f"'{value}' is no address on this site", "write the old path, such as rust/old-name/")
    return value.strip("/") + "/"


def _whole(value: int) -> int:
    if value < 1:
        raise _wrong(f"{value} is not a positive whole number", "")
    return value


def _a_price(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise _wrong(
            f"the price '{value}' is not a positive whole number",
            "give it in the currency's minor unit: 1900 is 19 dollars",
        )
    return value


def _currency(value: str) -> str:
    if not _CURRENCY.fullmatch(value):
        raise _wrong(f"'{value}' is no currency code", "three capital letters as in ISO 4217: CNY, USD, EUR")
    return value


def _coupon_code(value: str) -> str:
    code = value.upper()
    if not _COUPON.fullmatch(code):
        raise _wrong(
            f"'{value}' cannot be a coupon's code", "4 to 40 letters A-Z, digits and '-', such as SPRING-2027"
        )
    return code


def _site_address(value: str) -> str:
    parts = _web_address(value)
    if parts.query or parts.fragment:
        raise _wrong(f"'{value}' has a query or a fragment", "write https://example.org/school/")
    return value.rstrip("/") + "/"


def _origin(value: str) -> str:
    if not value:
        return ""
    parts = _web_address(value)
    if parts.path.strip("/") or parts.query or parts.fragment:
        raise _wrong(f"'{value}' is more than an origin", "write https://example.org without a path")
    return value.rstrip("/")


def _web_address(value: str) -> Any:
    try:
        parts = urlsplit(value)
        sound = (
            parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0 and not parts.username
        )
    except ValueError:
        sound = False
    if not sound or re.search(r"[\s\"'<>\\]", value):
        raise _wrong(f"'{value}' is no web address", "write https://example.org/")
    return parts


def _summary_or_list(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


Line = Annotated[str, AfterValidator(_line_of_text)]
Language = Literal["zh", "en"]
Kind = Literal["view", "depth", "time", "finished", "search", "copied", "clicked", "bought", "comment"]
LocalLine = Annotated[dict[Language, Line], BeforeValidator(_in_languages), Field(min_length=1)]
LocalText = Annotated[dict[Language, str], BeforeValidator(_in_languages)]
LocalLines = Annotated[dict[Language, list[Line]], BeforeValidator(_in_languages_list)]
Id = Annotated[str, AfterValidator(_an_id)]
Count = Annotated[StrictInt, AfterValidator(_whole)]
Moment = Annotated[datetime, BeforeValidator(_a_moment)]
Day = Annotated[date, BeforeValidator(_a_day)]
Address = Annotated[str, AfterValidator(_an_address)]
Prices = Annotated[
    dict[Annotated[str, AfterValidator(_currency)], Annotated[int, BeforeValidator(_a_price)]],
    Field(min_length=1),
]


class Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class AuthorFields(Entry):
    name: LocalLine
    bio: LocalText = {}


class SeatsFields(Entry):
    min: Count = 1
    max: Count


class ProductFields(Entry):
    id: Id
    kind: ProductKind
    title: LocalLine
    summary: LocalText = {}
    includes: LocalLines = {}
    grants: Annotated[list[str], Field(min_length=1)] = []
    prices: Prices = {}
    interval: Literal["month", "year"] | None = None
    refund_days: Annotated[StrictInt, Field(ge=0)] = 0
    grace_days: Annotated[StrictInt, Field(ge=0, le=90)] | None = None
    seats: SeatsFields | None = None
    giftable: StrictBool | None = None
    days: Count | None = None
    active: StrictBool = True


class CouponFields(Entry):
    code: Annotated[str, AfterValidator(_coupon_code)]
    percent: Annotated[StrictInt, Field(ge=1, le=100)] | None = None
    amount: Prices = {}
    uses: Count | None = None
    per_reader: Count | None = None
    expires: Moment | None = None
    products: Annotated[list[str], Field(min_length=1)] = []


class PrivacyFields(Entry):
    signals: Privacy = Privacy.NONE


class MembersFields(Entry):
    """points: what a reader's event is worth, instead of the house's weight for it."""

    points: dict[Kind, Annotated[float, Field(ge=0, allow_inf_nan=False)]] = {}
    half_life_days: Annotated[float, Field(gt=0, allow_inf_nan=False)] = HALF_LIFE_DAYS


class RecommendationsFields(Entry):
    """private_text: whether what is behind a paywall may inform which lessons are alike; its words and figures never show."""

    private_text: StrictBool = False


class SchoolFields(Entry):
    format: Literal[1] = 1
    name: LocalLine
    summary: LocalText = {}
    languages: Annotated[list[Language], Field(min_length=1)]
    base_url: Annotated[str, AfterValidator(_site_address)]
    gatekeeper_url: Annotated[str, AfterValidator(_origin)] = ""
    access: Access | None = None
    level: Level = Level.BEGINNER
    outline: Visibility = Visibility.HIDDEN
    upcoming: Visibility = Visibility.HIDDEN
    authors: dict[Id, AuthorFields] = {}
    products: list[ProductFields] = []
    privacy: PrivacyFields = PrivacyFields()
    members: MembersFields = MembersFields()
    recommendations: RecommendationsFields = RecommendationsFields()
    coupons: list[CouponFields] = []


class LessonGroup(Entry):
    section: Line
    lessons: list[str]


class CourseFields(Entry):
    id: Id | None = None
    title: Line
    language: Language | None = None
    summary: str = ""
    description: str = ""
    authors: Annotated[list[str], BeforeValidator(_summary_or_list)] = []
    level: Level | None = None
    order: StrictInt | None = None
    access: Access | None = None
    products: list[str] | None = None
    outline: Visibility | None = None
    upcoming: Visibility | None = None
    outcomes: list[Line] = []
    prerequisites: list[str] = []
    cover: str | None = None
    status: Status = Status.PUBLISHED
    lessons: Any = None  # checked by `ordering`, which knows the files
    missing_files: Literal["error", "warn"] = "error"


class SearchFields(Entry):
    exclude: StrictBool = False


class LessonFields(Entry):
    id: Id | None = None
    title: Line | None = None
    access: Access | None = None
    products: list[str] | None = None
    status: Status = Status.PUBLISHED
    publish_at: Moment | None = None
    summary: str = ""
    tags: list[Line] = []
    authors: list[str] | None = None
    level: Level | None = None
    prerequisites: list[str] = []
    moved_from: Annotated[list[Address], BeforeValidator(_summary_or_list)] = []
    minutes: Count | None = None
    updated: Day | None = None
    search: SearchFields = SearchFields()
