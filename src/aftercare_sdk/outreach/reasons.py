"""The codes under which decisions about messages are recorded; `sentences.say` puts them into words."""

from __future__ import annotations

from enum import StrEnum


class Reason(StrEnum):
    """Why a message may or may not leave. Codes are stored for years: add, never rename."""

    # The gate, before a message is submitted
    WINDOW_OPEN = "window_open"
    NOT_YET_DUE = "not_yet_due"
    WINDOW_CLOSED = "window_closed"
    NEEDS_NO_CONSENT = "needs_no_consent"
    NO_LAWFUL_BASIS = "no_lawful_basis"
    CONSENT_GIVEN = "consent_given"
    NO_CONSENT_ASKED = "no_consent_asked"
    BOUGHT_RECENTLY = "bought_recently"
    RECLASSIFIED = "reclassified"
    NOT_CONFIRMED = "not_confirmed"
    OBJECTED = "objected"
    SENDER_NAMED = "sender_named"
    SENDER_UNNAMED = "sender_unnamed"
    NO_WAY_OUT = "no_way_out"
    APPROVED = "approved"
    NOT_APPROVED = "not_approved"
    REJECTED = "rejected"
    APPROVAL_LAPSED = "approval_lapsed"
    SENDING_OPEN = "sending_open"
    SENDING_PAUSED = "sending_paused"
    IN_HOURS = "in_hours"
    QUIET_HOURS = "quiet_hours"
    WITHIN_BUDGET = "within_budget"
    OVER_BUDGET = "over_budget"
    GIVES_WAY = "gives_way"
    NO_COMPLAINT = "no_complaint"
    COOLING_DOWN = "cooling_down"
    NOTHING_AWAITED = "nothing_awaited"
    AWAITING_READ = "awaiting_read"
    AWAITING_PLUGIN = "awaiting_plugin"
    HAS_ADDRESS = "has_address"
    NO_ADDRESS = "no_address"
    ADDRESS_UNUSABLE = "address_unusable"
    NOT_SUPPRESSED = "not_suppressed"
    SUPPRESSED_HARD_BOUNCE = "suppressed_hard_bounce"
    SUPPRESSED_COMPLAINT = "suppressed_complaint"
    SUPPRESSED_UNSUBSCRIBE = "suppressed_unsubscribe"
    SUPPRESSED_SOFT_BOUNCES = "suppressed_soft_bounces"

    # Premises
    ORDER_STANDS = "order_stands"
    ORDER_UNKNOWN = "order_unknown"
    ORDER_CANCELLED = "order_cancelled"
    ORDER_REFUNDED = "order_refunded"
    NO_REFUND = "no_refund"
    ORDER_PARTLY_REFUNDED = "order_partly_refunded"
    NOT_SENT_RECENTLY = "not_sent_recently"
    SENT_RECENTLY = "sent_recently"

    # Composing
    TEMPLATE_UNKNOWN = "template_unknown"
    TEMPLATE_FAILED = "template_failed"
    MISSING_VARIABLE = "missing_variable"

    MERGED = "merged"

    # The channel's answer
    ACCEPTED = "accepted"
    REFUSED = "refused"
    TRY_AGAIN = "try_again"
    TRIES_USED_UP = "tries_used_up"
    OUTCOME_UNKNOWN = "outcome_unknown"
    CHANNEL_BUSY = "channel_busy"

    # A command to a shop's platform
    COMMAND_PLANNED = "command_planned"
    COMMAND_DONE = "command_done"
    COMMAND_AGAIN = "command_again"
    COMMAND_REFUSED = "command_refused"
    COMMAND_NOBODY = "command_nobody"
    COMMAND_WITHDRAWN = "command_withdrawn"

    # A plugin's decision
    CANCELLED_BY_PLUGIN = "cancelled_by_plugin"

    # A person's right
    ERASED = "erased"

    # What a person found out about an unknown outcome
    FOUND_DELIVERED = "found_delivered"
    FOUND_NOT_SENT = "found_not_sent"
    SENT_AGAIN = "sent_again"

    # What was reported after the channel had accepted it
    REPORTED_DELIVERED = "reported_delivered"
    REPORTED_BOUNCED = "reported_bounced"
    REPORTED_COMPLAINED = "reported_complained"
    REPORTED_FAILED = "reported_failed"
