"""What an application says of consents: given, refused, or to be confirmed by mail."""

from __future__ import annotations

import hashlib
from datetime import datetime

from aftercare_sdk.engine.brand import Brand
from aftercare_sdk.engine.confirming import MAIL, Asked, ask
from aftercare_sdk.engine.consenting import Speaker, note
from aftercare_sdk.model.actions import Purpose
from aftercare_sdk.model.consent_ledger import ALL_CHANNELS, Basis, ConsentEntry, ConsentWord

_CUSTOMER = "customer"


class Consents:
    """What an application notes of what persons have said. Each of its calls counts as soon as it returns.

    The person is named by the `account` of a `shop`, or by an address, `email`; then `shop` may say to whom
    it was said, for plugins. `channel` is a medium such as `email` or `sms`; `*` means all. `purpose` None
    means everything that is not part of a purchase.

    What was said before that person was erased, by `at`, brings nobody back: a consent is not noted, and a
    refusal is kept at the addresses that they had, without them (LAW-20).
    """

    def __init__(self, brand: Brand) -> None:
        self._brand = brand

    def give(
        self,
        *,
        form: str,
        words: str,
        shop: str = "",
        account: str = "",
        email: str = "",
        channel: str = "email",
        purpose: Purpose | None = Purpose.MARKETING,
        basis: Basis = Basis.EXPRESS,
        at: datetime | None = None,
        until: datetime | None = None,
        order: str = "",
        refusal_offered: bool = False,
        categories: tuple[str, ...] = (),
        url: str = "",
        source: str = "form",
        actor: str = "customer",
    ) -> bool:
        """Note a consent; return whether it is news.

        `form` is the version of what was agreed to, `words` its text, of which the SHA-256 is kept; `url` the
        page (LAW-04). A soft opt-in names its `order`, says that `refusal_offered`, and may be for products
        of some `categories` only (LAW-13); what is implied says `until` when (LAW-17). `actor` other than
        `customer`: somebody notes it for the person, and it does not beat an objection. Raises
        UnknownCustomer, and InputError for what proves nothing.
        """
        entry = ConsentEntry(
            channel=channel,
            purpose=purpose,
            word=ConsentWord.GIVEN,
            at=at or self._brand.clock.now(),
            basis=basis,
            until=until,
            by_person=actor == _CUSTOMER,
            source=source,
            form=form,
            form_hash=_sha256(words),
            url=url,
            order=order,
            refusal_offered=refusal_offered,
            categories=categories,
            actor=actor,
        )
        return note(self._brand, Speaker(shop=shop, account=account, email=email), entry)

    def ask(
        self,
        *,
        email: str,
        form: str,
        words: str,
        purpose: Purpose | None = Purpose.MARKETING,
        at: datetime | None = None,
        categories: tuple[str, ...] = (),
        url: str = "",
        shop: str = "",
        locale: str = "",
        source: str = "form",
        actor: str = _CUSTOMER,
    ) -> bool:
        """Note that somebody has filled in a form, and ask by mail whether it was them (double opt-in).

        That is no consent yet: they give it with the button behind the link, to the same `form` and `words`,
        within seven days. Return whether a mail is on its way: at most one a day for a person and a form,
        and none to an address that is suppressed because nothing arrives there. `shop` is whose page it was,
        `locale` its language; `actor` other than `customer`: somebody has filled it in for the person.
        Raises ConfigurationError without a public address, the company's name or a channel for mail, and
        InputError for what proves nothing.
        """
        asked = ConsentEntry(
            channel=MAIL,
            purpose=purpose,
            word=ConsentWord.ASKED,
            at=at or self._brand.clock.now(),
            source=source,
            form=form,
            form_hash=_sha256(words),
            url=url,
            categories=categories,
            actor=actor,
        )
        return ask(self._brand, Asked(email=email, words=words, shop=shop, locale=locale, entry=asked))

    def refuse(
        self,
        *,
        shop: str = "",
        account: str = "",
        email: str = "",
        channel: str = ALL_CHANNELS,
        purpose: Purpose | None = None,
        at: datetime | None = None,
        source: str = "form",
        actor: str = "customer",
    ) -> bool:
        """Note that somebody does not want to be written to (any more); return whether it is news.

        It beats everything that was given before, and what is given later by anybody else. Raises
        UnknownCustomer, and InputError for what cannot have been said.
        """
        entry = ConsentEntry(
            channel=channel,
            purpose=purpose,
            word=ConsentWord.OBJECTED,
            at=at or self._brand.clock.now(),
            source=source,
            actor=actor,
        )
        return note(self._brand, Speaker(shop=shop, account=account, email=email), entry)


def _sha256(words: str) -> str:
    return hashlib.sha256(words.encode()).hexdigest() if words else ""
