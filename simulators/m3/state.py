"""What the simulated M3 tenant contains, and how its parts are found.

Lookups go through dictionaries: an order is found by number, by customer or by the customer's
own order number without reading the others. What the records do over time is in `warehouse`
and `confirmation`; how they are asked for is in `transactions` and `gateway`.
"""

import time
from bisect import insort
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from simulators.clock import Clock
from simulators.faults import FaultPlan
from simulators.m3 import demand, master_data
from simulators.m3.agenda import Action, Agenda
from simulators.m3.catalog import ItemCatalog
from simulators.m3.fields import Row
from simulators.m3.ion import Outbox
from simulators.m3.messages import Nok
from simulators.m3.planned import PlannedItems
from simulators.m3.records import (
    Alias,
    Batch,
    BatchStatus,
    Customer,
    Delivery,
    Invoice,
    Item,
    Order,
)
from simulators.m3.search import SearchIndex
from simulators.m3.stock import Balance, BalanceKey, Stock
from simulators.m3.tokens import TokenAuthority
from simulators.m3.values import date_text

# What a search query may name, by kind of document.
_ORDER_FIELDS = "ORNO CUNO CUOR FACI ORTP ORDT RESP SMCD ORST ORSL CUCD RLDZ MODL ADID YREF WHLO"
_BATCH_FIELDS = "ORNO PONR POSX BQLY FACI CUNO CUOR RGDT STAT ORNR ITNO WHLO CUPO"
_CUSTOMER_FIELDS = "CUNO CUNM STAT CSCD ECAR RGDT ALCU PONO TOWN MAIL PHNO"
ORDER_SEARCH_FIELDS = tuple(_ORDER_FIELDS.split())
BATCH_SEARCH_FIELDS = tuple(_BATCH_FIELDS.split())
CUSTOMER_SEARCH_FIELDS = tuple(_CUSTOMER_FIELDS.split())


@dataclass(frozen=True, kw_only=True)
class WarehouseSettings:
    """How the warehouse works; the body of `POST /_sim/warehouse`."""

    delay_seconds: float = 2.0
    invoice_delay_seconds: float = 1.0
    partial_share: float = 0.0  # orders that leave in two deliveries
    packages_share: float = 0.0  # deliveries of several packages
    running: bool = True
    seed: int = 1

    @classmethod
    def from_json(cls, wish: Mapping[str, Any]) -> "WarehouseSettings":
        """Return the settings a control request asks for; the rest gets its default.

        Raises:
            ValueError: an unknown key.
        """
        if unknown := set(wish) - {setting.name for setting in fields(cls)}:
            raise ValueError(f"unknown keys: {', '.join(sorted(unknown))}")
        return cls(**wish)


