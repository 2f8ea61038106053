"""Links that customers follow: made for messages, and what they lead to when somebody comes back with one.

Whoever has the link has the mailbox that the message went to, or was given the link by whoever has.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from aftercare_sdk.engine.brand import Brand
from aftercare_sdk.engine.confirming import ASKED, Confirmation, confirm, confirmation
from aftercare_sdk.engine.consenting import Word, note_in, said_by
from aftercare_sdk.engine.redeeming import Taker, account_of, key_of, offered, redeem
from aftercare_sdk.engine.suppressing import refuse_erased, refused_by_erased
from aftercare_sdk.errors import RedemptionRefused
from aftercare_sdk.model.actions import Purpose
from aftercare_sdk.model.consent_ledger import ConsentEntry, ConsentWord
from aftercare_sdk.model.records import ProductRecord
from aftercare_sdk.model.rewards import OffersRewards, Reward
from aftercare_sdk.outreach.permission.consent import COVERED, standing
from aftercare_sdk.outreach.tokens import Token, Use, read_token, write_token
from aftercare_sdk.store import balances, control, erasing, messages, objects, people, redemptions
from aftercare_sdk.store.messages import Message
from aftercare_sdk.store.redemptions import Redemption

PLACE = "/c/"
"""Where the pages of customers stand; what follows is a token."""
REWARD = "reward"
"""Under which name of a message's `data` a plugin names the reward that its link is for."""
_ACTOR = "link"
_KEY = "links"
_DEFAULT = "loyalty"


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """What the link of a message to a reward leads to, as things stand.

    `reward` None: it is not offered any more. `points` are what the person can spend, `redeemed` what this
    message was exchanged for. `products` are the titles of what the reward is good for, as far as they are
    known. `locale` is that of the message, empty if it is forgotten; `zone` is the shop's, `url` its address,
    perhaps empty.
    """

    shop: str
    url: str
    locale: str
    zone: ZoneInfo
    points: int
    reward: Reward | None
    products: tuple[str, ...]
    redeemed: Redemption | None
    has_account: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """Where somebody stands who has the link to refuse. `locale` is as in an offer, `url` the shop's."""

    url: str
    locale: str
    refused: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Invitation:
    """What a message with a link has said: to whom, and for which reward of which plugin."""

    message: Message
    taker: Taker
    plugin: str

    @property
    def name(self) -> str:
        return self.message.data[REWARD]

    @property
    def key(self) -> str:
        """The key of the one redemption that the message is good for."""
        return key_of(self.plugin, self.taker, self.name, self.message.id)


