"""The simulated M3 on a socket: what only a real connection shows."""

import httpx
import pytest

from simulators.m3.state import M3Tenant
from simulators.server import running
from tests.integration.m3_caller import CLIENT, EXECUTE, PASSWORD_GRANT

HEAD = {
    "program": "OIS100MI",
    "transactions": [{"transaction": "AddBatchHead", "record": {"CUNO": "WALMART"}}],
}


async def test_a_client_finds_its_way_from_the_ionapi_file_and_survives_a_lost_answer():
    tenant = M3Tenant()
    async with running(tenant=tenant) as urls, httpx.AsyncClient(trust_env=False) as http:
        file = (await http.get(f"{urls.m3}/_sim/ionapi")).json()
        granted = await http.post(file["pu"] + file["ot"], data={**PASSWORD_GRANT, **CLIENT})
        http.headers["Authorization"] = f"Bearer {granted.json()['access_token']}"
        plan = {"share": 1, "kinds": ["lost_answer", "cut"], "seed": 1, "count": 4}
        await http.post(f"{urls.m3}/_sim/faults", json=plan)

        for _ in range(4):
            with pytest.raises(httpx.TransportError):
                await http.post(file["iu"] + EXECUTE, json=HEAD)
        answer = await http.post(file["iu"] + EXECUTE, json=HEAD)
        audit = (await http.get(f"{urls.m3}/_sim/audit")).json()

    drawn = tenant.faults.drawn
    assert answer.status_code == 200
    assert drawn["lost_answer"] + drawn["cut"] == 4
    assert audit["totals"]["orphan_batches"] == len(tenant.batches) == drawn["lost_answer"] + 1
