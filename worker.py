"""Run the worker: read settings, build clients, register everything, poll."""

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta

import httpx
import structlog
from temporalio.client import Client
from temporalio.worker import Worker

from activities.alerts import AlertActivities
from activities.corrections import CorrectionActivities
from activities.customers import CustomerActivities
from activities.feed_sending import FeedActivities
from activities.interceptor import ActivitySurroundings
from activities.inventory import InventoryActivities
from activities.invoices import InvoiceActivities
from activities.items import ItemNumbers
from activities.listings import ListingActivities
from activities.order_changes import OrderChangeActivities
from activities.order_entry import OrderEntryActivities
from activities.order_review import ReviewActivities
from activities.orders import OrderActivities
from activities.sending import SendingActivities
from activities.services import PairServices, Services
from activities.shipments import ShipmentActivities
from activities.sweeps import SweepActivities
from activities.take_back import TakeBackActivities
from connectors.channels import Channels
from connectors.ionapi import fetch_m3_token, read_ionapi
from connectors.m3 import M3Client
from connectors.tokens import TokenAuth, TokenSource
from connectors.walmart import WalmartAccount, WalmartClient, fetch_walmart_token
from connectors.walmart_limits import Allowance
from domain.names import INVENTORY_TASK_QUEUE, ORDERS_TASK_QUEUE
from ledger.store import Ledger, open_ledger
from mappings.live import LiveMappings
from settings import PairSettings, Settings
from workflows.alerts import AlertDesk
from workflows.inventory import InventoryCollector, InventorySync
from workflows.orders import OrderToCash
from workflows.sweeps import OrderSweep

log = structlog.get_logger()

# Activities in flight get this long to end when the worker is asked to stop.
GRACEFUL_SHUTDOWN = timedelta(seconds=20)


@asynccontextmanager
async def open_services(settings: Settings) -> AsyncIterator[Services]:
    """Open the ledger and one set of clients per pair, and close them at the end."""
    async with AsyncExitStack() as stack:
        ledger = await stack.enter_async_context(
            open_ledger(settings.ledger.place, keys=settings.ledger.keys)
        )
        yield Services(
            ledger, {pair.name: await _open_pair(stack, pair, ledger) for pair in settings.pairs}
        )


async def _open_pair(stack: AsyncExitStack, settings: PairSettings, ledger: Ledger) -> PairServices:
    pair = settings.to_pair()
    m3 = await stack.enter_async_context(m3_client(settings))
    allowances: dict[str, Allowance] = {}
    walmart = await stack.enter_async_context(walmart_client(settings, allowances))
    return PairServices(
        pair=pair,
        m3=m3,
        walmart=walmart,
        live_mappings=LiveMappings(settings.mappings),
        items=ItemNumbers(m3, pair),
        ledger=ledger,
        allowances=allowances,
    )


@asynccontextmanager
async def m3_client(settings: PairSettings) -> AsyncIterator[M3Client]:
    """Open the pair's M3 client; it logs in with the first call."""
    m3 = settings.m3
    ionapi = read_ionapi(m3.ionapi_file)
    async with (
        httpx.AsyncClient(timeout=m3.timeout_seconds) as login,
        httpx.AsyncClient(
            timeout=m3.timeout_seconds,
            auth=TokenAuth(
                TokenSource(lambda: fetch_m3_token(login, ionapi)),
                header="Authorization",
                prefix="Bearer ",
            ),
        ) as http,
    ):
        yield M3Client(http, url=ionapi.m3_url, company=m3.company, division=m3.division)


