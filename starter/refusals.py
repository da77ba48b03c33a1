"""Every reason the starter answers something other than 2xx.

Refusal
├── Unreadable            400  the message makes no sense, and nobody proved to have sent it
├── NotAuthentic          401  the proof of origin is missing or wrong
├── UnknownReceiver       404  no pair of that name, or none with that accounting entity
├── TooLarge              413  more bytes than any genuine message has
├── TemporalUnavailable   503  not stored anywhere: the sender must send it again
└── NoRoom                503  belongs to nothing, and cannot be kept for a person either

The text of a refusal goes into the answer and the log, so it never quotes the message.
"""

from typing import ClassVar


class Refusal(Exception):
    """Base of every refusal."""

    status: ClassVar[int]
    outcome: ClassVar[str]  # label of the counter


class Unreadable(Refusal):
    """The message cannot be understood."""

    status = 400
    outcome = "unreadable"


class NotAuthentic(Refusal):
    """The message does not prove that it comes from whom it should."""

    status = 401
    outcome = "not_authentic"


class UnknownReceiver(Refusal):
    """Nobody here is meant by the message."""

    status = 404
    outcome = "unknown_receiver"


class TooLarge(Refusal):
    """The body is larger than any genuine one."""

    status = 413
    outcome = "too_large"


class TemporalUnavailable(Refusal):
    """Temporal did not confirm that it has the event; it may have it all the same."""

    status = 503
    outcome = "temporal_unavailable"


class NoRoom(Refusal):
    """The message belongs to nothing and could not be put among the dead letters."""

    status = 503
    outcome = "not_kept"
