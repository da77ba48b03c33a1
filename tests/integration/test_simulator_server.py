"""Both simulators in one process, on two ports."""

import asyncio
import re
import signal
import sys

import httpx

from simulators.server import running


async def test_both_simulators_answer_with_the_same_audit():
    async with running() as urls, httpx.AsyncClient() as http:
        placed = await http.post(f"{urls.walmart}/_sim/orders", json={"count": 2, "mix": "plain"})
        audits = [(await http.get(f"{url}/_sim/audit")).json() for url in (urls.walmart, urls.m3)]

    numbers = placed.json()["purchase_order_ids"]
    assert [order["purchase_order_id"] for order in audits[0]["orders"]] == numbers
    assert audits[0]["orders"] == audits[1]["orders"]
    assert audits[0]["totals"]["walmart_orders"] == 2


async def test_the_process_says_where_it_answers_and_ends_on_sigterm():
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "simulators",
        "--walmart-port=0",
        "--m3-port=0",
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    async with asyncio.timeout(30):
        said = (await process.stdout.readline()).decode()
        [walmart, m3] = re.findall(r"http://127\.0\.0\.1:\d+", said)
        async with httpx.AsyncClient() as http:
            healths = [await http.get(f"{url}/_sim/health") for url in (walmart, m3)]
        process.send_signal(signal.SIGTERM)
        _, complaints = await process.communicate()

    assert [health.json()["status"] for health in healths] == ["ok", "ok"]
    assert process.returncode == 0
    assert complaints == b""
