"""Amounts of money: Decimal with a currency, never float."""

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, kw_only=True)
class Money:
    """An amount in one currency. Adding two currencies is refused."""

    amount: Decimal
    currency: str  # ISO 4217

    def __add__(self, other: "Money") -> "Money":
        if other.currency != self.currency:
            raise ValueError(f"cannot add {other.currency} to {self.currency}")
        return Money(amount=self.amount + other.amount, currency=self.currency)

    def times(self, quantity: int) -> "Money":
        """Return this amount `quantity` times."""
        return Money(amount=self.amount * quantity, currency=self.currency)

    def __str__(self) -> str:
        return f"{self.amount:f} {self.currency}"


def zero(currency: str) -> Money:
    """Return no money, in `currency`."""
    return Money(amount=Decimal(0), currency=currency)
