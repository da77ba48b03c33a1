"""The items of the tenant: those somebody entered, and the planned ones, made when asked for."""

from simulators.m3.planned import PlannedItems
from simulators.m3.records import Item


class ItemCatalog(dict[str, Item]):
    """Items by number. A planned item is not kept until it is assigned, as one that changed."""

    plan: PlannedItems | None = None

    def __missing__(self, number: str) -> Item:
        if self.plan is not None and (n := self.plan.find(number)):
            return self.plan.item(n)
        raise KeyError(number)

    def __contains__(self, number: object) -> bool:
        return super().__contains__(number) or (
            self.plan is not None and isinstance(number, str) and self.plan.find(number) > 0
        )
