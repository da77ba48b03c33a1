"""Hand a dead letter over once more, the way it would have gone had it come in now."""

from ledger.dead_letters import DeadLetter, LetterCause, LetterSource
from starter.handover import Taken, recognize, take_event, take_message
from starter.ims import IonMessage, MessageForm, read_form
from starter.reception import Receivers
from starter.refusals import Unreadable
from starter.temporal import OrderWorkflows, Outcome
from starter.unattributed import Unattributed


async def replay(
    orders: OrderWorkflows, receivers: Receivers, letter: DeadLetter, body: bytes, *, pair: str = ""
) -> Taken:
    """Hand a letter to the order it is about. Its sender proved itself when it came in.

    Args:
        orders: of the namespace the worker serves.
        receivers: the pairs of the settings as they are now.
        letter: what is known of it.
        body: what was sent.
        pair: whom it is for, when a person knows better than the letter.

    Raises:
        Unattributed: it still belongs to nothing.
        TemporalUnavailable: not confirmed; repeating is safe.
    """
    if letter.source is LetterSource.WALMART:
        name = _known(receivers, pair or letter.pair, LetterCause.UNKNOWN_PAIR)
        return await take_event(orders, name, recognize(body))
    message = _message(letter, body)
    taken = await take_message(orders, _pair_of(receivers, message, pair), message)
    if taken.outcome is Outcome.UNMATCHED:
        raise Unattributed(letter.cause, "it is about no order that is known here")
    return taken


def _message(letter: DeadLetter, body: bytes) -> IonMessage:
    multipart = letter.content_type.startswith("multipart/")
    form = MessageForm.MULTIPART if multipart else MessageForm.WHOLE
    try:
        return read_form(form, body, content_type=letter.content_type)
    except Unreadable as problem:
        raise Unattributed(LetterCause.UNREADABLE, str(problem)) from None


def _pair_of(receivers: Receivers, message: IonMessage, pair: str) -> str:
    if pair:
        return _known(receivers, pair, LetterCause.UNKNOWN_PAIR)
    found = receivers.entities.get(message.accounting_entity)
    if found is None:
        raise Unattributed(LetterCause.UNKNOWN_ENTITY, "no pair has this accounting entity")
    return found.name


def _known(receivers: Receivers, pair: str, cause: LetterCause) -> str:
    if pair not in receivers.pairs:
        raise Unattributed(cause, "no pair of the settings has this name")
    return pair