class M3Tenant:
    """One company of one M3 tenant, in memory; `POST /_sim/reset` starts it over."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self.clock = clock
        self.agenda = Agenda(clock)
        self.outbox = Outbox()
        self.tokens = TokenAuthority(clock)
        self.faults = FaultPlan()
        self.requests: Counter[str] = Counter()  # by operation, tokens apart
        self.token_requests = 0
        self.order_index = self._search_index(ORDER_SEARCH_FIELDS, ("ORNO", "CUOR"))
        self.batch_index = self._search_index(BATCH_SEARCH_FIELDS, ("ORNO", "ORNR", "CUOR"))
        self.customer_index = self._search_index(
            CUSTOMER_SEARCH_FIELDS, ("CUNO", "CUNM", "ALCU", "MAIL", "PHNO", "PONO")
        )
        self.reset()

    def reset(self) -> None:
        """Forget all data and settings. Tokens stay valid: they belong to the gateway, not M3."""
        self.agenda.clear()
        self.outbox.clear()
        self.faults.clear()
        self.requests.clear()
        self.token_requests = 0
        for index in (self.order_index, self.batch_index, self.customer_index):
            index.clear()
        self.stock_clock = Clock(base=self.clock)
        self.opened_ms = self.stock_clock.now_ms()
        self.warehouse = WarehouseSettings()
        self.search_lag_seconds = 0.3
        self.confirm_delay_seconds = 0.0
        self._stops: dict[str, BatchStatus] = {}  # by CUOR, or "" for whichever comes next
        self._change_stop: BatchStatus | None = None
        self.halted: list[Action] = []  # warehouse work that fell due while it stood still
        self._series: Counter[str] = Counter()
        self._load_master_data()
        self.batches: dict[str, Batch] = {}
        self.batches_of_customer: dict[str, dict[str, Batch]] = defaultdict(dict)
        self.open_batches_of_customer: dict[str, dict[str, Batch]] = defaultdict(dict)
        self.batches_by_reference: dict[str, list[Batch]] = defaultdict(list)
        self.orders: dict[str, Order] = {}
        self.orders_of_customer: dict[str, dict[str, Order]] = defaultdict(dict)
        self.orders_by_reference: dict[str, list[Order]] = defaultdict(list)
        self.unfinished_orders: dict[str, Order] = {}
        self.waiting_for_stock: dict[BalanceKey, dict[str, Order]] = defaultdict(dict)
        self.unshipped_demand: dict[BalanceKey, Decimal] = defaultdict(Decimal)
        self.promised_by_moves: dict[int, Decimal] = {}
        self.deliveries: dict[str, Delivery] = {}
        self.invoices: dict[tuple[str, str], Invoice] = {}  # by YEA4, IVNO

    def now(self) -> datetime:
        """Return the present moment in UTC."""
        return datetime.fromtimestamp(self.clock(), UTC)

    def work_later(self, seconds: float, action: Action) -> None:
        """Do a piece of warehouse work after a while; put it aside while the warehouse stands."""

        def do_or_put_aside() -> None:
            if self.warehouse.running:
                action()
            else:
                self.halted.append(action)

        self.agenda.after(seconds, do_or_put_aside)

    def demand(self, sku: str, warehouse: str, units: int) -> Balance:
        """Sell units of a SKU as another system says: promised now, shipped after a delay.

        Raises:
            Nok: M3 does not know the SKU or the warehouse, or never had any of the item there.
            ValueError: units is less than 1.
        """
        return demand.sell(self, sku=sku, warehouse=warehouse, units=units)

    def next_number(self, series: str, *, first: int, width: int, prefix: str = "") -> str:
        """Take the next number of a series (CRS165)."""
        number = first + self._series[series]
        self._series[series] += 1
        return f"{prefix}{number:0{width}d}"

    def stop_next(self, status: BatchStatus, *, reference: str = "") -> None:
        """Let the next Confirm, or the next of one customer reference, stop with a status."""
        self._stops[reference] = status

    def take_stop(self, batch: Batch) -> BatchStatus | None:
        """Return the status the batch order was to stop with, once."""
        wanted = batch.customer_reference
        return self._stops.pop(wanted if wanted in self._stops else "", None)

    def stop_next_change(self, status: BatchStatus) -> None:
        """Let the internal batch entry of the next changed line stop with a status."""
        self._change_stop = status

    def take_change_stop(self) -> BatchStatus | None:
        """Return the status the change of a line was to stop with, once."""
        stop, self._change_stop = self._change_stop, None
        return stop

    @property
    def currencies(self) -> tuple[str, ...]:
        """Return the currencies M3 knows (CRS055 and the company's own)."""
        return (master_data.CURRENCY, *(currency for currency, _ in self.rates))

    def rate(self, currency: str, *, day: str, rate_type: int = 1) -> Decimal | None:
        """Return what one unit of a currency was worth on a day; None when M3 has no rate."""
        rates = self.rates.get((currency, rate_type), {})
        valid = [start for start in rates if start <= day]
        return rates[max(valid)] if valid else None

    def request_totals(self) -> dict[str, Any]:
        """Return the API requests answered since the last reset."""
        return {
            "total": self.requests.total(),
            "by_operation": dict(self.requests),
            "tokens": self.token_requests,
        }

    # Finding one record, or refusing as M3 refuses.

    def customer(self, number: str) -> Customer:
        """Return a customer. Raises Nok when there is none."""
        customer = self.customers.get(number)
        if customer is None or customer.template:
            raise Nok("WCU0203", number, field="CUNO")
        return customer

    def item(self, number: str) -> Item:
        """Return an item. Raises Nok when there is none."""
        if number not in self.items:
            raise Nok("WIT0103", number, field="ITNO")
        return self.items[number]

    def balance(self, warehouse: str, item_number: str) -> Balance:
        """Return the balance of an item in a warehouse.

        Raises:
            Nok: either is unknown, or the warehouse never had any of the item.
        """
        if warehouse not in self.warehouses:
            raise Nok("WWH0103", warehouse, field="WHLO")
        self.item(item_number)
        if (balance := self.stock.find((warehouse, item_number))) is None:
            raise Nok("XRE0103", field="ITNO")
        return balance

    def item_of_sku(self, sku: str) -> Item:
        """Return the item behind a Walmart SKU. Raises Nok when there is none."""
        for alias in self.aliases_named(sku):
            if alias.category == master_data.ALIAS_CATEGORY:
                return self.item(alias.item_number)
        if sku not in self.items:
            raise Nok("WPO0403", sku, field="POPN")
        return self.items[sku]

    def aliases_named(self, name: str) -> list[Alias]:
        """Return the aliases with a name."""
        entered = self.aliases_by_name.get(name, [])
        n = self.stock.plan.find_sku(name) if self.stock.plan else 0
        return [*entered, self.stock.plan.alias(n)] if self.stock.plan and n else entered

    def aliases_of(self, item_number: str) -> list[Alias]:
        """Return the aliases of an item."""
        entered = self.aliases_of_item.get(item_number, [])
        n = self.stock.plan.find(item_number) if self.stock.plan else 0
        return [*entered, self.stock.plan.alias(n)] if self.stock.plan and n else entered

    def batch(self, number: str) -> Batch:
        """Return a batch order. Raises Nok when there is none."""
        if number not in self.batches:
            raise Nok("WOR0303", number, field="ORNO")
        return self.batches[number]

    def open_batch(self, number: str) -> Batch:
        """Return a batch order that may still be changed. Raises Nok otherwise."""
        batch = self.batch(number)
        if batch.order_number:
            raise Nok("SIM0005", number, batch.order_number, field="ORNO")
        if batch.confirming:
            raise Nok("XST0020", field="ORNO")
        return batch

    def order(self, number: str) -> Order:
        """Return a customer order that was not deleted. Raises Nok when there is none."""
        if number not in self.orders:
            raise Nok("WOR0303", number, field="ORNO")
        return self.orders[number]

    def delivery(self, number: str) -> Delivery:
        """Return a delivery. Raises Nok when there is none."""
        if number not in self.deliveries:
            raise Nok("WDL0203", number, field="DLIX")
        return self.deliveries[number]

    # Keeping records and their indexes together.

    def add_customer(self, customer: Customer) -> None:
        """Keep a new customer."""
        self.customers[customer.number] = customer
        if customer.template:
            return
        document = {
            "CUNO": customer.number,
            "STAT": customer.status,
            "RGDT": date_text(customer.created_at),
        }
        insort(self.customers_by_search_key, (customer.entered.get("ALCU", ""), customer.number))
        entered = {name: customer.entered.get(name, "") for name in CUSTOMER_SEARCH_FIELDS}
        self.customer_index.put(customer.number, {**entered, **document})

    def add_item(self, item: Item, *, stock: Decimal) -> None:
        """Keep a new item with the same stock in every warehouse."""
        self.items[item.number] = item
        self.stock.add_item(item.number, on_hand=stock)

    def plan_items(self, plan: PlannedItems) -> None:
        """Have planned items with balances and aliases. Raises ValueError for a second plan."""
        self.stock.add_plan(plan)
        self.items.plan = plan

    def add_alias(self, alias: Alias) -> None:
        """Keep another name of an item."""
        alias.changed_ms = self.stock_clock.now_ms()
        self.aliases_by_name[alias.name].append(alias)
        self.aliases_of_item[alias.item_number].append(alias)

    def add_batch(self, batch: Batch) -> None:
        """Keep a new batch order."""
        self.batches[batch.number] = batch
        self.batches_of_customer[batch.entered["CUNO"]][batch.number] = batch
        self.open_batches_of_customer[batch.entered["CUNO"]][batch.number] = batch
        self.batches_by_reference[batch.customer_reference].append(batch)

    def delete_batch(self, batch: Batch) -> None:
        """Forget a batch order that made no order."""
        del self.batches[batch.number]
        del self.batches_of_customer[batch.entered["CUNO"]][batch.number]
        del self.open_batches_of_customer[batch.entered["CUNO"]][batch.number]
        self.batches_by_reference[batch.customer_reference].remove(batch)
        for key in batch.lines:
            self.batch_index.put((batch.number, *key), None)

    def close_batch(self, batch: Batch, *, order_number: str) -> None:
        """Mark a batch order as having become an order."""
        batch.order_number = order_number
        batch.status = BatchStatus.ORDER_CREATED
        batch.confirming = False
        batch.errors.clear()
        del self.open_batches_of_customer[batch.entered["CUNO"]][batch.number]
        self.index_batch(batch)

    def index_batch(self, batch: Batch) -> None:
        """Let the search engine see the batch order's lines as they are now.

        A batch order without lines is not found by a search for batch lines.
        """
        head = {name: batch.entered.get(name, "") for name in ("FACI", "CUNO", "CUOR", "WHLO")}
        head |= {
            "ORNO": batch.number,
            "ORNR": batch.order_number,
            "STAT": batch.status,
            "BQLY": "A",  # source of a batch order made through the API (OIS278)
            "RGDT": date_text(batch.created_at),
        }
        for key, line in batch.lines.items():
            document: Row = {"PONR": str(key[0]), "POSX": str(key[1]), **head}
            document |= {name: line.entered.get(name, "") for name in ("ITNO", "CUPO")}
            self.batch_index.put((batch.number, *key), document)

    def add_order(self, order: Order) -> None:
        """Keep a new customer order."""
        self.orders[order.number] = order
        self.orders_of_customer[order.customer_number][order.number] = order
        self.orders_by_reference[order.customer_reference].append(order)
        self.index_order(order)

    def delete_order(self, order: Order) -> None:
        """Take an order out of everything a transaction can see."""
        order.deleted = True
        del self.orders[order.number]
        del self.orders_of_customer[order.customer_number][order.number]
        self.unfinished_orders.pop(order.number, None)
        self.order_index.put(order.number, None)

    def index_order(self, order: Order) -> None:
        """Let the search engine see the order as it is now."""
        lowest, highest = order.status_range
        if lowest in ("77", "99"):
            self.unfinished_orders.pop(order.number, None)
        else:
            self.unfinished_orders[order.number] = order
        document = {name: order.entered.get(name, "") for name in ORDER_SEARCH_FIELDS}
        document |= {"ORNO": order.number, "ORSL": lowest, "ORST": highest}
        self.order_index.put(order.number, document)

    def _search_index(self, fields: tuple[str, ...], keyed: tuple[str, ...]) -> SearchIndex:
        return SearchIndex(self.clock, lambda: self.search_lag_seconds, fields=fields, keyed=keyed)

    def _load_master_data(self) -> None:
        self.warehouses = master_data.WAREHOUSES
        self.customers: dict[str, Customer] = {}
        self.customers_by_search_key: list[tuple[str, str]] = []  # ALCU, CUNO; sorted
        self.items = ItemCatalog()
        self.stock = Stock(self.warehouses, lambda: self.stock_clock.now_ms())
        self.aliases_by_name: dict[str, list[Alias]] = defaultdict(list)
        self.aliases_of_item: dict[str, list[Alias]] = defaultdict(list)
        self.charge_codes = dict(master_data.CHARGE_CODES)
        self.rates: dict[tuple[str, int], dict[str, Decimal]] = {  # CUCD, CRTP; by CUTD
            (currency, master_data.RATE_TYPE): dict(rates)
            for currency, rates in master_data.RATES.items()
        }
        created_at = self.now()
        for customer in master_data.customers(created_at):
            self.add_customer(customer)
        for item, stock in master_data.items(created_at):
            self.add_item(item, stock=stock)
        for alias in master_data.aliases():
            self.add_alias(alias)
