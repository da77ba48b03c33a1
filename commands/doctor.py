"""`m3-walmart doctor`: try every connection once and say what is wrong and what mends it."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from functools import partial

from rich.console import Console
from rich.markup import escape
from temporalio.service import RPCError

from commands.alerts import channel_states
from commands.temporal import address, connect, missing_search_attributes
from connectors.ionapi import IonApiError
from connectors.m3 import M3Client, Record
from domain.errors import IntegrationError
from domain.orders import CustomerStrategy, OrderEntry
from ledger.database import LedgerUnavailable
from ledger.seal import Unsealable
from ledger.store import open_ledger
from mappings.loader import load_mappings
from mappings.problems import MappingError
from settings import LedgerSettings, PairSettings, Settings
from worker import m3_client, walmart_client

# The M3 programs and transactions this release calls; each must exist in the tenant.
TRANSACTIONS = {
    "OIS100MI": (
        "AddBatchHead AddBatchAddress AddBatchLine AddBatchHeadChg AddBatchText Confirm "
        "GetOrderNo LstBatchHead LstBatchLine LstErrMsgOrder SearchHead GetHead LstLine "
        "LstDelLineByCO DelBatchHead DelHead DelLine CloLine ChgLineBatchEnt"
    ),
    "OIS275MI": "SearchBatchLine GetTmpOrderStat",
    "OIS320MI": "GetPriceLine",
    "MMS025MI": "GetItem AddAlias",
    "MMS200MI": "Get",
    "MMS120MI": "AllocateOrder",
    "MWS410MI": "GetHead LstPackages LstPackageLine",
    "OIS350MI": "LstInvHeadByCo",
}

# And what the other ways of entry call.
DIRECT_TRANSACTIONS = {"OIS100MI": "AddOrderHead AddOrderLine AddConnCOCharge LstHead"}
PER_BUYER_TRANSACTIONS = {"CRS610MI": "Add AddAddress GetAddress LstBySearchKey"}

# What the seller's token must be allowed to do, by the names of GET /v3/token/detail.
SCOPES = ("orders",)


# Errors whose text says what is wrong.
PROBLEMS = (
    IntegrationError,
    IonApiError,
    MappingError,
    LedgerUnavailable,
    Unsealable,
    RPCError,
    RuntimeError,
)


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing that was tried."""

    what: str
    problem: str = ""  # empty: it works
    mend: str = ""


async def examine(settings: Settings) -> AsyncIterator[Finding]:
    """Try Temporal, each pair's mappings, M3 and Walmart, a ledger on a server, the channels."""
    yield await _try("Temporal", _temporal, "start Temporal, or set TEMPORAL_ADDRESS")
    for pair in settings.pairs:
        yield await _try(f"{pair.name}: mappings", partial(_mappings, pair), "mend the file")
        yield await _try(
            f"{pair.name}: M3", partial(_m3, pair), "check the .ionapi file and its user in M3"
        )
        yield await _try(
            f"{pair.name}: Walmart",
            partial(_walmart, pair),
            "check client_id and client_secret in Seller Center, API Key Management",
        )
    if settings.ledger.url:
        yield await _try(
            "ledger",
            partial(_ledger, settings.ledger),
            "check [ledger] url and key, and the server",
        )
    async for state in channel_states(settings):
        what = f"channel {state.channel}{f': {state.last}' if state.last else ''}"
        yield Finding(what=what, problem=state.problem, mend=state.mend)


async def _try(what: str, check: Callable[[], Awaitable[str]], mend: str) -> Finding:
    try:
        problem = await check()
    except PROBLEMS as error:
        problem = str(error)
    return Finding(what=what, problem=problem, mend=mend if problem else "")


async def _temporal() -> str:
    client = await connect()
    if missing := await missing_search_attributes(client):
        return (
            f"{address()}: namespace {client.namespace} lacks the search attributes "
            f"{', '.join(missing)}; `m3-walmart schedules apply` adds them"
        )
    return ""


async def _mappings(pair: PairSettings) -> str:
    load_mappings(overrides=pair.mappings)
    return ""


async def _m3(pair: PairSettings) -> str:
    called = [*TRANSACTIONS.items()]
    if pair.m3.order_entry is OrderEntry.DIRECT:
        called += DIRECT_TRANSACTIONS.items()
    if pair.m3.customer_strategy is CustomerStrategy.PER_BUYER:
        called += PER_BUYER_TRANSACTIONS.items()
    async with m3_client(pair) as m3:
        missing = [
            f"{program}/{name}"
            for program, names in called
            for name in await _missing(m3, program, names.split())
        ]
    return f"the tenant lacks {', '.join(missing)}" if missing else ""


async def _missing(m3: M3Client, program: str, names: list[str]) -> list[str]:
    listed: list[Record] = await m3.execute(
        "MRS001MI", "LstTransactions", {"MINM": program}, columns=("TRNM",)
    )
    there = {record["TRNM"] for record in listed}
    return [name for name in names if name not in there]


async def _walmart(pair: PairSettings) -> str:
    async with walmart_client(pair) as walmart:
        scopes = (await walmart.token_detail()).get("scopes") or {}
    denied = [scope for scope in SCOPES if scopes.get(scope) != "full_access"]
    return f"the key has no full access to {', '.join(denied)}" if denied else ""


async def _ledger(ledger: LedgerSettings) -> str:
    async with open_ledger(ledger.place, keys=ledger.keys):
        return ""


async def print_findings(settings: Settings, console: Console) -> bool:
    """Print what works and what does not; return whether all works."""
    healthy = True
    async for finding in examine(settings):
        if finding.problem:
            healthy = False
            console.print(
                f"[red]✗[/red] {finding.what}: {escape(finding.problem)}", highlight=False
            )
            console.print(f"    mend: {escape(finding.mend)}", highlight=False)
        else:
            console.print(f"[green]✓[/green] {finding.what}")
    return healthy
