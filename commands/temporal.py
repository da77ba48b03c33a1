"""Reach Temporal the way Temporal's own tools do, and prepare a namespace for us."""

from collections.abc import Iterable

from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.errordetails.v1 import NamespaceNotFoundFailure
from temporalio.api.operatorservice.v1 import (
    AddSearchAttributesRequest,
    ListSearchAttributesRequest,
)
from temporalio.client import (
    Client,
    Schedule,
    ScheduleActionStartWorkflow,
    ScheduleAlreadyRunningError,
    ScheduleIntervalSpec,
    ScheduleOverlapPolicy,
    SchedulePolicy,
    ScheduleSpec,
    ScheduleUpdate,
    ScheduleUpdateInput,
)
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.envconfig import ClientConfig
from temporalio.service import RPCError, RPCStatusCode

from domain.inventory_runs import InventorySyncInput, Scope
from domain.names import (
    INVENTORY_TASK_QUEUE,
    ORDERS_TASK_QUEUE,
    SEARCH_ATTRIBUTE_TYPES,
    SearchAttribute,
    inventory_sync_id,
    order_sweep_id,
)
from domain.pairs import Pair
from workflows.inventory import InventorySync
from workflows.sweeps import OrderSweep

DEFAULT_ADDRESS = "localhost:7233"

# What is due while the run before still goes on is left out.
SKIPPED = SchedulePolicy(overlap=ScheduleOverlapPolicy.SKIP)


async def connect(*, lazy: bool = False) -> Client:
    """Connect as Temporal's environment configuration says (TEMPORAL_ADDRESS, profiles, TLS).

    Args:
        lazy: do not wait for the server; the first call connects.

    Raises:
        RuntimeError: the server cannot be reached.
    """
    config = ClientConfig.load_client_connect_config()
    config.setdefault("target_host", DEFAULT_ADDRESS)
    return await Client.connect(**config, lazy=lazy, data_converter=pydantic_data_converter)


def address() -> str:
    """Return the address `connect` goes to, for messages."""
    config = ClientConfig.load_client_connect_config()
    return config.get("target_host", DEFAULT_ADDRESS)


async def missing_search_attributes(client: Client) -> list[str]:
    """Return our search attributes that the namespace lacks or has with another type."""
    listed = await client.operator_service.list_search_attributes(
        ListSearchAttributesRequest(namespace=client.namespace)
    )
    return [
        name
        for name, kind in SEARCH_ATTRIBUTE_TYPES.items()
        if listed.custom_attributes.get(name) != _indexed_type(kind)
    ]


async def register_search_attributes(client: Client) -> list[str]:
    """Add the search attributes the namespace lacks; return their names."""
    missing = await missing_search_attributes(client)
    if missing:
        await add_search_attributes(client, missing)
    return missing


async def add_search_attributes(client: Client, names: Iterable[str]) -> None:
    """Add some of our search attributes to the namespace."""
    wanted = {name: _indexed_type(SEARCH_ATTRIBUTE_TYPES[SearchAttribute(name)]) for name in names}
    await client.operator_service.add_search_attributes(
        AddSearchAttributesRequest(namespace=client.namespace, search_attributes=wanted)
    )


# The name Temporal's protocol has for each type.
INDEXED_TYPE = {
    "Bool": "INDEXED_VALUE_TYPE_BOOL",
    "Datetime": "INDEXED_VALUE_TYPE_DATETIME",
    "Keyword": "INDEXED_VALUE_TYPE_KEYWORD",
    "KeywordList": "INDEXED_VALUE_TYPE_KEYWORD_LIST",
}


def _indexed_type(kind: str) -> IndexedValueType.ValueType:
    return IndexedValueType.Value(INDEXED_TYPE[kind])


async def apply_sweep_schedule(client: Client, pair: Pair) -> str:
    """Create or update the schedule that finds lost orders; return its id.

    A run that is still going when the next is due is not doubled: the next is skipped.
    """
    schedule_id = order_sweep_id(pair.name)
    schedule = Schedule(
        action=ScheduleActionStartWorkflow(
            OrderSweep.run, pair.name, id=schedule_id, task_queue=ORDERS_TASK_QUEUE
        ),
        spec=ScheduleSpec(intervals=[ScheduleIntervalSpec(every=pair.sweep_interval)]),
        policy=SKIPPED,
    )
    await _apply(client, schedule_id, schedule)
    return schedule_id


async def _apply(client: Client, schedule_id: str, schedule: Schedule) -> None:
    try:
        await client.create_schedule(schedule_id, schedule)
    except ScheduleAlreadyRunningError:

        def replace(input: ScheduleUpdateInput) -> ScheduleUpdate:
            # Paused by an operator stays paused.
            schedule.state = input.description.schedule.state
            return ScheduleUpdate(schedule=schedule)

        await client.get_schedule_handle(schedule_id).update(replace)


async def apply_inventory_schedules(client: Client, pair: Pair) -> list[str]:
    """Create or update the schedules that read a pair's stock; return their ids.

    A run that is still going when the next is due is not doubled: the next is skipped, and
    Temporal counts it.
    """
    clocks = pair.stock_clocks
    if clocks is None:
        return []
    every = ScheduleSpec(intervals=[ScheduleIntervalSpec(every=clocks.changes)])
    specs = {
        Scope.CHANGES: every,
        Scope.EVERYTHING: _daily(clocks.everything_at, "*", pair.time_zone),
        Scope.DRIFT: _daily(clocks.drift_at, "SUN", pair.time_zone),
    }
    for scope, spec in specs.items():
        schedule_id = inventory_sync_id(pair.name, scope)
        action = ScheduleActionStartWorkflow(
            InventorySync.run,
            InventorySyncInput(pair=pair.name, scope=scope),
            id=schedule_id,
            task_queue=INVENTORY_TASK_QUEUE,
        )
        await _apply(client, schedule_id, Schedule(action=action, spec=spec, policy=SKIPPED))
    return [inventory_sync_id(pair.name, scope) for scope in specs]


def _daily(at: str, days: str, time_zone: str) -> ScheduleSpec:
    hour, _, minute = at.partition(":")
    return ScheduleSpec(
        cron_expressions=[f"{int(minute)} {int(hour)} * * {days}"], time_zone_name=time_zone
    )


def is_unreachable(error: RPCError) -> bool:
    """Tell an outage of Temporal from an answer of it."""
    return error.status in (RPCStatusCode.UNAVAILABLE, RPCStatusCode.DEADLINE_EXCEEDED)


def misses_namespace(error: RPCError) -> bool:
    """Tell whether Temporal answered that the namespace does not exist."""
    return any(
        detail.Is(NamespaceNotFoundFailure.DESCRIPTOR) for detail in error.grpc_status.details
    )