class Links:
    """Makes and follows the links of one brand."""

    def __init__(self, brand: Brand) -> None:
        self._brand = brand
        self._key: bytes | None = None

    def of(self, message: Message) -> Mapping[str, str]:
        """Return the links that a message may show, by what they are for.

        None without a public address, and none to a reward that is not offered. Whatever is not part of a
        purchase has one to refuse it.
        """
        public = self._brand.settings.server.public_url
        uses = {"redeem": Use.REDEEM} if public and self._reward(message) is not None else {}
        if public and Purpose(message.purpose) in COVERED:
            uses["unsubscribe"] = Use.UNSUBSCRIBE
        if public and message.object_kind == ASKED:
            uses["confirm"] = Use.CONFIRM
        return {
            name: f"{public}{PLACE}{write_token(Token(use=use, message=message.id), self._made_key())}"
            for name, use in uses.items()
        }

    def read(self, text: str) -> Token | None:
        """Return what a token says; None: it is none of this brand's. Asks the database at most once."""
        if self._key is None:
            with self._brand.database.read() as connection:
                known = control.known_secret(connection, _KEY)
            if known is None:  # no link has ever been made
                return None
            self._key = known.encode()
        return read_token(text, self._key)

    def offer(self, token: Token) -> Offer | None:
        """Return what a link leads to; None: nobody can tell whom it is for."""
        with self._brand.database.read() as connection:
            invitation = self._invitation(connection, token)
            return None if invitation is None else self._offer(connection, invitation)

    def redeem(self, token: Token) -> Offer | None:
        """Let whoever has the link have the reward, once for each message. Raises RedemptionRefused.

        Return what the link leads to from now on; None: nobody can tell whom it is for.
        """
        with self._brand.database.read() as connection:
            invitation = self._invitation(connection, token)
            if invitation is None:
                return None
            known = redemptions.get(connection, invitation.key)
        if known is None:
            redeem(
                self._brand,
                invitation.taker,
                invitation.name,
                plugin=invitation.plugin,
                request=invitation.message.id,
                actor=_ACTOR,
            )
        return self.offer(token)

    def subscription(self, token: Token) -> Subscription | None:
        """Return whether whoever has the link still gets such messages; None: nobody can tell who it is."""
        with self._brand.database.read() as connection:
            message = self._sent(connection, token)
            return None if message is None else self._subscription(connection, message)

    def unsubscribe(self, token: Token) -> Subscription | None:
        """Note that whoever has the link wants no more of it by this medium; it counts at once (SEND-02).

        Also if they have been erased since: then at the addresses that they had, whoever has them (LAW-20).
        """
        now = self._brand.clock.now()
        with self._brand.database.write() as connection:
            message = self._sent(connection, token)
            if message is None:
                return None
            identity, source = _mailbox(message), f"message/{message.id}"
            control.hold(connection)
            customer = people.lock_owners(connection, [identity])[identity]
            if erasing.erased(connection, [identity]):
                refuse_erased(connection, {customer}, COVERED, at=now, by=source)
            elif not self._subscription(connection, message).refused:
                entry = ConsentEntry(
                    channel=self._brand.medium(message.channel),
                    purpose=None,
                    word=ConsentWord.OBJECTED,
                    at=now,
                    source=source,
                )
                word = Word(shop=message.shop, identity=identity, entry=entry)
                note_in(self._brand, connection, [word], now)
            return self._subscription(connection, message)

    def confirmation(self, token: Token) -> Confirmation | None:
        """Return what whoever has the link is asked to confirm; None: nobody can tell who it is."""
        with self._brand.database.read() as connection:
            return self._confirmation(connection, self._sent(connection, token))

    def confirm(self, token: Token) -> Confirmation | None:
        """Note that whoever has the link consents; it counts at once, and once."""
        with self._brand.database.write() as connection:
            message = self._sent(connection, token)
            if message is not None:
                confirm(self._brand, connection, message)
            return self._confirmation(connection, message)

    def _confirmation(self, connection: Connection, message: Message | None) -> Confirmation | None:
        if message is None:
            return None
        return confirmation(self._brand, connection, message, self._locale(connection, message))

    def _locale(self, connection: Connection, message: Message) -> str:
        """Return the language that a message was written in; empty: nobody knows any more."""
        copy = messages.copies_of(connection, [message.key]).get(message.key)
        return copy.locale if copy else ""

    def _sent(self, connection: Connection, token: Token) -> Message | None:
        message = messages.with_id(connection, token.message)
        return message if message is not None and message.submitted_at is not None else None

    def _subscription(self, connection: Connection, message: Message) -> Subscription:
        return Subscription(
            url=self._brand.card(message.shop).url,
            locale=self._locale(connection, message),
            refused=self._refused(connection, message) >= COVERED,
        )

    def _refused(self, connection: Connection, message: Message) -> frozenset[Purpose]:
        """Return what the owner of the mailbox that a message went to wants no more of by this medium."""
        identity = _mailbox(message)
        customer = people.customers_of(connection, [identity])[identity]
        if erasing.erased(connection, [identity]):
            return refused_by_erased(connection, {customer})
        said = said_by(connection, {customer})[customer]
        medium, now = self._brand.medium(message.channel), self._brand.clock.now()
        return frozenset(purpose for purpose in Purpose if standing(said, medium, purpose, now).objected)

    def _made_key(self) -> bytes:
        if self._key is None:
            with self._brand.database.write() as connection:
                self._key = control.secret(connection, _KEY).encode()
        return self._key

    def _plugin(self, message: Message) -> str:
        """Return whose rewards a message speaks of: those of its own plugin, if that offers any."""
        own = next((one for one in self._brand.plugins.active if one.name == message.plugin), None)
        return message.plugin if own and isinstance(own.instance, OffersRewards) else _DEFAULT

    def _reward(self, message: Message) -> Reward | None:
        name = message.data.get(REWARD)
        if not name:
            return None
        try:
            return offered(self._brand, self._plugin(message), self._brand.clock.now()).get(name)
        except RedemptionRefused:
            return None

    def _invitation(self, connection: Connection, token: Token) -> _Invitation | None:
        message = self._sent(connection, token)
        if message is None or not message.data.get(REWARD):
            return None
        about = (message.shop, message.object_kind, message.object)
        identity = message.identity
        stored = objects.get_many(connection, [about]).get(about)
        if message.recipient is not None:
            # The code is made for whom the object names now, and what names no address is its owner's; that
            # must still be who got the message.
            named = stored.contact_identity if stored else None
            concerned = {message.recipient, named or identity}
            if len(set(people.customers_of(connection, concerned).values())) > 1:
                return None
            identity = message.recipient if named else identity
        taker = Taker(
            shop=message.shop, identity=identity, object_kind=message.object_kind, object=message.object
        )
        return _Invitation(message=message, taker=taker, plugin=self._plugin(message))

    def _offer(self, connection: Connection, invitation: _Invitation) -> Offer:
        message, identity = invitation.message, invitation.taker.identity
        shop = self._brand.shop(message.shop)
        redeemed = redemptions.get(connection, invitation.key)
        reward = redeemed.reward if redeemed else self._reward(message)
        customer = people.customers_of(connection, [identity])[identity]
        persons = people.identities_of(connection, [customer])[customer]
        return Offer(
            shop=self._brand.settings.brand.name,
            url=self._brand.card(message.shop).url,
            locale=self._locale(connection, message),
            zone=ZoneInfo(shop.zone),
            points=max(0, balances.of_person(connection, persons).points),
            reward=reward,
            products=_titles(connection, message.shop, reward),
            redeemed=redeemed,
            has_account=bool(account_of(connection, identity, message.shop)),
        )


def _mailbox(message: Message) -> int:
    """Return the identity that has the mailbox a message went to."""
    return message.identity if message.recipient is None else message.recipient


def _titles(connection: Connection, shop: str, reward: Reward | None) -> tuple[str, ...]:
    wanted = [(shop, "product", product) for product in (reward.products if reward else ())]
    found = objects.get_many(connection, wanted)
    records = [found[key].record for key in wanted if key in found]
    return tuple(
        one.title.value for one in records if isinstance(one, ProductRecord) and one.title and one.title.value
    )
