"""Stripe, as far as the shop knows it: its API over loopback and its webhooks, in the shapes of Stripe's reference (API 2026-10-28).

It checks what Stripe checks: the key, form-encoded parameters, idempotency keys (the same key with other parameters is refused), amounts.
It signs webhooks as documented: `t=<seconds>,v1=<HMAC-SHA256 of "<t>.<body>" under the endpoint's whole whsec_… text>`.
What a visitor, a bank or an operator would do are methods here; each keeps the events that Stripe would send.
"""

from __future__ import annotations

import hashlib
import hmac
import itertools
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl

from tests.support.provider_server import Asked, Said, answering

KEY = "sk_test_51LyceumStandInKey0000"
SECRET = "whsec_lyceumStandInSecret0000"
VERSION = "2026-10-28.endive"
DAY = 86_400


@dataclass
class StripeServer:
    """events: all that happened, oldest first. calls: `METHOD path` of each call. is_away: answers 500."""

    clock: Callable[[], datetime]
    url: str = ""
    key: str = KEY
    is_live: bool = False
    is_away: bool = False
    calls: list[str] = field(default_factory=list)
    events: list[dict[str, Any]] = field(default_factory=list)
    sessions: dict[str, dict[str, Any]] = field(default_factory=dict)
    refunds: dict[str, dict[str, Any]] = field(default_factory=dict)
    subscriptions: dict[str, dict[str, Any]] = field(default_factory=dict)
    invoice_payments: list[dict[str, Any]] = field(default_factory=list)
    charged: dict[str, int] = field(default_factory=dict)
    alter_session: Callable[[dict[str, Any]], None] = lambda _: None
    _answers: dict[str, tuple[bytes, Said]] = field(default_factory=dict)
    _count: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    # What the API answers

    def answer(self, asked: Asked) -> Said:
        self.calls.append(f"{asked.method} {asked.path}")
        if asked.path.split("/")[1] in {"c", "p"}:  # what browsers see
            page = b"<!doctype html><html lang=en><title>Stripe</title><link rel=icon href=data:,><h1>Stripe</h1>"
            return Said(status=200, body=page, headers={"Content-Type": "text/html; charset=utf-8"})
        if self.is_away:
            return _error(500, "api_error", "away")
        if asked.headers.get("authorization") != f"Bearer {self.key}":
            return _error(401, "invalid_request_error", "Invalid API Key provided")
        if asked.headers.get("stripe-version") != VERSION:
            return _error(400, "invalid_request_error", "Invalid Stripe API version")
        key = asked.headers.get("idempotency-key")
        if asked.method == "POST" and key in self._answers:
            body, said = self._answers[key]
            if body != asked.body:
                return _error(
                    400,
                    "idempotency_error",
                    "Keys for idempotent requests can only be used with the same parameters",
                )
            return said
        said = self._route(asked)
        if key is not None and asked.method == "POST":
            self._answers[key] = (asked.body, said)
        return said

    def _route(self, asked: Asked) -> Said:
        given = _nested(asked.body.decode() if asked.method == "POST" else asked.query)
        routes = {
            ("POST", "/v1/checkout/sessions"): self._open,
            ("POST", "/v1/refunds"): self._refund,
            ("POST", "/v1/billing_portal/sessions"): self._portal,
            ("GET", "/v1/invoice_payments"): self._invoice_payments,
            ("GET", "/v1/events"): self._events,
        }
        *kind, last = asked.path.split("/")
        if (asked.method, kind) == ("GET", ["", "v1", "subscriptions"]) and last in self.subscriptions:
            return _ok(self.subscriptions[last])
        route = routes.get((asked.method, asked.path))
        return route(given) if route else _error(404, "invalid_request_error", "Unrecognized request URL")

    def _open(self, given: dict[str, Any]) -> Said:
        try:
            (item,) = given["line_items"].values()
            price = item["price_data"]
            amount, quantity = int(price["unit_amount"]), int(item["quantity"])
            recurring = price.get("recurring")
            assert (given["mode"] == "subscription") == (recurring is not None)
            assert price["product_data"]["name"]
            assert amount > 0
            seconds = int(given["expires_at"]) - self._now()
            assert 1800 <= seconds <= DAY, seconds
        except (KeyError, ValueError, AssertionError) as error:
            return _error(400, "invalid_request_error", f"bad parameter {error}")
        id_ = self._id("cs_test")
        session = {
            "id": id_,
            "object": "checkout.session",
            "amount_subtotal": amount * quantity,
            "amount_total": amount * quantity,
            "cancel_url": given["cancel_url"],
            "client_reference_id": given["client_reference_id"],
            "created": self._now(),
            "currency": price["currency"],
            "customer": None,
            "customer_email": given.get("customer_email"),
            "expires_at": int(given["expires_at"]),
            "invoice": None,
            "livemode": self.is_live,
            "locale": given["locale"],
            "metadata": given["metadata"],
            "mode": given["mode"],
            "payment_intent": None,
            "payment_status": "unpaid",
            "status": "open",
            "subscription": None,
            "success_url": given["success_url"],
            "url": f"{self.url}/c/pay/{id_}",
        }
        self.alter_session(session)
        self.sessions[id_] = session
        self.hidden(session)["item"] = {
            "recurring": recurring,
            "labels": (given.get("payment_intent_data") or given.get("subscription_data") or {}).get(
                "metadata", {}
            ),
        }
        return _ok(session)

    def _refund(self, given: dict[str, Any]) -> Said:
        intent, amount = given["payment_intent"], int(given["amount"])
        if amount > self.charged.get(intent, 0):
            return _error(
                400,
                "invalid_request_error",
                "Refund amount is greater than unrefunded amount",
                "charge_already_refunded",
            )
        return _ok(self.refund(intent, amount)["data"]["object"])

    def _portal(self, given: dict[str, Any]) -> Said:
        customers = {session["customer"] for session in self.sessions.values()}
        if given["customer"] not in customers:
            return _error(400, "invalid_request_error", "No such customer", "resource_missing")
        return _ok(
            {
                "id": self._id("bps"),
                "object": "billing_portal.session",
                "created": self._now(),
                "customer": given["customer"],
                "livemode": self.is_live,
                "return_url": given["return_url"],
                "url": f"{self.url}/p/session/{given['customer']}",
            }
        )

    def _invoice_payments(self, given: dict[str, Any]) -> Said:
        found = [paid for paid in self.invoice_payments if paid["invoice"] == given["invoice"]]
        return _ok({"object": "list", "data": found, "has_more": False, "url": "/v1/invoice_payments"})

    def _events(self, given: dict[str, Any]) -> Said:
        types = set(given["types"].values())
        assert len(types) <= 20
        found = [
            event
            for event in reversed(self.events)
            if event["type"] in types and event["created"] >= int(given["created"]["gte"])
        ]
        after = given.get("starting_after")
        if after is not None:
            found = found[[event["id"] for event in found].index(after) + 1 :]
        most = int(given["limit"])
        return _ok(
            {"object": "list", "data": found[:most], "has_more": len(found) > most, "url": "/v1/events"}
        )

    # What visitors, banks and operators do

    def pay(self, session: str, *, status: str = "paid") -> list[dict[str, Any]]:
        """The visitor pays. status: `paid`, or `unpaid` for a slow way to pay. Returns the events."""
        found = self.sessions[session]
        item = self.hidden(found)["item"]
        first = len(self.events)
        found |= {"status": "complete", "payment_status": status, "customer": self._id("cus")}
        if found["mode"] == "payment":
            intent = found["payment_intent"] = self._id("pi")
            self._note("payment_intent.created", self._intent(found, intent, item["labels"]))
            if status == "paid":
                self.charged[intent] = found["amount_total"]
            self._note("checkout.session.completed", found)
        else:
            subscription = found["subscription"] = self._id("sub")
            self.subscriptions[subscription] = {
                "id": subscription,
                "object": "subscription",
                "cancel_at": None,
                "cancel_at_period_end": False,
                "customer": found["customer"],
                "livemode": self.is_live,
                "metadata": item["labels"],
                "status": "active",
            }
            self._note("checkout.session.completed", found)
            found["invoice"] = self.bill(
                subscription,
                reason="subscription_create",
                amount=found["amount_total"],
                currency=found["currency"],
            )
        return self.events[first:]

    def pay_late(self, session: str, *, succeeds: bool = True) -> dict[str, Any]:
        found = self.sessions[session]
        found["payment_status"] = "paid" if succeeds else "unpaid"
        if succeeds:
            self.charged[found["payment_intent"]] = found["amount_total"]
        return self._note(f"checkout.session.async_payment_{'succeeded' if succeeds else 'failed'}", found)

    def expire(self, session: str) -> dict[str, Any]:
        self.sessions[session]["status"] = "expired"
        return self._note("checkout.session.expired", self.sessions[session])

    def bill(
        self,
        subscription: str,
        *,
        reason: str = "subscription_cycle",
        amount: int,
        currency: str,
        end: int | None = None,
        is_paid: bool = True,
    ) -> str:
        """An invoice of the subscription, and what comes of it. end: of its period. Returns the invoice's id."""
        id_, intent = self._id("in"), self._id("pi")
        invoice = {
            "id": id_,
            "object": "invoice",
            "amount_due": amount,
            "amount_paid": amount if is_paid else 0,
            "attempt_count": 1,
            "billing_reason": reason,
            "currency": currency,
            "customer": self.subscriptions[subscription]["customer"],
            "lines": {
                "object": "list",
                "data": [
                    {
                        "id": self._id("il"),
                        "object": "line_item",
                        "amount": amount,
                        "period": {"start": self._now(), "end": end or self._now() + 30 * DAY},
                    }
                ],
                "has_more": False,
            },
            "livemode": self.is_live,
            "metadata": {},
            "parent": {
                "type": "subscription_details",
                "quote_details": None,
                "subscription_details": {
                    "metadata": self.subscriptions[subscription]["metadata"],
                    "subscription": subscription,
                },
            },
            "status": "paid" if is_paid else "open",
            "status_transitions": {"paid_at": self._now() if is_paid else None},
        }
        if not is_paid:
            self._note("invoice.payment_failed", invoice)
            return id_
        self.charged[intent] = amount
        self._note("invoice.paid", invoice)
        paid = {
            "id": self._id("inpay"),
            "object": "invoice_payment",
            "amount_paid": amount,
            "amount_requested": amount,
            "currency": currency,
            "invoice": id_,
            "is_default": True,
            "livemode": self.is_live,
            "payment": {"type": "payment_intent", "payment_intent": intent},
            "status": "paid",
        }
        self.invoice_payments.append(paid)
        self._note("invoice_payment.paid", paid)
        return id_

    def cancel(self, subscription: str, *, at_period_end: bool) -> dict[str, Any]:
        """at_period_end: False takes a cancellation back."""
        found = self.subscriptions[subscription]
        before = found["cancel_at_period_end"]
        found["cancel_at_period_end"] = at_period_end
        return self._note("customer.subscription.updated", found, previous={"cancel_at_period_end": before})

    def end(self, subscription: str) -> dict[str, Any]:
        self.subscriptions[subscription]["status"] = "canceled"
        return self._note("customer.subscription.deleted", self.subscriptions[subscription])

    def refund(self, intent: str, amount: int) -> dict[str, Any]:
        """Returns the event."""
        self.charged[intent] -= amount
        id_ = self._id("re")
        self.refunds[id_] = {
            "id": id_,
            "object": "refund",
            "amount": amount,
            "charge": f"ch_{intent[3:]}",
            "created": self._now(),
            "currency": self._currency(intent),
            "metadata": {},
            "payment_intent": intent,
            "status": "succeeded",
        }
        return self._note("refund.created", self.refunds[id_])

    def fail_refund(self, refund: str) -> dict[str, Any]:
        self.refunds[refund]["status"] = "failed"
        return self._note("refund.failed", self.refunds[refund])

    def dispute(
        self,
        intent: str,
        amount: int,
        *,
        status: str = "needs_response",
        kind: str = "created",
        id_: str = "",
    ) -> dict[str, Any]:
        """Returns the event; its object's id names the dispute in later calls."""
        return self._note(
            f"charge.dispute.{kind}",
            {
                "id": id_ or self._id("dp"),
                "object": "dispute",
                "amount": amount,
                "charge": f"ch_{intent[3:]}",
                "currency": self._currency(intent),
                "livemode": self.is_live,
                "metadata": {},
                "payment_intent": intent,
                "reason": "fraudulent",
                "status": status,
            },
        )

    def sign(self, raw: bytes, *, secret: str = SECRET, now: int | None = None) -> dict[str, str]:
        """The headers of a delivery."""
        stamp = self._now() if now is None else now
        mac = hmac.new(secret.encode(), b"%d." % stamp + raw, hashlib.sha256).hexdigest()
        return {
            "Stripe-Signature": f"t={stamp},v1={mac}",
            "Content-Type": "application/json; charset=utf-8",
        }

    def hidden(self, found: dict[str, Any]) -> dict[str, Any]:
        """What Stripe keeps to itself about a session."""
        return self._hidden.setdefault(found["id"], {})

    def __post_init__(self) -> None:
        self._hidden: dict[str, dict[str, Any]] = {}

    def _intent(self, session: dict[str, Any], id_: str, labels: dict[str, str]) -> dict[str, Any]:
        return {
            "id": id_,
            "object": "payment_intent",
            "amount": session["amount_total"],
            "currency": session["currency"],
            "customer": session["customer"],
            "livemode": self.is_live,
            "metadata": labels,
            "status": "requires_payment_method",
        }

    def _currency(self, intent: str) -> str:
        for session in self.sessions.values():
            if session["payment_intent"] == intent:
                return str(session["currency"])
        return next(
            str(paid["currency"])
            for paid in self.invoice_payments
            if paid["payment"]["payment_intent"] == intent
        )

    def _note(
        self, kind: str, object_: dict[str, Any], *, previous: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        data: dict[str, Any] = {"object": json.loads(json.dumps(object_))}
        if previous is not None:
            data["previous_attributes"] = previous
        event = {
            "id": self._id("evt"),
            "object": "event",
            "api_version": VERSION,
            "created": self._now(),
            "data": data,
            "livemode": self.is_live,
            "pending_webhooks": 1,
            "request": {"id": None, "idempotency_key": None},
            "type": kind,
        }
        self.events.append(event)
        return event

    def _id(self, prefix: str) -> str:
        return f"{prefix}_{next(self._count):024d}"

    def _now(self) -> int:
        return int(self.clock().timestamp())


@contextmanager
def stripe_server(clock: Callable[[], datetime]) -> Iterator[StripeServer]:
    """clock: the shop's, since Stripe's times are compared with it."""
    server = StripeServer(clock=clock)
    with answering(server.answer) as url:
        server.url = url
        yield server


def stripe_environ(url: str) -> dict[str, str]:
    """The settings of a school with this Stripe."""
    return {
        "LYCEUM_STRIPE_KEY": KEY,
        "LYCEUM_STRIPE_WEBHOOK_SECRETS": SECRET,
        "LYCEUM_STRIPE_URL": url,
    }


def raw_of(event: dict[str, Any]) -> bytes:
    """An event as Stripe sends it: indented JSON."""
    return json.dumps(event, indent=2).encode()


def _nested(text: str) -> dict[str, Any]:
    """`a[b][0]=c` as {"a": {"b": {"0": "c"}}}."""
    found: dict[str, Any] = {}
    for name, value in parse_qsl(text, keep_blank_values=True, strict_parsing=bool(text)):
        *path, last = name.replace("]", "").split("[")
        place = found
        for step in path:
            place = place.setdefault(step, {})
        place[last] = value
    return found


def _ok(body: dict[str, Any]) -> Said:
    return Said(status=200, body=json.dumps(body, indent=2).encode(), headers={"Request-Id": "req_1"})


def _error(status: int, kind: str, message: str, code: str | None = None) -> Said:
    error = {"type": kind, "message": message, "code": code}
    return Said(status=status, body=json.dumps({"error": error}).encode(), headers={"Request-Id": "req_1"})
