"""Every class of activities a worker has."""

from activities.corrections import CorrectionActivities
from activities.customers import CustomerActivities
from activities.feed_sending import FeedActivities
from activities.inventory import InventoryActivities
from activities.invoices import InvoiceActivities
from activities.listings import ListingActivities
from activities.order_changes import OrderChangeActivities
from activities.order_entry import OrderEntryActivities
from activities.order_review import ReviewActivities
from activities.orders import OrderActivities
from activities.sending import SendingActivities
from activities.shipments import ShipmentActivities
from activities.sweeps import SweepActivities
from activities.take_back import TakeBackActivities

OWNERS = (
    CorrectionActivities,
    CustomerActivities,
    FeedActivities,
    InventoryActivities,
    InvoiceActivities,
    ListingActivities,
    OrderActivities,
    OrderChangeActivities,
    OrderEntryActivities,
    ReviewActivities,
    SendingActivities,
    ShipmentActivities,
    SweepActivities,
    TakeBackActivities,
)
