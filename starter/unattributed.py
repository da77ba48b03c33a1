"""A message that proved its origin and belongs to nothing here."""

from ledger.dead_letters import LetterCause


class Unattributed(Exception):
    """Nothing here takes the message; a person has to look.

    Its text is one sentence that quotes nothing of the message.
    """

    def __init__(
        self,
        cause: LetterCause,
        reason: str,
        *,
        kind: str = "",
        purchase_order_id: str = "",
        document_number: str = "",
    ) -> None:
        super().__init__(reason)
        self.cause = cause
        self.kind = kind  # of the event or document, when it is known
        self.purchase_order_id = purchase_order_id
        self.document_number = document_number
