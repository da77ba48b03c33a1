"""`m3-walmart attention` against a real Temporal, with orders that wait."""

import asyncio
import json
import os
import pty
import subprocess
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from temporalio.client import Client
from tenacity import AsyncRetrying, retry_if_result, stop_after_delay, wait_fixed
from typer.testing import CliRunner, Result

from commands.cases import CaseFilter, list_cases
from commands.main import app
from commands.temporal import register_search_attributes
from domain.attention import Attention, Finding, Severity, Urgency
from domain.names import order_workflow_id
from domain.orders import OrderSummary, Stage
from ledger.seal import Seal, load_or_create_key
from tests.conftest import installed
from tests.settings_samples import PAIR, SECRET_NAMES
from tests.waiting_order import start_waiting, waiting_orders

SINCE = datetime(2026, 11, 24, 12, tzinfo=UTC)
UNKNOWN_SKU = Attention(
    cause="UNKNOWN_SKU",
    sentence="M3 does not know SKU GHOST-1",
    mend="add its alias in MMS025",
    step="validation",
    since=SINCE,
    findings=(
        Finding(code="UNKNOWN_SKU", severity=Severity.BLOCK, sentence="M3 does not know GHOST-1"),
    ),
)
PRICE = Attention(
    cause="UNIT_PRICE_BELOW_M3",
    sentence="line 1 is sold for 5.00, M3 says 9.00",
    mend="approve it or correct the price",
    step="validation",
    since=SINCE,
    findings=(
        Finding(code="UNIT_PRICE_BELOW_M3", severity=Severity.HOLD, sentence="5.00, not 9.00"),
    ),
)

PRICING_ERROR = ["--cancellation-reason", "SELLER_CANCEL_PRICING_ERROR"]


class Desk:
    """An operator's terminal, and the orders of a pair of its own."""

    def __init__(self, client: Client, task_queue: str) -> None:
        self.pair = f"p{uuid4().hex[:12]}"
        self._client = client
        self._task_queue = task_queue

    async def run(self, *words: str, to_pair: bool = True) -> Result:
        """Run a command; like a terminal, it has its own thread and event loop."""
        pair = ["--pair", self.pair] if to_pair else []
        return await asyncio.to_thread(CliRunner().invoke, app, ["attention", *words, *pair])

    async def json(self, *words: str) -> Any:
        result = await self.run(*words, "--json")
        assert result.exit_code == 0, result.output
        return json.loads(result.stdout)

    async def wait(self, number: str, *waits: Attention, **facts: Any) -> None:
        """Start an order that waits, and see it in Temporal's list."""
        known: dict[str, Any] = {"stage": Stage.ENTERING} | facts
        summary = OrderSummary(pair=self.pair, purchase_order_id=number, attention=waits, **known)
        await start_waiting(self._client, self._task_queue, summary)
        await self.listed(CaseFilter(pair=self.pair), number)

    async def listed(self, wanted: CaseFilter, number: str) -> None:
        """Look until Temporal's list, which lags a little, has the order."""
        until_listed = AsyncRetrying(
            retry=retry_if_result(lambda found: not found),
            stop=stop_after_delay(30),
            wait=wait_fixed(0.1),
        )

        async def has() -> bool:
            cases = await list_cases(self._client, wanted)
            return number in {case.purchase_order_id for case in cases}

        await until_listed(has)

    async def payloads(self, number: str) -> list[Any]:
        """Return the answers an order has taken, as they came."""
        order = self._client.get_workflow_handle(order_workflow_id(self.pair, number))
        return list(await order.query("payloads"))


@pytest.fixture
async def desk(
    temporal: Client, temporal_address: str, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Desk]:
    monkeypatch.setenv("TEMPORAL_ADDRESS", temporal_address)
    monkeypatch.setenv("TEMPORAL_CONFIG_FILE", os.devnull)
    await register_search_attributes(temporal)
    async with waiting_orders(temporal) as task_queue:
        yield Desk(temporal, task_queue)


