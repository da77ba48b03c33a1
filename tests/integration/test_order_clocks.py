"""Who is told of a case and when: Walmart's clocks decide, in skipped time."""

from datetime import UTC, datetime, timedelta

from domain.attention import Finding, Happening, Severity, Urgency
from domain.orders import Stage
from tests.integration.test_order_answers import answer
from tests.order_fakes import FakeOrderActivities, facts, policy
from tests.order_runs import report_all, started, waiting_for
from workflows.orders import OrderToCash

GHOST = Finding(code="UNKNOWN_SKU", severity=Severity.BLOCK, sentence="M3 has no such item")


def waiting_order(**changes) -> FakeOrderActivities:
    """An order nobody mends, that ships in two days and is canceled four days later."""
    now = datetime.now(UTC)
    return FakeOrderActivities(
        facts=facts(ordered_at=now, ship_by=now + timedelta(days=2)),
        policy=policy(**{"auto_cancel_at": now + timedelta(days=6)} | changes),
        findings=(GHOST,),
    )


async def test_72_hours_of_reminders_and_escalations(skipping):
    fake = waiting_order()

    async with started(skipping, fake) as order:
        await waiting_for(order, "UNKNOWN_SKU")
        for _ in range(3):
            await skipping.sleep(timedelta(hours=24))
        summary = await order.query(OrderToCash.status)

    happenings = [report.happening for report in fake.told]
    escalated = [r.urgency for r in fake.told if r.happening is Happening.ESCALATED]
    assert happenings[0] is Happening.OPENED
    # Near the four hours, which the pair's rule meets; near ship-by; past it.
    assert escalated == [Urgency.SOON, Urgency.SOON, Urgency.OVERDUE]
    assert happenings.count(Happening.REMINDED) == 16
    assert summary.urgency is Urgency.OVERDUE
    assert {report.cause for report in fake.told} == {"UNKNOWN_SKU"}


async def test_the_deadline_decides_and_not_the_age(skipping):
    now = datetime.now(UTC)
    fake = waiting_order()
    fake.facts = facts(ordered_at=now, ship_by=now + timedelta(minutes=30))

    async with started(skipping, fake) as order:
        await waiting_for(order, "UNKNOWN_SKU")
        await skipping.sleep(timedelta(minutes=1))

    assert fake.told[0].happening is Happening.OPENED
    assert fake.told[0].urgency is Urgency.SOON
    assert fake.told[0].deadline == fake.facts.ship_by


async def test_when_walmart_may_have_canceled_it_is_said_once_more(skipping):
    fake = waiting_order(auto_cancel_at=datetime.now(UTC) + timedelta(days=3))

    async with started(skipping, fake) as order:
        await waiting_for(order, "UNKNOWN_SKU")
        for _ in range(4):
            await skipping.sleep(timedelta(hours=20))

    escalated = [r.urgency for r in fake.told if r.happening is Happening.ESCALATED]
    assert escalated == [Urgency.SOON, Urgency.SOON, Urgency.OVERDUE, Urgency.LOST]


async def test_a_case_that_is_closed_is_told_once(skipping):
    fake = waiting_order()

    async with started(skipping, fake) as order:
        await waiting_for(order, "UNKNOWN_SKU")
        await skipping.sleep(timedelta(minutes=1))
        fake.findings = ()
        await answer(order, "retry", by="ann")
        await report_all(order, fake, "1")
        summary = await order.result()

    assert [r.happening for r in fake.told] == [Happening.OPENED, Happening.CLOSED]
    assert fake.told[0].since == fake.told[1].since
    assert summary.stage is Stage.COMPLETED


async def test_an_order_that_is_past_ship_by_shows_it_until_it_ships(skipping):
    fake = waiting_order()
    fake.findings = ()

    async with started(skipping, fake) as order:
        for _ in range(3):
            await skipping.sleep(timedelta(hours=20))
        shown = (await order.query(OrderToCash.status)).attention
        await report_all(order, fake, "1")
        summary = await order.result()

    assert [a.cause for a in shown] == ["SHIP_BY_PASSED"]
    assert not shown[0].blocks
    assert summary.attention == ()


async def test_an_order_without_a_case_tells_nobody(skipping):
    fake = FakeOrderActivities()

    async with started(skipping, fake) as order:
        await report_all(order, fake, "1")
        await order.result()

    assert fake.told == []
