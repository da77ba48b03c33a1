"""What is listed and how much of it each ship node has: a million SKUs in arrays.

A listing is a row. Rows of planned listings come first and need no index, since number and SKU
follow from each other (`simulators.world`); the others are found by name.
"""

from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from random import Random

from simulators.walmart.sellable import Sellable
from simulators.world import (
    CLOSED_SHIP_NODE,
    MOST_PLANNED,
    SHIP_NODES,
    UNKNOWN_SHIP_NODE,
    planned_number,
    planned_sku,
)

ACTIVE, INACTIVE = "ACTIVE", "INACTIVE"
NOT_STOCKED = -1
MOST_PLANNED_AMOUNT = 100
LARGEST_AMOUNT = 999_999_999


@dataclass(frozen=True, kw_only=True)
class NodeQuantities:
    """What one ship node has of one SKU."""

    ship_node: str
    input: int  # what the seller said last
    reserved: int  # ordered since then, or not closed yet

    @property
    def available(self) -> int:
        """Return what can still be sold."""
        return max(0, self.input - self.reserved)


class NodeStock:
    """The stock of one ship node, a place per listing."""

    def __init__(self, ship_node: str, name: str, status: str = ACTIVE) -> None:
        self.ship_node = ship_node
        self.name = name
        self.status = status
        self.sellable = Sellable()  # rows with something to sell
        self._input = array("i")
        self._reserved = array("i")
        self._number = array("q")  # of the last push that took effect
        self._effect_at = array("d")  # epoch seconds on the wall

    def clear(self) -> None:
        """Forget all stock."""
        for column in (self._input, self._reserved, self._number, self._effect_at):
            del column[:]
        self.sellable.clear()

    def fill(self, amounts: Sequence[int]) -> None:
        """Take over the stock of the first rows."""
        self.clear()
        self._input.extend(amounts)
        self._reserved.frombytes(bytes(len(amounts) * self._reserved.itemsize))
        self._number.frombytes(bytes(len(amounts) * self._number.itemsize))
        self._effect_at.frombytes(bytes(len(amounts) * self._effect_at.itemsize))
        self.sellable.fill(row for row, amount in enumerate(amounts) if amount > 0)

    def of(self, row: int) -> NodeQuantities | None:
        """Return the quantities of a listing, or None where the node never had any."""
        if row >= len(self._input) or self._input[row] == NOT_STOCKED:
            return None
        return NodeQuantities(
            ship_node=self.ship_node, input=self._input[row], reserved=self._reserved[row]
        )

    def available(self, row: int) -> int:
        """Return what can be sold of a listing."""
        return max(0, self._input[row] - self._reserved[row]) if row < len(self._input) else 0

    def set(self, row: int, amount: int) -> None:
        """Let the seller's word count from now on; what was ordered before is in it."""
        self._reach(row)
        self._reserved[row] = 0
        self.set_input(row, amount)

    def set_input(self, row: int, amount: int) -> None:
        """Let the seller's word count from now on, less what is reserved."""
        self._reach(row)
        self._input[row] = amount
        self._note(row)

    def reserve(self, row: int, units: int) -> int:
        """Take units a buyer has ordered; return how many can still be sold."""
        self._reach(row)
        self._reserved[row] += units
        self._note(row)
        return self.available(row)

    def release(self, row: int, units: int) -> None:
        """Give back units that were reserved."""
        self._reach(row)
        self._reserved[row] = max(0, self._reserved[row] - units)
        self._note(row)

    def note_effect(self, row: int, number: int, at: float) -> int:
        """Keep which push took effect here last; return the one before it."""
        before = self._number[row]
        self._number[row], self._effect_at[row] = number, at
        return before

    def effect_at(self, row: int) -> float | None:
        """Return when a push last took effect here, or None."""
        return self._effect_at[row] or None

    def _reach(self, row: int) -> None:
        missing = row + 1 - len(self._input)
        if missing > 0:
            self._input.extend([NOT_STOCKED] * missing)
            self._reserved.extend([0] * missing)
            self._number.extend([0] * missing)
            self._effect_at.extend([0.0] * missing)

    def _note(self, row: int) -> None:
        if self.available(row) > 0:
            self.sellable.add(row)
        else:
            self.sellable.discard(row)


