"""M3's way of saying no: message ids, their texts, and the error fields of one result.

Ids that do not start with `SIM` are M3's own (m3.md, and public M3 code that names id and
text). Ids that start with `SIM` stand where M3 certainly refuses but its id is not known;
nobody should program against them.
"""

MESSAGES = {
    "WAD1003": "Address number &1 does not exist",
    "WCU0202": "Customer must be entered",
    "WCU0203": "Customer number &1 does not exist",
    "WDL0202": "Delivery number must be entered",
    "WDL0203": "Delivery number &1 does not exist",
    "WFAC303": "Facility &1 does not exist",
    "WIT0102": "Item number must be entered",
    "WIT0103": "Item number &1 does not exist",
    "WMO0103": "Delivery method &1 does not exist",
    "WOR0303": "Customer order number &1 does not exist",
    "WPO0303": "Order line number &1 does not exist",
    "WPO0403": "Alias number &1 does not exist",
    "WRI0102": "Order number must be entered",
    "WST0301": "Status &1 is invalid",
    "WTT0403": "Order type &1 does not exist",
    "WUS0503": "User &1 does not exist",
    "WWH0103": "Warehouse &1 does not exist",
    "XAU0008": "Not authorized for company &1",
    "XDT0001": "Incorrect date",
    "XIT0107": "Item number is not permitted - status is &1",
    "XNU0000": "Numeric error",
    "XNU0003": "Negative value is not permitted",
    "XRE0103": "Record does not exist",
    "XRE0104": "Record already exists",
    "XST0020": "Status change are not permitted any longer",
    "SIM0001": "Order &1 has no lines",
    "SIM0002": "Customer &1 is not active - status is &2",
    "SIM0003": "Quantity must be greater than zero",
    "SIM0004": "Item &1 may not be sold",
    "SIM0005": "Batch order &1 is already confirmed as order &2",
    "SIM0006": "Line &1 has status &2 and can no longer be deleted",
    "SIM0007": "Line &1 has status &2 and cannot be closed",
    "SIM0008": "Charge &1 does not exist",
    "SIM0009": "Currency &1 does not exist",
    "SIM0010": "Customer template &1 does not exist",
    "SIM0011": "Search query &1 is not understood",
    "SIM0012": "Stock transaction type &1 is invalid",
    "SIM0013": "Not authorized for division &1",
    "SIM0014": "Text type &1 is invalid",
    "SIM0015": "Program &1 is not described",
    "SIM0016": "Invoice &1 does not exist",
    "SIM0017": "On-hand balance of item &1 in warehouse &2 does not cover the order",
    "SIM0018": "Address type &1 is invalid",
    "SIM0019": "A charge on delivery &1 is not simulated",
    "SIM0020": "Line &1 has status &2 and can no longer be changed",
    "SIM0021": "Line &1 cannot have fewer than the &2 picked or delivered",
    "SIM0022": "Changing field &1 of an order line is not simulated",
    "SIM0023": "Delivery &1 is on invoice &2 and cannot be reversed",
    "SIM0024": "Batch order is stopped with status &1",
}

# M3 answers with the whole 132-character message field and the 10-character field name;
# the gateway's rightTrim concerns records only.
# Source: recorded answers in Infor's own SDK tests ("Designed to fail!" and `RCNT      `).
MESSAGE_WIDTH = 132
FIELD_WIDTH = 10

SERVER_RETURNED_NOK = "ServerReturnedNOK"


class Nok(Exception):
    """M3 or its REST layer refused a transaction.

    Args:
        code: message id, empty when the REST layer refuses before M3 is asked.
        values: what replaces &1, &2 in the message text.
        field: the input field M3 points at.
        text: the message when `code` is empty.
        kind: m3api-rest's `errorType`.
    """

    def __init__(
        self,
        code: str,
        *values: str,
        field: str = "",
        text: str = "",
        kind: str = SERVER_RETURNED_NOK,
    ) -> None:
        self.code = code
        self.field = field
        self.kind = kind
        self.text = text or message_text(code, *values)
        super().__init__(self.text)

    def as_result(self, transaction: str) -> dict[str, object]:
        """Return the failed result as m3api-rest v2 writes it.

        Messages whose id starts with X carry id and field inside the padded text as well, as in
        the recorded "Not authorized for company 0   XAU0008 CONO"; clients have to clean it.
        """
        message = self.text
        if self.code.startswith("X"):
            message = f"{self.text:<60}{self.code} {self.field}"
        if self.code:
            message = message.ljust(MESSAGE_WIDTH)
        return {
            "transaction": transaction,
            "errorMessage": message,
            "errorType": self.kind,
            "errorCode": self.code,
            "errorCfg": "",
            "errorField": self.field.ljust(FIELD_WIDTH) if self.code and self.field else self.field,
            "records": [],
        }


def message_text(code: str, *values: str) -> str:
    """Return the text of a message id with its values filled in.

    Raises:
        KeyError: the id is not in the catalogue.
    """
    text = MESSAGES[code]
    for number, value in enumerate(values, start=1):
        text = text.replace(f"&{number}", value)
    return text