async def test_what_waits_is_listed_the_most_pressing_first(desk: Desk):
    now = datetime.now(UTC)
    await desk.wait("1", UNKNOWN_SKU, urgency=Urgency.CALM, deadline=now + timedelta(days=2))
    await desk.wait("2", UNKNOWN_SKU, urgency=Urgency.OVERDUE, deadline=now - timedelta(hours=1))
    await desk.wait("3", PRICE, urgency=Urgency.SOON, deadline=now + timedelta(minutes=5))

    cases = await desk.json("list")

    assert [case["purchase_order_id"] for case in cases] == ["2", "3", "1"]
    assert cases[0]["attention"][0]["findings"][0]["code"] == "UNKNOWN_SKU"
    assert cases[1]["helps"] == ["approve", "retry", "take-over", "reject"]


async def test_list_is_narrowed_by_cause_assignee_and_tag(desk: Desk):
    await desk.wait("1", UNKNOWN_SKU, assignee="ann", tags=("vip", "call"))
    await desk.wait("2", PRICE)

    async def found(*words: str) -> list[str]:
        return [case["purchase_order_id"] for case in await desk.json("list", *words)]

    assert await found("--cause", "UNKNOWN_SKU") == ["1"]
    assert await found("--assignee", "ann") == ["1"]
    assert await found("--tag", "call") == ["1"]
    assert await found("--unassigned") == ["2"]
    assert await found("--assignee", "bob") == []


async def test_case_is_shown_with_what_would_help(desk: Desk):
    await desk.wait("1", UNKNOWN_SKU)

    shown = await desk.run("show", "1")

    assert "M3 does not know SKU GHOST-1" in shown.stdout
    assert f"m3-walmart attention map-sku 1 --pair {desk.pair} SKU ITEM" in shown.stdout