class Stock:
    """Listings and ship nodes of the account."""

    def __init__(self) -> None:
        self.nodes: dict[str, NodeStock] = {}
        self._planned = 0
        self._named: dict[str, int] = {}  # row by SKU
        self._names: list[str] = []
        self.reset()

    def reset(self) -> None:
        """Forget all listings, and the ship nodes that came with them."""
        self._planned = 0
        self._named.clear()
        self._names.clear()
        nodes = (
            *(NodeStock(node.ship_node, node.name) for node in SHIP_NODES.values()),
            NodeStock(CLOSED_SHIP_NODE, "Closed", INACTIVE),
            NodeStock(UNKNOWN_SHIP_NODE, "New"),
        )
        self.nodes = {node.ship_node: node for node in nodes}

    def __len__(self) -> int:
        return self._planned + len(self._names)

    @property
    def default_node(self) -> NodeStock:
        """Return the ship node that is meant when a request names none."""
        return next(iter(self.nodes.values()))

    @property
    def default_nodes(self) -> tuple[str, ...]:
        """Return where planned listings are stocked when nobody says where."""
        return tuple(SHIP_NODES)

    def plan(self, count: int, *, seed: int, nodes: list[str]) -> None:
        """List the planned items 1 to `count` instead of everything listed before.

        Args:
            count: how many.
            seed: of the amounts, 0 to 99.
            nodes: where they are stocked.

        Raises:
            ValueError: more than SKUs have digits for.
        """
        if not 0 <= count <= MOST_PLANNED:
            raise ValueError(f"count must lie between 0 and {MOST_PLANNED}")
        random = Random(seed)  # noqa: S311 - repeatable amounts
        self._planned = count
        self._named.clear()
        self._names.clear()
        for node in self.nodes.values():
            node.clear()
        for ship_node in nodes:
            drawn = random.randbytes(count)
            amounts = array("i", (byte * MOST_PLANNED_AMOUNT >> 8 for byte in drawn))
            self._node(ship_node).fill(amounts)

    def list_named(self, sku: str, quantities: Mapping[str, int]) -> None:
        """List one SKU with its stock by ship node, or give a listed one other stock.

        Raises:
            ValueError: a quantity that is none.
        """
        if not all(0 <= amount <= LARGEST_AMOUNT for amount in quantities.values()):
            raise ValueError(f"{sku}: quantities must lie between 0 and {LARGEST_AMOUNT}")
        row = self.row(sku)
        if row is None:
            row = self._named[sku] = len(self)
            self._names.append(sku)
        for ship_node, amount in quantities.items():
            self._node(ship_node).set(row, amount)

    def row(self, sku: str) -> int | None:
        """Return the row of a SKU, or None when it is not listed."""
        number = planned_number(sku)
        if number is not None and 1 <= number <= self._planned:
            return number - 1
        return self._named.get(sku)

    def sku(self, row: int) -> str:
        """Return the SKU of a row."""
        return planned_sku(row + 1) if row < self._planned else self._names[row - self._planned]

    def quantities(self, row: int) -> Iterator[NodeQuantities]:
        """Yield what each ship node that ever had any has of a listing."""
        for node in self.nodes.values():
            if (quantities := node.of(row)) is not None:
                yield quantities

    def draw(self, random: Random) -> tuple[NodeStock, int] | None:
        """Return a ship node and a row with something to sell, each as likely, or None."""
        place = random.randrange(sum(len(node.sellable) for node in self.nodes.values()) or 1)
        for node in self.nodes.values():
            if place < len(node.sellable):
                return node, node.sellable.at(place)
            place -= len(node.sellable)
        return None

    def _node(self, ship_node: str) -> NodeStock:
        """Return a ship node; one nobody knew is opened."""
        return self.nodes.setdefault(ship_node, NodeStock(ship_node, f"Node {ship_node}"))
