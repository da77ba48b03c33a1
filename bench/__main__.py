"""What the product does, beside what the same machine can do.

`make bench` prints ratios of one run; absolute figures say more about the machine than about us.
"""

import argparse
import asyncio
import json
import sys
from dataclasses import asdict

from bench import inventory, orders


def main() -> None:
    """Measure one thing, or what `make bench` shows, and print it as JSON."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("what", nargs="?", choices=["orders", "inventory"])
    parser.add_argument("--orders", type=int, default=200, help="orders for the throughput")
    parser.add_argument("--seconds", type=int, default=30, help="length of the latency run")
    parser.add_argument("--items", type=int, default=1_000_000, help="balances to be compared")
    wish = parser.parse_args()
    figures: dict[str, object] = {}
    if wish.what in (None, "inventory"):
        figures["inventory"] = asdict(inventory.measure(wish.items))
    if wish.what in (None, "orders"):
        figures["orders"] = asdict(asyncio.run(orders.measure(wish.orders, wish.seconds)))
    sys.stdout.write(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main()