async def test_case_links_to_its_page_where_the_settings_say_it(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    for name in SECRET_NAMES:
        monkeypatch.setenv(name, "swordfish")
    settings = tmp_path / "m3-walmart.toml"
    settings.write_text(PAIR + '[alerts]\nlink = "https://ui.example/{workflow_id}"\n')
    await desk.wait("1", UNKNOWN_SKU)

    shown = await desk.json("show", "1", "--config", str(settings))
    without = await desk.json("show", "1", "--config", str(tmp_path / "nowhere.toml"))

    assert shown["link"] == f"https://ui.example/order-to-cash%2F{desk.pair}%2F1"
    assert without["link"] == ""


async def test_case_as_json_has_everything(desk: Desk):
    await desk.wait("1", UNKNOWN_SKU, tags=("vip",))

    shown = await desk.json("show", "1")

    assert shown["attention"][0]["findings"][0]["severity"] == "block"
    assert shown["helps"][0] == "map-sku"
    assert shown["timeline"] == []


@pytest.mark.parametrize(
    ("words", "name", "payload"),
    [
        (["approve", "1"], "approve", {"reason": ""}),
        (
            ["reject", "1", "--reason", "slip", *PRICING_ERROR],
            "reject",
            {"reason": "slip", "cancellation_reason": "SELLER_CANCEL_PRICING_ERROR"},
        ),
        (
            ["map-sku", "1", "MUG", "400123", "--for-good"],
            "map_sku",
            {"reason": "", "sku": "MUG", "item_number": "400123", "for_good": True},
        ),
        (
            ["change-line", "1", "2", "0", "--reason", "no", *PRICING_ERROR],
            "change_line",
            {
                "reason": "no",
                "line_number": "2",
                "quantity": 0,
                "cancellation_reason": "SELLER_CANCEL_PRICING_ERROR",
            },
        ),
        (["retry", "1", "--reason", "M3 is back"], "retry", {"reason": "M3 is back"}),
        (
            ["skip", "1", "reserve_stock", "--reason", "done"],
            "skip_step",
            {"reason": "done", "step": "reserve_stock"},
        ),
        (
            ["take-over", "1", "0010000123"],
            "take_over",
            {"reason": "", "m3_order_number": "0010000123"},
        ),
        (["assign", "1", "ann"], "assign", {"reason": "", "assignee": "ann"}),
        (["assign", "1", ""], "assign", {"reason": "", "assignee": ""}),
        (["tag", "1", "vip", "call"], "tag", {"reason": "", "tags": ["vip", "call"]}),
        (["tag", "1"], "tag", {"reason": "", "tags": []}),
    ],
)
async def test_order_gets_the_answer_that_was_given(
    desk: Desk, words: list[str], name: str, payload: dict[str, Any]
):
    await desk.wait("1", PRICE)

    said = await desk.run(*words, "--by", "bob")

    assert (said.exit_code, said.stdout) == (0, f"{name} taken\n")
    assert await desk.payloads("1") == [[name, {"by": "bob"} | payload]]


async def test_corrected_address_travels_sealed(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    for name in SECRET_NAMES:
        monkeypatch.setenv(name, "swordfish")
    settings = tmp_path / "m3-walmart.toml"
    settings.write_text(PAIR + '[ledger]\npath = "ledger.db"\n')
    keys = load_or_create_key(tmp_path / "ledger.key")
    await desk.wait("1", UNKNOWN_SKU)

    address = ["--address1", "7 Marked Lane", "--postal-code", "72712"]
    said = await desk.run("correct", "1", *address, "--by", "ann", "--config", str(settings))

    assert (said.exit_code, said.stdout) == (0, "correct_address taken\n")
    [[_, payload]] = await desk.payloads("1")
    assert json.loads(Seal(keys).open(payload.pop("sealed"))) == {
        "address1": "7 Marked Lane",
        "postalCode": "72712",
    }
    assert payload == {"by": "ann", "reason": ""}


async def test_answer_names_the_user_who_gave_it(desk: Desk, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("LOGNAME", "carla")
    await desk.wait("1", PRICE)

    await desk.run("approve", "1", "--reason", "price agreed")

    shown = await desk.run("show", "1")
    assert "approve by carla: price agreed" in shown.stdout
    assert "It waits for nobody." in shown.stdout


async def test_answer_that_does_not_fit_is_refused_with_the_reason(desk: Desk):
    await desk.wait("1", UNKNOWN_SKU)

    refused = await desk.run("approve", "1")

    assert (refused.exit_code, refused.stdout) == (2, "")
    assert refused.stderr == "UNKNOWN_SKU can't be approved, only corrected\n"
    assert await desk.payloads("1") == []


async def test_refusal_as_json_is_for_programs_too(desk: Desk):
    await desk.wait("1", UNKNOWN_SKU)

    refused = await desk.run("approve", "1", "--json")

    assert refused.exit_code == 2
    assert json.loads(refused.stdout) == {
        "pair": desk.pair,
        "purchase_order_id": "1",
        "answer": "approve",
        "taken": False,
        "said": "UNKNOWN_SKU can't be approved, only corrected",
    }


async def test_order_nobody_knows_is_said(desk: Desk):
    said = await desk.run("retry", "404")

    assert said.exit_code == 2
    assert said.stderr == (
        f"no open order 404 in pair {desk.pair}; see `m3-walmart attention list`\n"
    )


async def test_all_orders_of_a_cause_are_retried_and_no_others(desk: Desk):
    for number in ("1", "2", "3"):
        await desk.wait(number, UNKNOWN_SKU)
    await desk.wait("4", PRICE)

    said = await desk.run("retry", "--cause", "UNKNOWN_SKU", "--by", "ann")

    assert (said.exit_code, said.stdout) == (0, "taken by 3 of 3 orders\n")
    assert await desk.payloads("1") == [["retry", {"by": "ann", "reason": ""}]]
    assert await desk.payloads("4") == []


async def test_orders_of_a_cause_that_refuse_are_counted(desk: Desk):
    await desk.wait("1", UNKNOWN_SKU)
    await desk.wait("2", UNKNOWN_SKU)

    said = await desk.run("approve", "--cause", "UNKNOWN_SKU", "--reason", "all of them")
    told = await desk.run("approve", "--cause", "UNKNOWN_SKU", "--reason", "all", "--json")

    reason = "UNKNOWN_SKU can't be approved, only corrected"
    assert said.exit_code == told.exit_code == 1
    assert said.stdout == f"taken by 0 of 2 orders\n2 not: {reason}\n"
    assert json.loads(told.stdout)["refused"] == {reason: 2}


async def test_all_orders_of_a_cause_get_an_assignee(desk: Desk):
    await desk.wait("1", UNKNOWN_SKU)
    await desk.wait("2", UNKNOWN_SKU)

    said = await desk.run("assign", "--cause", "UNKNOWN_SKU", "ann")

    assert said.stdout == "taken by 2 of 2 orders\n"
    assert {case["assignee"] for case in await desk.json("list")} == {"ann"}


async def on_a_terminal(command: list[str], typed: bytes) -> tuple[int, str]:
    """Run a command whose input is a terminal, and type at it."""
    ours, theirs = pty.openpty()
    try:
        os.write(ours, typed)
        ended = await asyncio.to_thread(
            subprocess.run, command, stdin=theirs, capture_output=True, text=True
        )
    finally:
        os.close(ours)
        os.close(theirs)
    return ended.returncode, ended.stdout + ended.stderr


async def test_person_at_a_terminal_is_asked_before_many_orders_are_answered(desk: Desk):
    await desk.wait("1", UNKNOWN_SKU)
    command = [installed("m3-walmart"), "attention", "retry", "--cause", "UNKNOWN_SKU"]
    command += ["--pair", desk.pair]

    code, said = await on_a_terminal(command, b"n\n")

    assert code == 1
    assert f"retry: 1 order of pair {desk.pair} with UNKNOWN_SKU?" in said
    assert await desk.payloads("1") == []

    code, said = await on_a_terminal(command, b"y\n")

    assert (code, len(await desk.payloads("1"))) == (0, 1)

    code, said = await on_a_terminal([*command, "--yes"], b"")

    assert (code, said) == (0, "taken by 1 of 1 orders\n")


async def test_without_a_worker_the_list_still_tells_what_waits(
    temporal: Client, temporal_address: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("TEMPORAL_ADDRESS", temporal_address)
    monkeypatch.setenv("TEMPORAL_CONFIG_FILE", os.devnull)
    await register_search_attributes(temporal)
    desk = Desk(temporal, f"nobody-{uuid4()}")
    await desk.wait("1", UNKNOWN_SKU, assignee="ann", tags=("vip",))

    said = await desk.run("list", "--json")

    [case] = json.loads(said.stdout)
    assert (case["cause"], case["assignee"], case["tags"]) == ("UNKNOWN_SKU", "ann", ["vip"])
    assert case["answered"] is False
    assert said.stderr.startswith("No worker answered for 1 of these orders")


@pytest.mark.parametrize("kind", [["update", "execute"], ["signal"]])
async def test_temporal_command_answers_as_documented(
    desk: Desk, temporal_binary: str, kind: list[str]
):
    await desk.wait("1", PRICE)
    payload = {"by": "ann", "reason": "price agreed"}
    command = [temporal_binary, "workflow", *kind, "--name", "approve"]
    command += ["--workflow-id", order_workflow_id(desk.pair, "1")]

    await asyncio.to_thread(
        subprocess.run,
        [*command, "--input", json.dumps(payload)],
        check=True,
        capture_output=True,
    )

    assert await desk.payloads("1") == [["approve", payload]]
