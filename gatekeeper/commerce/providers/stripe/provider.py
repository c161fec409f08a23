"""Stripe as a `PaymentProvider`.

What the library (stripe 16) does not check, and is checked here:
- a webhook's time in the future, and the time against the shop's own clock: the signature is verified by `commerce.signature`, which
  also refuses two times in one header and signatures that are no hex; the library raises TypeError for those,
- live or test mode, the account, amounts, currencies, our order number: on every event, and on every answer to a call of ours.

Every call that creates something carries an idempotency key made of the order, so that repeating it creates nothing twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeVar

import stripe

from gatekeeper.accounts import readers
from gatekeeper.commerce import checkouts, references, signature
from gatekeeper.commerce.money import Money
from gatekeeper.commerce.orders import Order
from gatekeeper.commerce.payments import (
    Answer,
    Checkout,
    Doubt,
    ProviderAwayError,
    ProviderEvent,
    ProviderRefusedError,
    RejectedError,
    Visit,
    Way,
)
from gatekeeper.commerce.providers.accounts import StripeAccount
from gatekeeper.commerce.providers.fields import moment, parsed
from gatekeeper.commerce.providers.stripe.events import ORDER, TYPES, event_of, refund_of
from gatekeeper.storage.engine import Database

if TYPE_CHECKING:
    from stripe.params.checkout import SessionCreateParams

NAME = "stripe"
HEADER = "stripe-signature"
LONGEST_MESSAGE_BYTES = (
    128 * 1024
)  # an invoice with its lines is some ten kilobytes; `turnstile` takes no more
OPEN_FOR = timedelta(hours=3)
TIMEOUT_SECONDS = 15.0
# Stripe counts these in other units than ISO 4217 does, or demands multiples of ten; selling in them needs more care than a course is worth.
_ODD = frozenset({"ISK", "UGX", "MGA", "BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"})
_KIND = "session"

T = TypeVar("T")


class Stripe:
    """origin: of this gatekeeper, as browsers and Stripe see it."""

    name = NAME
    longest_message_bytes = LONGEST_MESSAGE_BYTES
    renews = True
    wants_referrer = False

    def __init__(self, account: StripeAccount, *, origin: str) -> None:
        self._account = account
        self._origin = origin
        self._client = stripe.StripeClient(
            account.key.reveal_text(),
            base_addresses={"api": account.url},
            max_network_retries=2,
            http_client=stripe.RequestsClient(timeout=TIMEOUT_SECONDS),
        )

    @property
    def is_live(self) -> bool:
        return self._account.is_live

    def takes(self, currency: str) -> bool:
        return currency not in _ODD

    def begin(self, database: Database, order: Order, visit: Visit, *, now: datetime) -> Checkout:
        open_one = checkouts.find(database, order.number, _KIND, now=now)
        if open_one is not None:
            return Checkout(way=Way.PAGE, address=open_one)
        with database.read() as connection:
            reader = readers.find_recipient(connection, order.reader)
            earlier = checkouts.count(connection, order.number, _KIND)
        params = self._session(
            order, email=reader.email if reader else None, language=visit.language, now=now
        )
        key = f"{order.number}-pay-{earlier + 1}"
        made = _called(lambda: self._client.v1.checkout.sessions.create(params, {"idempotency_key": key}))
        is_ours = (
            made.livemode is self.is_live
            and made.client_reference_id == order.number
            and made.amount_total == order.price.amount_minor
            and (made.currency or "").upper() == order.price.currency
        )
        if not is_ours or not made.url:
            raise ProviderAwayError("Stripe opened a checkout that is not this order's", where=order.number)
        checkouts.keep(database, order.number, _KIND, made.url, now=now, expires_at=now + OPEN_FOR)
        return Checkout(way=Way.PAGE, address=made.url)

    def verified(self, raw: bytes, headers: Mapping[str, str], *, now: datetime) -> ProviderEvent:
        if len(raw) > LONGEST_MESSAGE_BYTES:
            raise RejectedError("too long")
        secrets = [secret.reveal() for secret in self._account.webhook_secrets]
        if not signature.is_genuine(headers.get(HEADER, ""), raw, secrets, now=int(now.timestamp())):
            raise RejectedError("not signed by Stripe")
        return self.kept(raw)

    def kept(self, raw: bytes) -> ProviderEvent:
        return event_of(parsed(raw), is_live=self.is_live)

    def answer(self, *, status: int) -> Answer:
        return Answer(status=status, body=b"{}", media_type="application/json")

    def ask(
        self, database: Database, orders: Sequence[Order], *, since: datetime, now: datetime
    ) -> Iterable[ProviderEvent | Doubt]:
        """Stripe keeps its events for 30 days; they are the very ones that its webhooks would have carried."""
        listed = _called(
            lambda: self._client.v1.events.list(
                {"created": {"gte": int(since.timestamp())}, "types": list(TYPES), "limit": 100}
            )
        )
        found = _called(lambda: [event.to_dict() for event in listed.auto_paging_iter()])
        for message in reversed(found):
            try:
                yield event_of(message, is_live=self.is_live)
            except RejectedError as error:
                yield Doubt(order="", what=f"event {message.get('id')}: {error.reason}")

    def refund(
        self, order: Order, payment: str, money: Money, *, paid: Money, number: int, now: datetime
    ) -> ProviderEvent:
        intent = self._intent(payment)
        made = _called(
            lambda: self._client.v1.refunds.create(
                {"payment_intent": intent, "amount": money.amount_minor, "metadata": {ORDER: order.number}},
                {"idempotency_key": f"{order.number}-refund-{number}"},
            )
        )
        try:
            fact = refund_of(made.to_dict(), moment(made.created))
        except RejectedError as error:
            raise ProviderAwayError(f"Stripe's refund cannot be read: {error.reason}") from error
        if fact is None or fact.money != money or fact.known_as != (intent,):
            raise ProviderAwayError("Stripe made another refund than was asked for", where=order.number)
        return fact

    def portal(self, database: Database, order: Order, *, back: str) -> str | None:
        with database.read() as connection:
            names = references.of_order(connection, NAME, order.number)
        subscription = next((name for name in names if name[:4] == "sub_"), None)
        if subscription is None:
            return None
        found = _called(lambda: self._client.v1.subscriptions.retrieve(subscription))
        customer = found.customer
        if found.livemode is not self.is_live or not isinstance(customer, str):
            raise ProviderAwayError("Stripe answered about another subscription", where=order.number)
        made = _called(
            lambda: self._client.v1.billing_portal.sessions.create({"customer": customer, "return_url": back})
        )
        return made.url

    def _session(
        self, order: Order, *, email: str | None, language: str, now: datetime
    ) -> SessionCreateParams:
        page = f"{self._origin}/orders/{order.number}"
        labels = {ORDER: order.number}
        price: dict[str, Any] = {
            "currency": order.price.currency.lower(),
            "unit_amount": order.price.amount_minor,
            "product_data": {"name": order.title},
        }
        params: dict[str, Any] = {
            "client_reference_id": order.number,
            "metadata": labels,
            "line_items": [{"quantity": 1, "price_data": price}],
            "success_url": f"{page}?returned=1",
            "cancel_url": page,
            "locale": "zh" if language == "zh" else "en",
            "expires_at": int((now + OPEN_FOR).timestamp()),
        }
        if email is not None:
            params["customer_email"] = email
        if order.interval is None:
            params |= {"mode": "payment", "payment_intent_data": {"metadata": labels}}
        else:
            price["recurring"] = {"interval": order.interval}
            params |= {"mode": "subscription", "subscription_data": {"metadata": labels}}
        return params  # type: ignore[return-value]  # the library's own type names every key there is

    def _intent(self, payment: str) -> str:
        """The PaymentIntent behind an invoice; a PaymentIntent is its own."""
        if payment[:3] != "in_":
            return payment
        listed = _called(
            lambda: self._client.v1.invoice_payments.list({"invoice": payment, "status": "paid"})
        )
        intents = [paid.payment.payment_intent for paid in listed.data]
        if len(intents) != 1 or not isinstance(intents[0], str):
            raise ProviderRefusedError(
                "the invoice was not paid by one payment",
                where=payment,
                hint="refund it in Stripe's dashboard",
            )
        return intents[0]


def _called(call: Callable[[], T]) -> T:
    """What the call returns; Stripe's errors as ours. Their texts may repeat what was sent, so only their kinds are told."""
    try:
        return call()
    except (stripe.APIConnectionError, stripe.RateLimitError, stripe.APIError) as error:
        raise ProviderAwayError(
            f"Stripe did not answer: {type(error).__name__}", hint="try again in a moment"
        ) from error
    except stripe.StripeError as error:
        code = error.code or type(error).__name__
        raise ProviderRefusedError(
            f"Stripe refused: {code}", hint="see the request's log in Stripe's dashboard"
        ) from error
