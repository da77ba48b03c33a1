"""Faults at the simulated Walmart, over real connections."""

from collections.abc import AsyncIterator

import httpx
import pytest
import pytest_asyncio

from simulators.faults import FaultPlan
from simulators.serving import serving
from simulators.walmart.app import create_app
from simulators.walmart.state import SellerAccount
from tests.integration.walmart_seller import HEADERS, Seller, seller_of


@pytest_asyncio.fixture
async def seller() -> AsyncIterator[Seller]:
    account = SellerAccount()
    app = create_app(account, dict)
    async with serving(app) as url, httpx.AsyncClient(base_url=url) as http:
        http.headers["WM_SEC.ACCESS_TOKEN"] = account.issue_token()
        yield Seller(http, account, app.state.tasks)


async def plan(seller: Seller, kind: str, **fields: object) -> None:
    await seller.control("faults", {"share": 1.0, "kinds": [kind], "count": 1, **fields})


async def test_a_lost_answer_breaks_the_connection_after_the_work_is_done(
    seller: Seller, caplog: pytest.LogCaptureFixture
):
    number = await seller.place_acknowledged()
    await plan(seller, "lost_answer")

    with pytest.raises(httpx.TransportError):
        await seller.ship(number)

    [line] = seller.account.orders[number].lines()
    assert line.statuses == {"Shipped": 1}
    assert caplog.records == []


async def test_a_cut_breaks_the_connection_before_anything_is_done(
    seller: Seller, caplog: pytest.LogCaptureFixture
):
    number = await seller.place_acknowledged()
    await plan(seller, "cut")

    with pytest.raises(httpx.TransportError):
        await seller.ship(number)

    [line] = seller.account.orders[number].lines()
    assert line.statuses == {"Acknowledged": 1}
    assert (await seller.ship(number)).status_code == 200
    assert caplog.records == []


async def test_a_slow_answer_comes_too_late_for_the_work_already_done(seller: Seller):
    number = await seller.place_acknowledged()
    await plan(seller, "slow", slow_seconds=0.5)
    seller.http.timeout = httpx.Timeout(0.1)

    with pytest.raises(httpx.ReadTimeout):
        await seller.ship(number)

    [line] = seller.account.orders[number].lines()
    assert line.statuses == {"Shipped": 1}


@pytest.mark.parametrize(
    ("kind", "statuses"),
    [
        ("server_error", {500, 503, 520}),
        ("throttled", {429}),
        ("expired_token", {401}),
        ("unfounded_400", {400}),
    ],
)
async def test_a_refusing_fault_does_nothing_and_passes(kind: str, statuses: set[int]):
    async with seller_of(SellerAccount()) as seller:
        number = await seller.place()
        await plan(seller, kind, count=8)
        refused = [await seller.acknowledge(number) for _ in range(8)]
        [line] = seller.account.orders[number].lines()

        assert {answer.status_code for answer in refused} <= statuses
        assert line.statuses == {"Created": 1}
        assert (await seller.acknowledge(number)).status_code == 200


async def test_server_errors_come_in_every_shape():
    async with seller_of(SellerAccount()) as seller:
        await plan(seller, "server_error", count=50)
        answers = [await seller.get("/v3/orders") for _ in range(50)]

    shapes = {answer.status_code: answer for answer in answers}
    assert shapes.keys() == {500, 503, 520}
    assert isinstance(shapes[500].json()["errors"], list)
    assert shapes[503].text.startswith("<html>")
    assert shapes[520].json()["errors"]["error"][0]["code"] == "SYSTEM_ERROR.GMP_GATEWAY_API"


async def test_tokens_and_control_routes_are_spared_unless_named():
    async with seller_of(SellerAccount()) as seller:
        await plan(seller, "throttled", count=None)
        grant = {"grant_type": "client_credentials"}
        auth = ("sim-client", "sim-secret")

        granted = await seller.http.post("/v3/token", data=grant, auth=auth, headers=HEADERS)
        assert granted.status_code == 200
        assert (await seller.control("health")) == {"status": "ok"}

        await plan(seller, "throttled", operations=["token"])
        refused = await seller.http.post("/v3/token", data=grant, auth=auth, headers=HEADERS)
        assert refused.status_code == 429


async def test_faults_can_be_cleared():
    async with seller_of(SellerAccount()) as seller:
        await plan(seller, "throttled", count=None)
        assert (await seller.http.delete("/_sim/faults")).status_code == 200

        assert (await seller.get("/v3/orders")).status_code == 404


def test_a_plan_draws_the_same_faults_for_the_same_seed():
    def drawn(seed: int) -> list[str | None]:
        plan = FaultPlan()
        plan.replace({"share": 0.2, "seed": seed})
        return [plan.draw("list_orders") for _ in range(500)]

    assert drawn(7) == drawn(7) != drawn(8)
    assert 60 < sum(kind is not None for kind in drawn(7)) < 140


def test_a_plan_stops_at_its_count_and_at_its_operations():
    plan = FaultPlan()
    plan.replace({"share": 1.0, "count": 2, "operations": ["ship_lines"]})

    assert plan.draw("list_orders") is None
    assert [plan.draw("ship_lines") is not None for _ in range(3)] == [True, True, False]