@asynccontextmanager
async def walmart_client(
    settings: PairSettings, allowances: dict[str, Allowance] | None = None
) -> AsyncIterator[WalmartClient]:
    """Open the pair's Walmart client; it gets its token with the first call.

    Args:
        settings: of the pair.
        allowances: takes what Walmart says of the limit of each call.
    """
    heard = {} if allowances is None else allowances
    walmart = settings.walmart
    account = WalmartAccount(
        base_url=str(walmart.base_url).rstrip("/"), service_name=walmart.service_name
    )
    async with (
        httpx.AsyncClient(timeout=walmart.timeout_seconds) as login,
        httpx.AsyncClient(
            timeout=walmart.timeout_seconds,
            auth=TokenAuth(
                TokenSource(
                    lambda: fetch_walmart_token(
                        login,
                        account,
                        client_id=walmart.client_id.get_secret_value(),
                        client_secret=walmart.client_secret.get_secret_value(),
                    )
                ),
                header="WM_SEC.ACCESS_TOKEN",
            ),
        ) as http,
    ):
        yield WalmartClient(http, account, on_answer=heard.__setitem__)


def create_worker(client: Client, services: Services, settings: Settings) -> Worker:
    """Return the worker for the orders task queue."""
    orders = OrderActivities(services)
    customers = CustomerActivities(services)
    entry = OrderEntryActivities(services)
    changes = OrderChangeActivities(services)
    corrections = CorrectionActivities(services)
    alerts = AlertActivities(
        settings.alerts.to_rules(), Channels(settings.alerts.urls()), services.ledger
    )
    reviews = ReviewActivities(services)
    take_back = TakeBackActivities(services)
    shipments = ShipmentActivities(services)
    invoices = InvoiceActivities(services)
    sweeps = SweepActivities(services)
    return Worker(
        client,
        task_queue=ORDERS_TASK_QUEUE,
        workflows=[OrderToCash, OrderSweep, AlertDesk],
        activities=[
            orders.fetch_walmart_order,
            orders.draft_m3_order,
            orders.acknowledge_walmart_order,
            orders.reserve_stock,
            customers.find_or_create_customer,
            entry.find_m3_order,
            entry.add_head,
            entry.add_lines,
            entry.confirm_m3_order,
            entry.find_released_order,
            changes.reduce_m3_order,
            changes.cancel_walmart_lines,
            corrections.keep_address,
            corrections.keep_item_number,
            reviews.review_order,
            take_back.take_back_m3_order,
            take_back.check_taken_over_order,
            alerts.report_attention,
            alerts.send_alert,
            shipments.confirm_shipment,
            invoices.find_invoices,
            sweeps.start_released_orders,
        ],
        interceptors=[ActivitySurroundings()],
        max_cached_workflows=settings.worker.cached_workflows,
        max_concurrent_activities=settings.worker.concurrent_activities,
        # Twice the default was best in the benchmark; more was worse.
        max_concurrent_workflow_task_polls=10,
        max_concurrent_activity_task_polls=10,
        graceful_shutdown_timeout=GRACEFUL_SHUTDOWN,
    )


def create_inventory_worker(client: Client, services: Services, settings: Settings) -> Worker:
    """Return the worker for the inventory: a queue of its own, so that no order waits for stock."""
    reading = InventoryActivities(services)
    listings = ListingActivities(services)
    sending = SendingActivities(services)
    feeds = FeedActivities(services)
    return Worker(
        client,
        task_queue=INVENTORY_TASK_QUEUE,
        workflows=[InventorySync, InventoryCollector],
        activities=[
            reading.warehouses_to_read,
            reading.read_changes,
            reading.begin_reading,
            reading.read_warehouse,
            reading.read_items,
            reading.apply_reading,
            reading.compute_wanted,
            reading.wake_collector,
            listings.read_listings,
            sending.send_inventory,
            feeds.follow_feeds,
        ],
        interceptors=[ActivitySurroundings()],
        max_concurrent_activities=settings.worker.concurrent_activities,
        graceful_shutdown_timeout=GRACEFUL_SHUTDOWN,
    )


async def run_worker(client: Client, settings: Settings) -> None:
    """Poll until the process is asked to stop (SIGINT or SIGTERM)."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(name, stop.set)
    async with (
        open_services(settings) as services,
        create_worker(client, services, settings),
        create_inventory_worker(client, services, settings),
    ):
        log.info("worker_started", pairs=[pair.name for pair in settings.pairs])
        await stop.wait()
        log.info("worker_stopping")
    log.info("worker_stopped")
