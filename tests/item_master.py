"""An M3 that answers the questions of the validation, for tests without a simulator."""

import json
from typing import Any

import httpx

URL = "https://gateway.test/execute"


class ItemMaster:
    """An M3 that knows some items, prices and rates, and remembers what it was asked."""

    def __init__(self) -> None:
        self.aliases = {"WM-KETTLE-01": "KETTLE-01"}
        self.items = {"KETTLE-01": {"STAT": "20", "SALE": "1", "ITNO": "KETTLE-01"}}
        self.prices = {"KETTLE-01": {"SAPR": "24.99", "SACD": "1"}}
        self.rates = {
            "CAD": [{"CUTD": "20260101", "ARAT": "0.75", "LOCD": "USD", "DMCU": "1", "RAFA": "0"}]
        }
        self.asked: list[tuple[str, list[dict[str, str]]]] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        body = json.loads(request.content)
        records = [each["record"] for each in body["transactions"]]
        self.asked.append((body["program"], records))
        answers = [self._answer(body["program"], record) for record in records]
        return httpx.Response(200, json={"results": answers})

    def _answer(self, program: str, record: dict[str, str]) -> dict[str, Any]:
        match program:
            case "CRS055MI":
                return {"records": self.rates.get(record["CUCD"], [])}
            case "MMS025MI":
                item = self.aliases.get(record["POPN"])
                return self._found({"ITNO": item} if item else None)
            case "MMS200MI":
                return self._found(self.items.get(record["ITNO"]))
            case _:
                return self._found(self.prices.get(record["ITNO"]))

    @staticmethod
    def _found(record: dict[str, str] | None) -> dict[str, Any]:
        if record is None:
            return {"errorMessage": "The record does not exist", "errorCode": "XRE0103"}
        return {"records": [record]}
